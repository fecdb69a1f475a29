"""The rows of several tables as one set of bars: joined by symbol, rows of one time by the rule for duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.arrays import Floats, Integers
from alpha_pulse.feeds.cells.rows import Rows
from alpha_pulse.feeds.market_data import Duplicates
from alpha_pulse.feeds.notes import PLACES, Note, show_time


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of several tables; within a symbol, time increases. ``piece`` is each bar's table, ``row`` its number there.

    ``ends`` are there where all tables have them.
    """

    names: tuple[str, ...]
    code: Integers
    ts: Integers
    ends: Integers | None
    numbers: dict[str, Floats]
    piece: Integers
    row: Integers
    pieces: tuple[Rows, ...]

    def origin(self, at: int) -> tuple[str, Mapping[str, str]]:
        """The file and row of a bar, and what the file calls our columns."""
        held = self.pieces[int(self.piece[at])]
        names = {ours: held.choice.name(held.table, ours) for ours in held.choice.places}
        names["ts"] = held.choice.time_name(held.table)
        return f"{held.table.where}, row {self.row[at]}", names


def join(pieces: Sequence[Rows], starts: Sequence[Integers], duplicates: Duplicates) -> tuple[Joined, list[Note]]:
    """Join tables whose rows are in order.

    Parameters
    ----------
    starts
        The start of each bar of each piece (ns).

    Raises
    ------
    DataError
        Two rows of one symbol and time, unless ``duplicates`` says which to take.
    """
    names, codes = symbol_codes(pieces)
    notes: list[Note] = []
    kept = [
        "open",
        "high",
        "low",
        "close",
        *(name for name in ("volume", "bid_close", "ask_close") if _all_have(pieces, name, notes)),
    ]
    ends = [held.ends for held in pieces if held.ends is not None]
    joined = Joined(
        names=names,
        code=_concatenate(codes),
        ts=_concatenate(starts),
        ends=_concatenate(ends) if len(ends) == len(pieces) else None,
        numbers={name: _concatenate([held.numbers[name] for held in pieces]) for name in kept},
        piece=np.repeat(np.arange(len(pieces)), [len(held.rows) for held in pieces]),
        row=_concatenate([held.rows for held in pieces]),
        pieces=tuple(pieces),
    )
    order = _order(joined)
    if order is not None:
        joined = _pick(joined, order)
        joined, told = _drop_duplicates(joined, duplicates)
        notes += told
    return joined, notes


def symbol_codes(pieces: Sequence[Rows]) -> tuple[tuple[str, ...], list[Integers]]:
    """The sorted symbols of all tables, and for each table the place of each row's symbol among them."""
    names = tuple(sorted({name for held in pieces for name in held.names}))
    place = {name: index for index, name in enumerate(names)}
    return names, [np.array([place[name] for name in held.names], dtype=np.int64)[held.code] for held in pieces]


def _concatenate(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _all_have(pieces: Sequence[Rows], name: str, notes: list[Note]) -> bool:
    having = [held for held in pieces if name in held.numbers]
    if having and len(having) < len(pieces):
        lacking = next(held for held in pieces if name not in held.numbers)
        text = f"{lacking.table.where} has no {name}, so that of the other files is not used"
        notes.append(Note(kind="lacking", text=text, count=len(pieces) - len(having), places=(lacking.table.where,)))
    return len(having) == len(pieces)


def _order(joined: Joined) -> Integers | None:
    """The order by symbol and time; None where each symbol's time increases as it stands."""
    by_symbol = np.argsort(joined.code, kind="stable") if len(joined.names) > 1 else np.arange(len(joined.code))
    step = np.diff(joined.ts[by_symbol])
    same = np.diff(joined.code[by_symbol]) == 0
    if not (same & (step <= 0)).any():
        return None
    return np.lexsort((joined.row, joined.piece, joined.ts, joined.code))


def _pick(joined: Joined, index: Integers) -> Joined:
    return msgspec.structs.replace(
        joined,
        code=joined.code[index],
        ts=joined.ts[index],
        ends=None if joined.ends is None else joined.ends[index],
        numbers={name: values[index] for name, values in joined.numbers.items()},
        piece=joined.piece[index],
        row=joined.row[index],
    )


def _drop_duplicates(joined: Joined, rule: Duplicates) -> tuple[Joined, list[Note]]:
    again = np.zeros(len(joined.ts), dtype=np.bool_)
    again[1:] = (np.diff(joined.ts) == 0) & (np.diff(joined.code) == 0)
    if not again.any():
        return joined, []
    if rule == "refuse":
        raise _duplicate_error(joined, np.flatnonzero(again))
    drop = again if rule == "first" else np.append(again[1:], False)
    count = int(drop.sum())
    places = tuple(joined.origin(int(at))[0] for at in np.flatnonzero(again)[:PLACES])
    rows = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
    text = f"{rows} the symbol and time of another, of which the {rule} was taken (--duplicates); the first is {places[0]}"
    note = Note(kind="duplicates", text=text, count=count, places=places)
    return _pick(joined, np.flatnonzero(~drop)), [note]


def _duplicate_error(joined: Joined, again: Integers) -> DataError:
    """About the one that comes first in the files."""
    at = int(again[np.lexsort((joined.row[again], joined.piece[again]))[0]])
    where, names = joined.origin(at)
    start = show_time(int(joined.ts[at]))
    symbol = joined.names[int(joined.code[at])]
    same = all(values[at] == values[at - 1] for values in joined.numbers.values())
    before = "in a row before" if joined.piece[at] == joined.piece[at - 1] else f"in {joined.origin(at - 1)[0]}"
    numbers = "the same numbers" if same else "other numbers"
    return DataError(
        f"{where}: column '{names['ts']}' is {start}, which {symbol} has {before} with {numbers}; one bar for each symbol "
        "and time is expected; take one of them with --duplicates first or last, or correct or drop the row"
    )
