"""Joins the rows of several tables into one set of bars and applies the rule for duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.arrays import Floats, Integers
from alpha_pulse.feeds.cells.rows import TableRows
from alpha_pulse.feeds.market_data import Duplicates
from alpha_pulse.feeds.notes import PLACES, Note, show_time
from alpha_pulse.feeds.option_names import option
from alpha_pulse.feeds.refusals import NAMED, also_refused, row_beside


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of several tables; within a symbol, time increases.

    ``table_index`` is the index of each bar's table in ``tables``, ``row_number`` its row there. ``ends`` are None unless all
    tables have them.
    """

    names: tuple[str, ...]
    code: Integers
    ts: Integers
    ends: Integers | None
    numbers: dict[str, Floats]
    table_index: Integers
    row_number: Integers
    tables: tuple[TableRows, ...]

    def origin(self, index: int) -> tuple[str, Mapping[str, str]]:
        """The file and row of a bar, and the file's names of our columns."""
        rows = self.tables[int(self.table_index[index])]
        names = {ours: rows.choice.name(rows.table, ours) for ours in rows.choice.indices}
        names["ts"] = rows.choice.time_name(rows.table)
        return f"{rows.table.where}, row {self.row_number[index]}", names


def join(tables: Sequence[TableRows], starts: Sequence[Integers], duplicates: Duplicates) -> tuple[Joined, list[Note]]:
    """Join tables whose rows are in order.

    Parameters
    ----------
    starts
        For each table the start of each bar (ns).

    Raises
    ------
    DataError
        Two rows have one symbol and time, and ``duplicates`` is ``refuse``.
    """
    names, codes = symbol_codes(tables)
    notes: list[Note] = []
    numbers = [
        "open",
        "high",
        "low",
        "close",
        *(name for name in ("volume", "bid_close", "ask_close") if _all_have(tables, name, notes)),
    ]
    ends = [rows.ends for rows in tables if rows.ends is not None]
    joined = Joined(
        names=names,
        code=_concatenate(codes),
        ts=_concatenate(starts),
        ends=_concatenate(ends) if len(ends) == len(tables) else None,
        numbers={name: _concatenate([rows.numbers[name] for rows in tables]) for name in numbers},
        table_index=np.repeat(np.arange(len(tables)), [len(rows.row_numbers) for rows in tables]),
        row_number=_concatenate([rows.row_numbers for rows in tables]),
        tables=tuple(tables),
    )
    order = _order(joined)
    if order is not None:
        joined = _pick(joined, order)
        joined, duplicate_notes = _drop_duplicates(joined, duplicates)
        notes += duplicate_notes
    return joined, notes


def symbol_codes(tables: Sequence[TableRows]) -> tuple[tuple[str, ...], list[Integers]]:
    """The sorted symbols of all tables, and for each table the index of each row's symbol among them."""
    names = tuple(sorted({name for rows in tables for name in rows.names}))
    place = {name: index for index, name in enumerate(names)}
    return names, [np.array([place[name] for name in rows.names], dtype=np.int64)[rows.code] for rows in tables]


def _concatenate(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _all_have(tables: Sequence[TableRows], name: str, notes: list[Note]) -> bool:
    having = [rows for rows in tables if name in rows.numbers]
    if having and len(having) < len(tables):
        lacking = next(rows for rows in tables if name not in rows.numbers)
        text = f"{lacking.table.where} has no {name}, so the {name} of the other files is not used"
        notes.append(Note(kind="missing_column", text=text, count=len(tables) - len(having), places=(lacking.table.where,)))
    return len(having) == len(tables)


def _order(joined: Joined) -> Integers | None:
    """The order by symbol and time; None where each symbol's time already increases."""
    by_symbol = np.argsort(joined.code, kind="stable") if len(joined.names) > 1 else np.arange(len(joined.code))
    step = np.diff(joined.ts[by_symbol])
    same = np.diff(joined.code[by_symbol]) == 0
    if not (same & (step <= 0)).any():
        return None
    return np.lexsort((joined.row_number, joined.table_index, joined.ts, joined.code))


def _pick(joined: Joined, index: Integers) -> Joined:
    return msgspec.structs.replace(
        joined,
        code=joined.code[index],
        ts=joined.ts[index],
        ends=None if joined.ends is None else joined.ends[index],
        numbers={name: values[index] for name, values in joined.numbers.items()},
        table_index=joined.table_index[index],
        row_number=joined.row_number[index],
    )


def _drop_duplicates(joined: Joined, rule: Duplicates) -> tuple[Joined, list[Note]]:
    repeated = np.zeros(len(joined.ts), dtype=np.bool_)
    repeated[1:] = (np.diff(joined.ts) == 0) & (np.diff(joined.code) == 0)
    if not repeated.any():
        return joined, []
    if rule == "refuse":
        raise _duplicate_error(joined, np.flatnonzero(repeated))
    drop = repeated if rule == "first" else np.append(repeated[1:], False)
    count = int(drop.sum())
    places = tuple(joined.origin(int(index))[0] for index in np.flatnonzero(repeated)[:PLACES])
    row_numbers = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
    used = f"the {rule} one was used (option duplicates)"
    text = f"{row_numbers} the symbol and time of another row; {used}; the first is {places[0]}"
    note = Note(kind="duplicates", text=text, count=count, places=places)
    return _pick(joined, np.flatnonzero(~drop)), [note]


def _duplicate_error(joined: Joined, repeated: Integers) -> DataError:
    """The error about the duplicate that comes first in the files, with the number of the others."""
    index, *others = repeated[np.lexsort((joined.row_number[repeated], joined.table_index[repeated]))].tolist()
    where, names = joined.origin(index)
    start = show_time(int(joined.ts[index]))
    symbol = joined.names[int(joined.code[index])]
    same = all(values[index] == values[index - 1] for values in joined.numbers.values())
    before = (
        "in an earlier row"
        if joined.table_index[index] == joined.table_index[index - 1]
        else f"in {joined.origin(index - 1)[0]}"
    )
    numbers = "the same numbers" if same else "other numbers"
    return DataError(
        f"{where}: column '{names['ts']}' is {start}, which {symbol} has {before} with {numbers}; one bar for each symbol "
        f"and time is expected; choose one with {option('duplicates', 'first', 'last')}, or correct or drop the row"
        f"{also_refused(len(others), [row_beside(joined.origin(each)[0], where) for each in others[:NAMED]])}"
    )
