"""A block of consecutive steps as the journal contains it: tables of dense columns, and rare things as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.journal import codec
from alpha_pulse.journal.layout import EARLIER, JournalLayout, LaterLayoutError, current_layout, read_layout
from alpha_pulse.journal.rows import Row, from_row, to_row
from alpha_pulse.kernels.session.layout import SCORED_LABEL
from alpha_pulse.stores.base import RECOVERY_HINT, Block, Store

Tables = Mapping[str, NDArray[Any]]


class JournalBlock(msgspec.Struct, frozen=True):
    """Consecutive steps of a run: either slices, or one step with commands.

    ``layout`` is that of this program. ``stored`` is the one in the store, if an earlier version of the program wrote the
    block: columns that it has not are 0, or NaN, and are not compared with those of a replay.

    ``first_seq`` and ``steps`` are the number of its first step and how many there are; ``first_ts`` and ``last_ts`` the market
    time of its first and last step, ns. ``tables`` are those of `alpha_pulse.journal.layout`, empty for commands; ``rows`` are
    those of `alpha_pulse.journal.rows`, by table, in the order of ``(seq, position)``.
    """

    layout: JournalLayout
    first_seq: int
    steps: int
    first_ts: int
    last_ts: int
    tables: Tables
    rows: dict[str, list[Row]]
    stored: JournalLayout | None = None

    def column(self, table: str, name: str) -> NDArray[Any]:
        """One column of a table."""
        column: NDArray[Any] = self.tables[table][:, self.layout.places[table][name]]
        return column

    def structs(self, table: str) -> Iterator[tuple[int, Any]]:
        """The rows of a table as (step, struct), in order."""
        return ((int(row[0]), from_row(table, row)) for row in self.rows.get(table, ()))  # type: ignore[arg-type]


class Journal(Protocol):
    """Where blocks of steps are committed."""

    @property
    def next_seq(self) -> int:
        """The number of the next step."""
        ...

    def append(self, block: JournalBlock) -> None:
        """Commit a block."""
        ...


class StoreJournal:
    """The journal in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def next_seq(self) -> int:
        """The number of the next step."""
        return self._store.head[0] + 1

    def append(self, block: JournalBlock) -> None:
        """Commit a block. Raises StoreError as `alpha_pulse.stores.base.Store.append` does."""
        self._store.append(encode_block(block))


class RowCollector:
    """Collects rows by table; their positions within a step are in the order in which they are added."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self._newest: dict[str, tuple[int, int]] = {}

    def position(self, table: str, seq: int) -> int:
        """The position of the next row of a step. Rows of a table are added in the order of their steps."""
        before, position = self._newest.get(table, (-1, 0))
        position = position + 1 if before == seq else 0
        self._newest[table] = seq, position
        return position

    def add(self, table: str, seq: int, struct: msgspec.Struct) -> None:
        """Add the row of a struct."""
        self.rows.setdefault(table, []).append(to_row(seq, self.position(table, seq), table, struct))


def encode_block(block: JournalBlock) -> Block:
    """The block as a store keeps it."""
    columns = codec.encode(block.layout.tables, block.tables) if block.tables else b""
    rows = {table: block.rows[table] for table in sorted(block.rows)}
    last = block.first_seq + block.steps - 1
    return Block(last, block.steps, block.first_ts, block.last_ts, block.layout.text, columns, rows)


class _Layouts:
    """By its text, a stored layout and that of this program for it; a store has few."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[JournalLayout, JournalLayout]] = {}

    def of(self, text: str) -> tuple[JournalLayout, JournalLayout]:
        if text not in self._known:
            stored = read_layout(text)
            self._known[text] = stored, current_layout(stored)
        return self._known[text]


def decode_block(stored: Block, layouts: _Layouts | None = None) -> JournalBlock:
    """The columns and rows of a stored block.

    Raises
    ------
    StateError
        The columns are damaged, do not fit their layout, or have that of a later version of this program.
    """
    first = stored.seq - stored.steps + 1
    try:
        written, layout = (layouts or _Layouts()).of(stored.layout)
        tables = codec.decode(written.tables, stored.columns) if stored.columns else {}
        if layout is not written and tables:
            tables = _arranged(tables, written, layout)
    except LaterLayoutError as error:
        raise StateError(f"journal step {first} cannot be read: {error}; read it with the version that wrote it") from None
    except (StateError, msgspec.DecodeError) as error:
        raise StateError(f"journal step {first} cannot be read: {error}; {RECOVERY_HINT}") from None
    before = None if layout is written else written
    return JournalBlock(layout, first, stored.steps, stored.first_ts, stored.last_ts, tables, stored.rows, before)


def _arranged(tables: Tables, written: JournalLayout, layout: JournalLayout) -> dict[str, NDArray[Any]]:
    """The columns of ``layout``, by name from those that were written; 0 or NaN where they were not."""
    arranged: dict[str, NDArray[Any]] = {}
    rows = {"slices": len(tables["slices"]), "earlier": len(tables["earlier"])}
    for table in layout.tables:
        shape = rows.get(table.name, len(tables["codes"])), len(table.columns)
        values: NDArray[Any] = np.zeros(shape, np.int64) if table.encoding == "integers" else np.full(shape, np.nan)
        places = written.places.get(table.name, {})
        for place, name in enumerate(table.columns):
            if name in places:
                values[:, place] = tables[table.name][:, places[name]]
        arranged[table.name] = values
    return arranged


