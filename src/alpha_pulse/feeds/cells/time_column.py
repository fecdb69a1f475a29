"""Which column of a table holds the times of its bars."""

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


def unambiguous_column(table: Table, places: Sequence[int], ours: str) -> int:
    """The column that is meant. Raises DataError where only capitals tell two apart."""
    pair = ambiguous_pair(table.header, places, ours)
    if pair is not None and pair[0] == pair[1]:
        raise DataError(f"{table.where} has the column {pair[0]!r} more than once; keep one")
    if pair is not None:
        raise DataError(f"{table.where} has the columns {pair[0]} and {pair[1]}, of which either could be {ours}; rename one")
    return places[0]


def time_places(table: Table, found: dict[str, list[int]]) -> dict[str, int]:
    """Where the time stands: the open's before others, one in UTC before local ones, a number since 1970 before text, a time
    before a day, and a day beside its time of the day.

    An unnamed column is taken for the time where no other is one, as pandas writes an index.

    Raises
    ------
    DataError
        Two columns differ, and nothing tells which of them is meant.
    """
    named = list(dict.fromkeys(found.get("ts", []) + found.get("clock", [])))
    unnamed = [place for place, name in enumerate(table.header) if not name.strip() or name.lower().startswith("unnamed: ")]
    exact = [place for place in named if table.header[place] == "ts"]
    if exact:
        return {"ts": unambiguous_column(table, exact, "ts")}
    kinds = {place: _time_kind(table, place) for place in [*named, *unnamed]}
    if chosen := [place for place in named if kinds[place] in ("epoch", "time")]:
        return {"ts": _choose_whole_time(table, chosen, kinds)}
    clock = [place for place in named if kinds[place] == "clock"]
    days = [place for place in named if kinds[place] == "day"]
    if not days and len(clock) > 1:  # 240102 may be a time of the day, too
        days = [place for place in clock if plain(table.header[place]) in _DAYS]
        clock = [place for place in clock if place not in days]
    if days:
        day = unambiguous_column(table, days, "ts")
        end = [place for place in found.get("ts_end", []) if _time_kind(table, place) in ("epoch", "time")]
        if not clock and end and _all_equal(table, day):
            return {"ts_end": end[0]}
        return {"ts": day, "clock": clock[0]} if clock else {"ts": day}
    if chosen := [place for place in unnamed if kinds[place] in ("epoch", "time", "day")]:
        return {"ts": chosen[0]}
    if found.get("ts_end"):
        return {"ts_end": found["ts_end"][0]}
    return {"ts": named[0]} if named else {}


def _choose_whole_time(table: Table, places: Sequence[int], kinds: dict[int, str]) -> int:
    """The column that is meant of those that hold whole times."""
    opens = [place for place in places if plain(table.header[place]) in OPEN_TIME_NAMES]
    epochs = [place for place in places if kinds[place] == "epoch"]
    utc = [place for place in places if {"utc", "gmt"} & set(plain(table.header[place]).split("_"))]
    if opens or epochs:
        return unambiguous_column(table, opens or epochs, "ts")
    best = unambiguous_column(table, utc or places, "ts")
    for other in places:
        if not utc and (at := _first_difference(table, best, other)) is not None:
            names = [table.header[place].strip() for place in (best, other)]
            cells = [shown(table.sample[at][place].strip()) for place in (best, other)]
            raise DataError(
                f"{table.where}, row {at + 1}: column '{names[0]}' is {cells[0]} and column '{names[1]}' is {cells[1]}, "
                "of which either could be ts; rename the one that is meant to ts"
            )
    return best


def _first_difference(table: Table, one: int, two: int) -> int | None:
    """The first row in which two columns hold different times, as far as these say; None where there is none."""

    def bare(cell: str) -> str:
        return cell.strip().replace("T", " ").removesuffix("Z").removesuffix("+00:00").removesuffix(".000")

    return next((at for at, row in enumerate(table.sample) if bare(row[one]) != bare(row[two])), None)


def _all_equal(table: Table, place: int) -> bool:
    return len(table.sample) > 1 and len({row[place] for row in table.sample}) == 1


def _time_kind(table: Table, place: int) -> str:
    """``epoch``, ``time``, ``day``, ``clock``, or empty where a column holds no times."""
    cells = [row[place].strip() for row in table.sample if not is_missing(row[place])]
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
