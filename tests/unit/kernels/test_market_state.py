"""Volatility, trend and correlation of blocks of bars: those of whole lists, without units, and nothing of what is to come."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.regimes import market_state as kernel
from alpha_pulse.kernels.regimes.market_state import market_state as made
from alpha_pulse.kernels.regimes.market_state import market_step, market_steps
from naive_regime import NaiveMarket

Floats = NDArray[np.float64]
NAN = math.nan


def bars(n: int, seed: int, scale: float = 0.01) -> Floats:
    """(n, 4): high, low, close, no others."""
    rng = np.random.default_rng(seed)
    closes = 50.0 * np.exp(np.cumsum(scale * rng.standard_normal(n)))
    high, low = closes * (1.0 + scale * rng.random(n)), closes * (1.0 - scale * rng.random(n))
    return np.column_stack([high, low, closes, np.full(n, NAN)])


def blocks(rows: Floats, block: int, reference: int = 50, *, together: bool = False) -> Floats:
    found = np.empty((len(rows), 4))
    return found[: market_steps(made(block, reference, together), rows, found)]


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 30), st.integers(0, 1_000))
def test_blocks_are_those_of_whole_lists(block: int, seed: int) -> None:
    rows = bars(400, seed)
    found = blocks(rows, block)
    assert found[:, :3] == pytest.approx(NaiveMarket(block, 50).blocks(rows[:, :3]), abs=1e-9)
    assert (found[:, 3] == 1.0).all()


def test_nothing_has_a_unit() -> None:
    rows = bars(400, seed=1)
    dearer = rows * [1_000.0, 1_000.0, 1_000.0, 1.0]
    assert blocks(dearer, 10) == pytest.approx(blocks(rows, 10), abs=1e-9)


def test_twice_the_volatility_is_twice() -> None:
    still, wild = np.log(bars(2_001, seed=2)[:, 2]), np.log(bars(2_001, seed=2, scale=0.02)[:, 2])
    closes = np.exp(np.concatenate([still, still[-1] + (wild - wild[0])[1:]]))
    found = blocks(np.column_stack([closes, closes, closes, np.full(len(closes), NAN)]), 20, 10_000)
    assert found[100:200, 0].mean() - found[10:100, 0].mean() == pytest.approx(math.log(2.0), abs=0.25)


def test_correlation_is_with_the_others() -> None:
    rng = np.random.default_rng(3)
    own, noise = 0.01 * rng.standard_normal((2, 2_000))
    closes = np.exp(np.cumsum(own))
    rows = np.column_stack([closes, closes, closes, 0.6 * own + 0.8 * noise])
    found = blocks(rows, 100, together=True)
    assert np.tanh(found[:, 2].mean() / 10.0) == pytest.approx(0.6, abs=0.05)
    alone = rows.copy()
    alone[:, 3] = NAN
    lonely = blocks(alone, 100, together=True)
    assert (lonely[:, 2:] == 0.0).all()
    assert lonely[:, :2].tolist() == found[:, :2].tolist()


def test_a_market_that_stands_still_is_as_calm_as_can_be_and_has_neither_trend_nor_correlation() -> None:
    rows = np.tile([5.0, 5.0, 5.0, NAN], (100, 1))
    assert blocks(rows, 10).tolist() == [[-kernel.MOST, 0.0, 0.0, 0.0]] * 9
    state = made(10, 50, False)
    for row in rows.tolist():
        market_step(state, *row)
    assert state[[kernel.MOVED, kernel.KNOWN, kernel.LEVEL]].tolist() == [0.0, 0.0, 0.0]


def test_one_wild_bar_moves_the_usual_level_little() -> None:
    rows = bars(2_000, seed=4)
    rows[1_000, 0] *= 1e6
    assert abs(blocks(rows, 10, 400)[120:, 0].mean()) < 0.2


def test_loop_and_steps_are_bit_equal() -> None:
    rows = bars(300, seed=5)
    many, one, found = made(7, 50, False), made(7, 50, False), np.empty((300, 4))
    count = market_steps(many, rows, found)
    ends = [step for row in rows if (step := market_step(one, *row.tolist())) == kernel.BLOCK_ENDS]
    assert len(ends) == count == 299 // 7
    assert one.tobytes() == many.tobytes()
    assert found[count - 1].tolist() == one[kernel.VOLATILITY : kernel.KNOWN + 1].tolist()


@pytest.mark.parametrize(
    "bar",
    [(NAN, 1.0, 1.0, NAN), (1.0, NAN, 1.0, NAN), (1.0, 1.0, NAN, NAN), (math.inf, 1.0, 1.0, NAN), (1.0, 0.0, 1.0, NAN),
     (1.0, 1.0, 2.0, NAN), (1.0, -1.0, 1.0, NAN), (1.0, 1.0, 1.0, math.inf)],
)  # fmt: skip
def test_what_is_no_bar_is_not_remembered(bar: tuple[float, float, float, float]) -> None:
    state = made(10, 50, False)
    market_step(state, 2.0, 1.0, 1.5, NAN)
    before = state.tobytes()
    assert market_step(state, *bar) == kernel.REFUSED
    assert market_steps(state, np.array([bar]), np.empty((1, 4))) == kernel.REFUSED
    assert state.tobytes() == before
