"""Runs are what they were, bit for bit: served probabilities, decisions, fills, equity, alarms and adaptations."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alpha_pulse.engine import system as construction
from golden.runs import QUICK, RUNS
from golden.tables import Golden, difference, read, tables_of, write

SIZES = {str(size): [size] for size in (1, 7, 512, 4_096)} | {
    f"random {seed}": np.random.default_rng(seed).geometric(1.0 / mean, 2_000).tolist() for seed, mean in ((1, 5), (2, 90))
}
"""Of blocks of slices."""
DIVIDED = [
    pytest.param(name, sizes, marks=() if name == QUICK and sizes in ("1", "7", "512") else pytest.mark.soak)
    for name in RUNS
    for sizes in SIZES
]


@pytest.mark.parametrize(("name", "sizes"), DIVIDED)
def test_a_run_is_bit_for_bit_what_it_was_whatever_its_blocks(name: str, sizes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(construction, "MAX_BLOCK", max(construction.MAX_BLOCK, *SIZES[sizes]))
    differs = difference(read(name), tables_of(RUNS[name].finish(SIZES[sizes])))
    assert differs is None, f"run {name} in blocks of {sizes}: {differs}; if that is intended, make golden"


@pytest.mark.parametrize("name", RUNS)
def test_in_each_run_something_happens(name: str) -> None:
    golden = read(name)
    assert set(RUNS[name].happens) <= set(golden.head.events)
    assert golden.tables["fills"].height > 50
    assert all(served > 0 for served in golden.tables["served"].select(pl.exclude("seq", "symbol").count()).row(0))


def test_all_tables_together_are_small() -> None:
    folder = Path(__file__).parent
    assert sum(path.stat().st_size for path in folder.rglob("*.parquet")) < 1_500_000


@pytest.fixture
def golden() -> Golden:
    return read(QUICK)


def changed(golden: Golden, table: str, frame: pl.DataFrame) -> Golden:
    return Golden(golden.head, {**golden.tables, table: frame})


def test_what_is_kept_is_read_back(golden: Golden, tmp_path: Path) -> None:
    write("again", golden, tmp_path)
    assert difference(golden, read("again", tmp_path)) is None


def test_the_first_cell_that_differs_is_named(golden: Golden) -> None:
    equity = golden.tables["equity"]
    book, seq = equity.columns[1], pl.int_range(pl.len())
    other = equity.with_columns(pl.when(seq.is_in([7, 9])).then(pl.col(book) + 1).otherwise(pl.col(book)).alias(book))
    said = difference(golden, changed(golden, "equity", other))
    was = equity[book][7]
    assert said == f"table equity, row 7 (seq 7), column {book}: {was} was kept, {was + 1} is now"


def test_a_change_in_the_last_bit_is_a_difference(golden: Golden) -> None:
    fills = golden.tables["fills"]
    prices = fills["price"].to_list()
    prices[-1] = math.nextafter(prices[-1], math.inf)
    said = difference(golden, changed(golden, "fills", fills.with_columns(pl.Series("price", prices))))
    assert said is not None
    assert f"row {fills.height - 1} " in said
    assert "column price" in said


def test_rows_that_are_missing_are_told(golden: Golden) -> None:
    orders = golden.tables["orders"]
    said = difference(golden, changed(golden, "orders", orders.head(orders.height - 1)))
    assert said is not None
    assert f"has {orders.height - 1} rows, but {orders.height} were kept" in said
