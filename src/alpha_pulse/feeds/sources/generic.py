"""Any other table: columns are found by their usual names, or without a header by their values."""

from __future__ import annotations

from itertools import product

from alpha_pulse.feeds.cells.headerless import matches_shape
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.sources.base import LayoutExample, Source
from alpha_pulse.feeds.tables import Table

SHAPES: tuple[tuple[str, ...], ...] = (
    *(
        (*symbol, *time, *PRICES, *rest)
        for symbol, time, rest in product(((), ("symbol",)), (("date", "clock"), ("ts",)), ((), ("volume",), ("volume", "...")))
    ),
    ("ts", "symbol", *PRICES, "volume"),
    ("date", "clock", "symbol", *PRICES, "volume"),
)
"""Shapes of files without a header from an unknown source; the first that matches is used."""


class Generic(Source, frozen=True, kw_only=True):
    """Matches every table, with the lowest score."""

    def strength(self, table: Table) -> float:
        """The least of all sources."""
        return 0.5

    def shape_of(self, table: Table) -> tuple[str, ...]:
        """The first of `SHAPES` that matches; empty where none does."""
        return next((shape for shape in SHAPES if matches_shape(shape, table.sample)), ())


GENERIC = Generic(
    id="generic",
    title="a table of bars",
    examples=(
        LayoutExample(
            "abc.csv",
            "ts,symbol,open,high,low,close,volume\n"
            "2024-03-01T09:00:00Z,ABC,100.0,101.0,99.5,100.5,1200\n"
            "2024-03-01T10:00:00Z,ABC,100.5,100.9,100.1,100.2,800\n",
            "ABC",
        ),
    ),
)
