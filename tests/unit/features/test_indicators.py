from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.types import Bar
from alpha_pulse.features.indicators import feature_step, served_step
from alpha_pulse.features.layout import REALISED, TRAILING_MEDIAN, empty_state
from alpha_pulse.features.schema import MIN_BARS, schema_for
from market_bars import market_bars
from naive_features import naive_features, realised_volatility, trailing_medians

Row = NDArray[np.float64]


def run(bars: list[Bar], has_volume: bool = True, has_quotes: bool = True, horizon: int = 12, served: bool = False) -> Row:
    state = empty_state(has_volume, has_quotes, horizon)
    rows = np.full((len(bars), len(schema_for(has_volume, has_quotes, horizon).names)), np.nan)
    step = served_step if served else feature_step
    for bar, row in zip(bars, rows, strict=True):
        inputs = (bar.open, bar.high, bar.low, bar.close, bar.volume or 0.0, bar.bid or 0.0, bar.ask or 0.0)
        assert step(state, bar.ts_event, *inputs, row)
    return rows


@pytest.mark.parametrize(
    ("level", "has_volume", "has_quotes", "horizon"),
    [(100.0, True, True, 12), (1e-6, True, False, 1), (1e9, False, True, 7), (30_000.0, False, False, 48)],
)
def test_equals_the_naive_twin(level: float, has_volume: bool, has_quotes: bool, horizon: int) -> None:
    bars = market_bars(3_000, seed=int(level) + horizon, level=level)
    rows = run(bars, has_volume, has_quotes, horizon)
    expected = naive_features(bars, has_volume, has_quotes, horizon)
    names = schema_for(has_volume, has_quotes, horizon).names
    for i, name in enumerate(names):
        difference = np.abs(rows[MIN_BARS - 1 :, i] - expected[MIN_BARS - 1 :, i])
        assert difference.max() <= 1e-9, (name, int(difference.argmax()))
        assert np.unique(expected[:, i]).size > 5, name
    rounded = run(bars, has_volume, has_quotes, horizon, served=True)
    assert np.abs(rounded - rows).max() <= 0.5e-6 + 1e-12


def test_realised_volatility_and_its_median_are_those_of_the_label() -> None:
    bars = market_bars(2_600, seed=5)
    realised = realised_volatility([b.close for b in bars], 12)
    medians = trailing_medians(realised, 12)
    state = empty_state(False, False, 12)
    row = np.empty(33)
    for i, bar in enumerate(bars):
        feature_step(state, bar.ts_event, bar.open, bar.high, bar.low, bar.close, 0.0, 0.0, 0.0, row)
        assert state[REALISED] == pytest.approx(realised[i], rel=1e-12)
        assert state[TRAILING_MEDIAN] == pytest.approx(medians[i], rel=1e-12)
    assert medians[210] == 0.0 < medians[211]


price = st.floats(1e-6, 1e9) | st.sampled_from([1e-6, 1.0, 100.0, 1e9])
amount = st.floats(0.0, 1e12) | st.just(0.0)


@st.composite
def any_bars(draw: st.DrawFn) -> list[Bar]:
    pieces = draw(st.lists(st.tuples(price, price, price, price, amount, st.integers(1, 150)), min_size=1, max_size=6))
    bars: list[Bar] = []
    for a, b, c, d, volume, times in pieces:
        low, opened, close, high = sorted((a, b, c, d))
        for _ in range(times):
            i = len(bars)
            bars.append(Bar("X", i * 10**9, 10**9, opened, high, low, close, volume, min(a, b), max(a, c), i))
    return bars


@settings(max_examples=60, deadline=None)
@given(bars=any_bars(), horizon=st.sampled_from([1, 2, 12, 100]))
def test_every_value_is_finite_and_within_10(bars: list[Bar], horizon: int) -> None:
    rows = run(bars, horizon=horizon)
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() <= 10.0


@pytest.mark.parametrize("level", [1e-6, 0.1, 1e9])
def test_a_market_that_never_moves_gives_0_but_for_the_calendar(level: float) -> None:
    bars = [Bar("X", i * 10**12, 10**12, level, level, level, level, 0.0, level, level, i) for i in range(700)]
    rows = run(bars)
    assert not rows[:, :24].any()
    assert not rows[:, 30:].any()


def test_prices_that_stop_after_a_life_do_not_blow_rounding_errors_up() -> None:
    bars = market_bars(400, seed=2)
    last = bars[-1]
    price = last.close
    for i in range(400, 9_000):
        ts = last.ts_event + (i - 399) * last.interval_ns
        bars.append(Bar("X", ts, last.interval_ns, price, price, price, price, 1.0, price, price, i))
    rows = run(bars)
    assert np.isfinite(rows).all()
    assert not rows[5_000:, :11].any()
    assert not rows[5_000:, 13].any()
    assert not rows[5_000:, 30].any()


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(1, 399), factor=st.floats(0.2, 5.0))
def test_later_bars_never_change_earlier_features(cut: int, factor: float) -> None:
    bars = market_bars(400, seed=9)
    changed = list(bars[:cut])
    for b in bars[cut:]:
        prices = (b.open * factor, b.high * factor * 1.1, b.low * factor * 0.9, b.close * factor)
        changed.append(Bar("X", b.ts_event + 1, b.interval_ns, *prices, 3.0, b.bid, b.ask, b.seq))
    assert run(bars)[:cut].tobytes() == run(changed)[:cut].tobytes()


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20, 3.7])
def test_units_of_price_and_volume_do_not_matter(factor: float) -> None:
    bars = market_bars(800, seed=4)
    other = [
        Bar(
            "X",
            b.ts_event,
            b.interval_ns,
            b.open * factor,
            b.high * factor,
            b.low * factor,
            b.close * factor,
            (b.volume or 0.0) * factor,
            (b.bid or 0.0) * factor,
            (b.ask or 0.0) * factor,
            b.seq,
        )
        for b in bars
    ]
    assert run(other) == pytest.approx(run(bars), abs=1e-9)


@pytest.mark.parametrize(
    "prices",
    [(1.0, 1.0, 2.0, 1.0), (0.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, -1.0), (math.nan, 1.0, 1.0, 1.0), (1.0, math.nan, 1.0, 1.0)],
)
def test_what_cannot_be_a_bar_changes_nothing(prices: tuple[float, float, float, float]) -> None:
    state = empty_state(False, False, 12)
    row = np.full(33, 7.0)
    before = state.copy()
    assert not served_step(state, 0, *prices, 0.0, 0.0, 0.0, row)
    assert state.tobytes() == before.tobytes()
    assert (row == 7.0).all()
