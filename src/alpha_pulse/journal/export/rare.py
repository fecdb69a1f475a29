"""The tables of rare rows: those of the views, which SQLite computes from the rows of a chunk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.journal.export.chunks import Chunk
from alpha_pulse.journal.export.columns import AHEAD, RARE, opening
from alpha_pulse.journal.export.opens import NO_TIME, Opens
from alpha_pulse.journal.export.values import Values, frame_of
from alpha_pulse.stores import schema
from alpha_pulse.stores.tables import TABLES
from alpha_pulse.stores.views import PREFIX, VIEWS, renew_views

_FORMAT = "%Y-%m-%dT%H:%M:%S%.9fZ"
_SESSION = re.compile(r"(.+)/[^/]+")


class RareRows:
    """Makes frames of the rare rows of chunks, which must come in order: rows need the units of their symbols."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        statements = schema.statements()
        for table in TABLES:
            self._db.execute(statements[table])
        renew_views(self._db)

    def close(self) -> None:
        """Release the memory."""
        self._db.close()

    @property
    def cash_decimals(self) -> int:
        """The decimals of cash, which are the same for all symbols; 0 before the first bar."""
        found = self._db.execute("SELECT cash_decimals FROM units LIMIT 1").fetchone()
        return 0 if found is None else int(found[0])

    def take(self, chunk: Chunk) -> dict[str, pl.DataFrame]:
        """The frames of the chunk's rows, by table."""
        for table in TABLES:
            if table != "units":
                self._db.execute(f"DELETE FROM {table}")
            rows = chunk.rows.get(table, [])
            places = ", ".join("?" * (2 + len(TABLES[table])))
            self._db.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        return {table: self._frame(table, chunk) for table in RARE}

    def _frame(self, table: str, chunk: Chunk) -> pl.DataFrame:
        first = int(chunk.steps[0])
        rows = self._db.execute(f"SELECT * FROM {PREFIX}{table} WHERE seq >= {first} ORDER BY seq, position").fetchall()
        names = ["seq", "position", *(column.name for column in VIEWS[table])]
        columns: dict[str, Values] = dict(zip(names, zip(*rows, strict=True) if rows else [[]] * len(names), strict=True))
        columns["known_at"] = chunk.times[np.searchsorted(chunk.steps, np.array(columns["seq"], np.int64))]
        symbols = _symbols(columns, len(rows))
        for column in VIEWS[table]:
            if column.kind == "time" and column.name != "known_at":
                columns[column.name] = _instants(columns[column.name])  # type: ignore[arg-type]
            if column.kind == "time" and column.name not in (*AHEAD, "known_at"):
                columns[opening(column.name)] = _opens(chunk.opens, symbols, columns[column.name])  # type: ignore[arg-type]
        columns["open_time"] = _opens(chunk.opens, symbols, columns["known_at"])  # type: ignore[arg-type]
        return frame_of(table, columns)


def _instants(texts: Sequence[str | None]) -> NDArray[np.int64]:
    """Times of a view in ns."""
    times = pl.Series(texts, dtype=pl.String).str.to_datetime(_FORMAT, time_unit="ns").cast(pl.Int64)
    return times.fill_null(int(NO_TIME)).to_numpy()


def _opens(opens: Opens, symbols: Sequence[str | None], times: NDArray[np.int64]) -> NDArray[np.int64]:
    known = times != NO_TIME
    return np.where(known, opens.of(symbols, np.where(known, times, 0)), NO_TIME)


def _symbols(columns: dict[str, Values], count: int) -> Sequence[str | None]:
    """The symbol of each row, or of its session."""
    if "symbol" in columns:
        return columns["symbol"]  # type: ignore[return-value]
    sessions: Sequence[str] = columns.get("session_id", ())  # type: ignore[assignment]
    found = [_SESSION.fullmatch(session) for session in sessions]
    return [None if match is None else match[1] for match in found] or [None] * count
