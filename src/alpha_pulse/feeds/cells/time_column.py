"""Finds the column of a table that contains the times of its bars."""

from __future__ import annotations

from collections.abc import Sequence

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.cells.cells import is_missing, is_time
from alpha_pulse.feeds.cells.column_names import OPEN_TIME_NAMES, ambiguous_pair, plain
from alpha_pulse.feeds.cells.headerless import is_epoch_number
from alpha_pulse.feeds.cells.time_text import CLOCK_ONLY
from alpha_pulse.feeds.tables import Table

_DAYS = ("date", "day", "trade_date", "trading_day", "datum", "fecha", "data")


def unambiguous_column(table: Table, indices: Sequence[int], ours: str) -> int:
    """The best of the candidate columns. Raises DataError if two differ only in case or punctuation."""
    pair = ambiguous_pair(table.header, indices, ours)
    if pair is not None and pair[0] == pair[1]:
        raise DataError(f"{table.where} has the column {pair[0]!r} more than once; keep one")
    if pair is not None:
        raise DataError(f"{table.where} has the columns {pair[0]} and {pair[1]}, and either could be {ours}; rename one")
    return indices[0]


def time_indices(table: Table, candidates: dict[str, list[int]]) -> dict[str, int]:
    """The columns of times. The time of the open is preferred, UTC to local times, numbers since 1970 to text, and a time to a
    day. A day is combined with a column of the time of day.

    An unnamed column, as pandas writes an index, is used where no other contains times.

    Raises
    ------
    DataError
        Two columns contain different times, and neither name decides between them.
    """
    named = list(dict.fromkeys(candidates.get("ts", []) + candidates.get("clock", [])))
    unnamed = [index for index, name in enumerate(table.header) if not name.strip() or name.lower().startswith("unnamed: ")]
    exact = [index for index in named if table.header[index] == "ts"]
    if exact:
        return {"ts": unambiguous_column(table, exact, "ts")}
    kinds = {index: _time_kind(table, index) for index in [*named, *unnamed]}
    if chosen := [index for index in named if kinds[index] in ("epoch", "time")]:
        return {"ts": _choose_whole_time(table, chosen, kinds)}
    clock = [index for index in named if kinds[index] == "clock"]
    days = [index for index in named if kinds[index] == "day"]
    if not days and len(clock) > 1:  # 240102 may also be a time of day
        days = [index for index in clock if plain(table.header[index]) in _DAYS]
        clock = [index for index in clock if index not in days]
    if days:
        day = unambiguous_column(table, days, "ts")
        end = [index for index in candidates.get("ts_end", []) if _time_kind(table, index) in ("epoch", "time")]
        if not clock and end and _all_equal(table, day):
            return {"ts_end": end[0]}
        return {"ts": day, "clock": clock[0]} if clock else {"ts": day}
    if chosen := [index for index in unnamed if kinds[index] in ("epoch", "time", "day")]:
        return {"ts": chosen[0]}
    if candidates.get("ts_end"):
        return {"ts_end": candidates["ts_end"][0]}
    return {"ts": named[0]} if named else {}


def _choose_whole_time(table: Table, indices: Sequence[int], kinds: dict[int, str]) -> int:
    """The preferred one of the columns that contain complete times."""
    opens = [candidate for candidate in indices if plain(table.header[candidate]) in OPEN_TIME_NAMES]
    epochs = [candidate for candidate in indices if kinds[candidate] == "epoch"]
    utc = [candidate for candidate in indices if {"utc", "gmt"} & set(plain(table.header[candidate]).split("_"))]
    if opens or epochs:
        return unambiguous_column(table, opens or epochs, "ts")
    best = unambiguous_column(table, utc or indices, "ts")
    for other in indices:
        if not utc and (index := _first_difference(table, best, other)) is not None:
            names = [table.header[candidate].strip() for candidate in (best, other)]
            cells = [shown(table.sample[index][candidate].strip()) for candidate in (best, other)]
            raise DataError(
                f"{table.where}, row {index + 1}: column '{names[0]}' is {cells[0]} and column '{names[1]}' is {cells[1]}, "
                "and either could be ts; rename the right one to ts"
            )
    return best


def _first_difference(table: Table, first: int, second: int) -> int | None:
    """The first row in which two columns contain different times; None where there is none."""

    def bare(cell: str) -> str:
        return cell.strip().replace("T", " ").removesuffix("Z").removesuffix("+00:00").removesuffix(".000")

    return next((index for index, row in enumerate(table.sample) if bare(row[first]) != bare(row[second])), None)


def _all_equal(table: Table, index: int) -> bool:
    return len(table.sample) > 1 and len({row[index] for row in table.sample}) == 1


def _time_kind(table: Table, index: int) -> str:
    """``epoch``, ``time``, ``day``, ``clock``, or empty where a column does not contain times."""
    cells = [row[index].strip() for row in table.sample if not is_missing(row[index])]
    if not cells:
        return ""
    count = {"epoch": 0, "time": 0, "day": 0, "clock": 0}
    for cell in cells:
        if is_epoch_number(cell):
            count["epoch"] += 1
        elif CLOCK_ONLY.match(cell) or (cell.isdigit() and len(cell) <= 6):
            count["clock"] += 1
        elif is_time(cell):
            count["time" if ":" in cell or len(cell) > 12 else "day"] += 1
    kind = max(count, key=lambda each: count[each])
    return kind if 2 * count[kind] > len(cells) else ""