def decode_blocks(stored: Iterable[Block]) -> Iterator[JournalBlock]:
    """The columns and rows of stored blocks. Raises StateError as `decode_block` does, and as reading the blocks does."""
    layouts = _Layouts()
    return (decode_block(block, layouts) for block in stored)


def decoded_blocks(store: Store, from_seq: int = 0) -> Iterator[JournalBlock]:
    """The blocks of a store, from the one that contains step ``from_seq`` on. Raises StateError as `Store.blocks` does."""
    return decode_blocks(store.blocks(from_seq))


def first_difference(expected: JournalBlock, made: JournalBlock) -> JournalBlock | None:
    """The first step of ``expected`` that differs in a block of equally many steps; None where the blocks are equal."""
    if _equal(expected, made):
        return None
    for step in range(expected.steps):
        if not _equal(of_step := part(expected, step, step + 1), part(made, step, step + 1)):
            return of_step
    return part(expected, 0, 1)


def pieces(block: JournalBlock, first: int, most: int, stops: Iterable[int] = ()) -> Iterator[JournalBlock]:
    """The steps of a block from step ``first`` on, in parts of at most ``most`` steps that also end after each of ``stops``."""
    ends = sorted({stop + 1 - block.first_seq for stop in stops} | {block.steps})
    start = max(0, first - block.first_seq)
    while start < block.steps:
        end = min(start + most, next(end for end in ends if end > start))
        yield part(block, start, end)
        start = end


def _equal(first: JournalBlock, second: JournalBlock) -> bool:
    if (first.first_ts, first.last_ts, first.rows) != (second.first_ts, second.last_ts, second.rows):
        return False
    if first.layout != second.layout or set(first.tables) != set(second.tables):
        return False
    if first.stored is None or not first.tables:
        return all(_same(first.tables[name], second.tables[name]) for name in first.tables)
    columns = [(table.name, name) for table in first.stored.tables for name in table.columns]
    known = all(name in second.layout.places.get(table, {}) for table, name in columns)
    return known and all(_same(first.column(*each), second.column(*each)) for each in columns)


def _same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return np.ascontiguousarray(first).tobytes() == np.ascontiguousarray(second).tobytes()


def part(block: JournalBlock, first: int, last: int) -> JournalBlock:
    """The steps ``first`` up to ``last`` of a block, counted from 0, as a block of its own."""
    if first == 0 and last == block.steps:
        return block
    seqs = range(block.first_seq + first, block.first_seq + last)
    rows = {table: [row for row in rows if row[0] in seqs] for table, rows in block.rows.items()}
    tables = _part_of_tables(block, first, last)
    times = tables["slices"][:, block.layout.places["slices"]["ts_event_ns"]]
    return JournalBlock(
        block.layout, seqs.start, last - first, int(times[0]), int(times[-1]), tables,
        {table: rows for table, rows in rows.items() if rows}, block.stored,
    )  # fmt: skip


def _part_of_tables(block: JournalBlock, first: int, last: int) -> dict[str, NDArray[Any]]:
    """The tables of some slices."""
    slice_at, row_at = block.layout.places["codes"]["slice"], block.layout.places["earlier"]["row"]
    slices = block.tables["codes"][:, slice_at]
    chosen = np.flatnonzero((slices >= first) & (slices < last))
    tables = {name: table[chosen] for name, table in block.tables.items() if name not in ("slices", "earlier")}
    tables["codes"][:, slice_at] -= first
    tables["slices"] = block.tables["slices"][first:last]
    earlier = block.tables["earlier"]
    kept = earlier[np.isin(earlier[:, row_at].astype(np.int64), chosen)]
    tables["earlier"] = np.concatenate([kept, _became_earlier(block, chosen)])
    rows = tables["earlier"][:, row_at].astype(np.int64)
    symbols = block.tables["codes"][rows, block.layout.places["codes"]["symbol"]]
    order = np.lexsort((rows, tables["earlier"][:, block.layout.places["earlier"]["target"]], symbols))
    tables["earlier"] = tables["earlier"][order]
    tables["earlier"][:, row_at] = np.searchsorted(chosen, rows[order])
    return tables


def _became_earlier(block: JournalBlock, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rows for ``earlier``: the labels of some rows whose predictions are in the block, but not in these rows."""
    places, earlier = block.layout.places, block.tables["earlier"]
    codes, probabilities, numbers = (block.tables[name] for name in ("codes", "probabilities", "numbers"))
    known = {(int(row), int(target)) for row, target in earlier[:, :2]}
    symbols, starts = np.unique(codes[chosen, places["codes"]["symbol"]], return_index=True)
    first_of = dict(zip(symbols.tolist(), chosen[starts].tolist(), strict=True))
    found = []
    for number, target in enumerate(block.layout.targets):
        status, first = codes[:, places["codes"][f"{target.name}.status"]], places["probabilities"][f"{target.name}.online"]
        of_members = [places["probabilities"][f"{target.name}.{name}.probability"] for name in target.challengers]
        absent = [np.nan] * (earlier.shape[1] - len(EARLIER) - len(of_members))
        for row in chosen[status[chosen] == SCORED_LABEL].tolist():
            origin = row - target.horizon
            if (row, number) not in known and origin < first_of[int(codes[row, places["codes"]["symbol"]])]:
                raw = numbers[origin, places["numbers"][f"{target.name}.raw_online"]]
                further = [*probabilities[origin, of_members], *absent]
                found.append([row, number, *probabilities[origin, first : first + 6], raw, *further])
    return np.array(found).reshape(-1, earlier.shape[1])
