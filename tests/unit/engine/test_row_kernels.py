from __future__ import annotations

import math

import numpy as np

from alpha_pulse.engine.row_kernels import hand_on
from alpha_pulse.kernels.base.scores import SERVED
from alpha_pulse.kernels.decisions import layout as decisions
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT
from alpha_pulse.kernels.session import layout

N, ROWS = 4, np.array([1, 3, 4, 6])
"""The rows of a symbol in a block of seven."""


def handed_on(served: list[int], threshold: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """``known`` and ``forecasts`` of the block, where the rows ``served`` have predictions and the others those of before."""
    clock, prices = np.zeros((N, layout.CLOCK_COLUMNS), dtype=np.int64), np.zeros((N, layout.PRICE_COLUMNS))
    codes, values = np.zeros((N, layout.CODE_COLUMNS), dtype=np.int64), np.zeros((N, layout.VALUE_COLUMNS))
    clock[:, layout.SEQ], clock[:, layout.HAS_FEATURES] = np.arange(N) + 20, [0, 1, 1, 1]
    prices[:, layout.PLAIN], values[:, layout.FORECAST] = 0.01, 0.02
    codes[served, layout.WAS_SERVED] = 1
    values[:, layout.SERVED_ROW + SERVED], values[:, layout.SERVED_ROW + CONFIDENT] = 0.7, 0.8
    values[:, layout.THRESHOLD_AT_SERVING] = threshold
    row_in_symbol, known = np.full(7, -1), np.full((7, decisions.KNOWN), -1)
    forecasts = np.full((7, decisions.FORECASTS), -1.0)
    hand_on(ROWS, clock, prices, 1_000, 80, 0, codes, values, codes, values, row_in_symbol, known, forecasts)
    assert row_in_symbol.tolist() == [-1, 0, -1, 1, 2, -1, 3]
    assert known[[0, 2, 5]].tolist() == [[-1] * decisions.KNOWN] * 3
    assert forecasts[[0, 2, 5]].tolist() == [[-1.0] * decisions.FORECASTS] * 3
    return known[ROWS], forecasts[ROWS]


def test_rows_of_a_symbol_are_put_at_its_rows_of_the_block() -> None:
    known, _ = handed_on([1, 2, 3])
    assert known[:, decisions.HAS_FEATURES].tolist() == [0, 1, 1, 1]
    assert known[:, decisions.PREDICTION].tolist() == [20, 21, 22, 23]
    assert known[:, decisions.FEATURES_AT].tolist() == [1_000, 1_080, 1_160, 1_240]


def test_what_was_served_at_another_instant_sizes_nothing() -> None:
    _, forecasts = handed_on([1, 3])
    assert forecasts[:, decisions.VOLATILITY].tolist() == [0.01, 0.02, 0.01, 0.02]
    assert forecasts[:, decisions.PLAIN_VOLATILITY].tolist() == [0.01] * 4
    for place, value in ((decisions.PROBABILITY, 0.7), (decisions.CONFIDENCE, 0.8), (decisions.THRESHOLD, 0.6)):
        assert repr(forecasts[:, place].tolist()) == repr([math.nan, value, math.nan, value])


def test_a_confidence_is_not_stated_before_there_is_a_threshold() -> None:
    _, forecasts = handed_on([0, 1, 2, 3], threshold=math.nan)
    assert np.isnan(forecasts[:, [decisions.CONFIDENCE, decisions.THRESHOLD]]).all()
    assert forecasts[:, decisions.PROBABILITY].tolist() == [0.7] * 4
