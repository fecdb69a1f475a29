from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Bar
from alpha_pulse.feedback.labels import (
    MAX_WEIGHT,
    MoveWeight,
    PendingLabel,
    RealisedVolatility,
    direction_label,
    volatility_label,
)
from naive_learning import realised_volatility

price = st.floats(1.0, 1_000.0)


@given(closes=st.lists(price, min_size=1, max_size=40), horizon=st.integers(1, 12), cut=st.integers(0, 40))
def test_realised_volatility_is_that_of_the_last_bars(closes: list[float], horizon: int, cut: int) -> None:
    realised = RealisedVolatility(horizon)
    for i, close in enumerate(closes):
        if i == cut:
            saved = pack({"r": realised.snapshot()})
            realised = RealisedVolatility(horizon)
            realised.restore(unpack(saved)[0]["r"])
        realised.update(close)
        assert realised.value == pytest.approx(realised_volatility(closes, i, horizon), abs=1e-12)


@given(st.lists(st.floats(-0.2, 0.2), max_size=30), st.integers(0, 30))
def test_a_move_weighs_what_it_is_of_the_mean_of_those_before(moves: list[float], cut: int) -> None:
    weight = MoveWeight()
    for i, move in enumerate(moves):
        if i == cut:
            saved = pack({"w": weight.snapshot()})
            weight = MoveWeight()
            weight.restore(unpack(saved)[0]["w"])
        mean = math.fsum(abs(m) for m in moves[:i]) / i if i else abs(move)
        found = weight.weigh(move)
        assert 0.0 <= found <= MAX_WEIGHT
        if mean > 1e-6 or mean == 0.0:
            assert found == pytest.approx(min(abs(move) / mean, MAX_WEIGHT) if mean > 0.0 else 1.0, abs=1e-9)


def bar(close: float) -> Bar:
    return Bar("X", 50, 10, close, close, close, close)


def waiting(reference: float, next_open: float = 100.0) -> PendingLabel:
    return PendingLabel("p", 20, 5, reference, next_open)


@given(reference=price, later=price, next_open=price, entry=st.sampled_from(["close", "next_open"]))
def test_direction_is_up_where_the_price_rose(reference: float, later: float, next_open: float, entry: str) -> None:
    label = direction_label("X", waiting(reference, next_open), bar(later), entry, 0.0, MoveWeight())
    start = next_open if entry == "next_open" else reference
    move = math.log(later / start)
    assert label.value == pytest.approx(math.log(later / reference), abs=1e-12)
    assert label.next_open_return == pytest.approx(math.log(later / next_open), abs=1e-12)
    assert label.label == (None if move == 0.0 else int(move > 0.0))
    assert (label.prediction_id, label.label_ts, label.symbol, label.target) == ("p", 50, "X", "direction")


@pytest.mark.parametrize(
    ("later", "label"), [(100.0, None), (100.009, None), (99.991, None), (100.011, 1), (99.989, 0), (100.5, 1), (99.5, 0)]
)
def test_moves_within_the_least_one_are_ties(later: float, label: int | None) -> None:
    found = direction_label("X", waiting(100.0), bar(later), "close", math.log1p(1.0 / 10_000.0), MoveWeight())
    assert found.label == label
    assert found.weight == 1.0


def test_ties_do_not_enter_the_mean_move() -> None:
    weight = MoveWeight()
    for later in (101.0, 100.0, 100.0):
        direction_label("X", waiting(100.0), bar(later), "close", 0.0, weight)
    found = direction_label("X", waiting(100.0), bar(102.0), "close", 0.0, weight)
    assert found.weight == pytest.approx(math.log(1.02) / math.log(1.01))


@given(realised=st.floats(0.0, 1.0), median=st.floats(1e-9, 1.0))
def test_volatility_is_1_above_the_median_that_was_known(realised: float, median: float) -> None:
    label = volatility_label("X", waiting(median), realised, 50)
    assert label.label == int(realised > median)
    assert label.weight == 1.0
    assert label.value == pytest.approx(realised / median)
    assert label.next_open_return is None
