from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.types import Bar
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.feedback.labels import RealisedVolatility
from alpha_pulse.kernels.session import labels as kernels
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.labels import MAX_WEIGHT
from market_bars import HOUR
from naive_learning import realised_volatility

price = st.floats(1.0, 1_000.0)


@given(closes=st.lists(price, min_size=1, max_size=40), horizon=st.integers(1, 12), size=st.integers(1, 40))
def test_realised_volatility_is_that_of_the_last_bars(closes: list[float], horizon: int, size: int) -> None:
    for i, found in enumerate(realised_in_parts(closes, horizon, size)):
        if i < horizon:
            assert math.isnan(found)
        else:
            assert found == pytest.approx(realised_volatility(closes, i, horizon), abs=1e-12)


@given(closes=st.lists(price, min_size=1, max_size=150), horizon=st.integers(1, 24), size=st.integers(1, 150))
def test_realised_volatility_is_that_of_the_features_bit_for_bit(closes: list[float], horizon: int, size: int) -> None:
    """Once there are ``horizon`` returns; before, the features have none."""
    extractor = FeatureExtractor("X", has_volume=False, has_quotes=False, volatility_horizon=horizon)
    for i, (close, found) in enumerate(zip(closes, realised_in_parts(closes, horizon, size), strict=True)):
        extractor.update(Bar("X", i * HOUR, HOUR, close, close, close, close, seq=i))
        assert extractor.realised == (found if i >= horizon else 0.0)


def realised_in_parts(closes: list[float], horizon: int, size: int) -> list[float]:
    """The volatility at each close, where they come in parts of this size."""
    realised = RealisedVolatility(horizon)
    return [
        value
        for first in range(0, len(closes), size)
        for value in realised.update(np.array(closes[first : first + size])).tolist()
    ]


@given(st.lists(st.floats(-0.2, 0.2), max_size=30))
def test_a_move_weighs_what_it_is_of_the_mean_of_those_before(moves: list[float]) -> None:
    state = np.zeros(2)
    for i, move in enumerate(moves):
        mean = math.fsum(abs(m) for m in moves[:i]) / i if i else abs(move)
        found = kernels.weigh(state, move)
        assert 0.0 <= found <= MAX_WEIGHT
        if mean > 1e-6 or mean == 0.0:
            assert found == pytest.approx(min(abs(move) / mean, MAX_WEIGHT) if mean > 0.0 else 1.0, abs=1e-9)


class Found(NamedTuple):
    """What `kernels.label` computed; ``label`` is None for a tie."""

    label: int | None
    weight: float
    value: float
    next_open_return: float
    ties: int


def label_of(
    target: int,
    reference: float,
    close: float,
    realised: float = 0.0,
    next_open: float = 100.0,
    entry: str = "close",
    min_move: float = 0.0,
    moves: NDArray[np.float64] | None = None,
) -> Found:
    """The label of the one prediction that waits, from a bar of one price."""
    settings, head = np.zeros(layout.SETTINGS, dtype=np.int64), np.zeros(layout.HEAD, dtype=np.int64)
    settings[layout.TARGET], settings[layout.NEXT_OPEN_ENTRY] = target, entry == "next_open"
    pending, prices = np.zeros((1, layout.pending_width(1, 1))), np.zeros((1, layout.PRICE_COLUMNS))
    pending[0, layout.REFERENCE], pending[0, layout.NEXT_OPEN] = reference, next_open
    prices[0, layout.CLOSE], prices[0, layout.REALISED] = close, realised
    codes, values = np.zeros((1, layout.CODE_COLUMNS), dtype=np.int64), np.zeros((1, layout.VALUE_COLUMNS))
    codes[0, layout.STATUS] = layout.SCORED_LABEL
    mean = np.zeros(2) if moves is None else moves
    kernels.label(settings, np.array([min_move, 0.0]), head, pending, mean, prices, codes, values, 0)
    tie = codes[0, layout.STATUS] == layout.TIE
    weight, value, next_open_return = values[0, [layout.WEIGHT, layout.VALUE, layout.NEXT_OPEN_RETURN]].tolist()
    label = None if tie else int(codes[0, layout.LABEL_VALUE])
    return Found(label, weight, value, next_open_return, int(head[layout.TIES]))


@given(reference=price, later=price, next_open=price, entry=st.sampled_from(["close", "next_open"]))
def test_direction_is_up_where_the_price_rose(reference: float, later: float, next_open: float, entry: str) -> None:
    label = label_of(layout.DIRECTION, reference, later, next_open=next_open, entry=entry)
    start = next_open if entry == "next_open" else reference
    move = math.log(later / start)
    assert label.value == pytest.approx(math.log(later / reference), abs=1e-12)
    assert label.next_open_return == pytest.approx(math.log(later / next_open), abs=1e-12)
    assert label.label == (None if move == 0.0 else int(move > 0.0))
    assert label.ties == (move == 0.0)


@pytest.mark.parametrize(
    ("later", "label"), [(100.0, None), (100.009, None), (99.991, None), (100.011, 1), (99.989, 0), (100.5, 1), (99.5, 0)]
)
def test_moves_within_the_least_one_are_ties(later: float, label: int | None) -> None:
    found = label_of(layout.DIRECTION, 100.0, later, min_move=math.log1p(1.0 / 10_000.0))
    assert found.label == label
    assert found.weight == 1.0


def test_ties_do_not_enter_the_mean_move() -> None:
    moves = np.zeros(2)
    for later in (101.0, 100.0, 100.0):
        label_of(layout.DIRECTION, 100.0, later, moves=moves)
    found = label_of(layout.DIRECTION, 100.0, 102.0, moves=moves)
    assert found.weight == pytest.approx(math.log(1.02) / math.log(1.01))


def test_a_move_so_small_beside_the_mean_that_its_weight_is_0_is_no_example() -> None:
    moves = np.array([1e308, 1.0])
    assert label_of(layout.DIRECTION, 1.0, 1.0 + 2e-16, moves=moves).weight == 0.0


@given(realised=st.floats(0.0, 1.0), median=st.floats(1e-9, 1.0))
def test_volatility_is_1_above_the_median_that_was_known(realised: float, median: float) -> None:
    label = label_of(layout.VOLATILITY, median, 100.0, realised)
    assert label.label == int(realised > median)
    assert label.weight == 1.0
    assert label.value == pytest.approx(realised / median)
