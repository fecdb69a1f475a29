"""The tables of bars, features and equity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.journal.export.chunks import Chunk
from alpha_pulse.journal.export.values import Values, chosen, frame_of
from alpha_pulse.journal.layout import MASK_BITS, PRICES

Ints = NDArray[np.int64]


class Place(NamedTuple):
    """The step, the symbol and the times (ns) of some bars, and the numbers of their slices in the feed."""

    seq: Ints
    symbol: pl.Series
    open_time: Ints
    known_at: Ints
    number: Ints

    def columns(self) -> dict[str, Values]:
        """The columns that tables with a row per bar have."""
        return {name: getattr(self, name) for name in ("seq", "symbol", "open_time", "known_at")}


def place_of(chunk: Chunk, rows: Ints | slice = slice(None)) -> Place:
    """The places of all bars of a chunk in their order, or of some."""
    known = chunk.of_slice(chunk.known)[rows]
    return Place(
        chunk.of_slice(chunk.seqs)[rows],
        chosen(chunk.block.layout.symbols, chunk.column("codes", "symbol")[rows]),
        known - chunk.column("codes", "interval_ns")[rows],
        known,
        chunk.of_slice(chunk.block.column("slices", "number"))[rows],
    )


def bars(chunk: Chunk) -> pl.DataFrame:
    """One row per bar."""
    prices = {name: chunk.column("prices", name) for name in PRICES}
    place = place_of(chunk)
    return frame_of("bars", {**place.columns(), "number": place.number, **prices})


def features(chunk: Chunk) -> pl.DataFrame:
    """One row per bar with features; those that are missing are null."""
    layout = chunk.block.layout
    rows = np.flatnonzero(chunk.column("codes", "has_features"))
    values = chunk.block.tables["features"][chunk.order[rows]]
    for number in range(len(layout.feature_names)):
        words = chunk.column("codes", f"missing_{number // MASK_BITS}")[rows]
        values[words >> number % MASK_BITS & 1 == 1, number] = np.nan
    return frame_of("features", place_of(chunk, rows).columns(), dict(zip(layout.feature_names, values.T, strict=True)))


def equity(chunk: Chunk, cash_decimals: int) -> pl.DataFrame:
    """One row per step and book. The open is that of the step's first bar."""
    books = chunk.block.layout.books
    values = np.column_stack([chunk.block.column("slices", f"equity.{book}") for book in books]).reshape(-1, len(books))
    first = np.flatnonzero(np.diff(chunk.column("codes", "slice"), prepend=-1))
    opened = chunk.known - chunk.column("codes", "interval_ns")[first]
    count = len(books)
    columns: dict[str, Values] = {
        "seq": np.repeat(chunk.seqs, count),
        "open_time": np.repeat(opened, count),
        "known_at": np.repeat(chunk.known, count),
        "book": chosen(books, np.tile(np.arange(count), len(chunk.seqs))),
        "equity_cash": values.ravel() / 10**cash_decimals,
    }
    return frame_of("equity", columns)
