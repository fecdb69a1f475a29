"""The return of a member that trades its own predictions: the positions of a slow twin, bar by bar."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.kernels.mixing import shadow_return

said = st.none() | st.floats(0.0, 1.0)


@given(st.lists(st.tuples(said, st.floats(-0.1, 0.1)), min_size=1, max_size=40), st.integers(1, 5), st.floats(0.0, 0.01))
def test_each_tranche_follows_every_hth_prediction(steps: list[tuple[float | None, float]], horizon: int, cost: float) -> None:
    state = np.zeros(shadow_return.size(horizon))
    for p, move in steps:
        shadow_return.step(state, math.nan if p is None else p, move)
    expected = 0.0
    for tranche in range(horizon):
        position = 0.0
        for p, move in steps[tranche::horizon]:
            wanted = 0.0 if p is None else float(np.sign(p - 0.5))
            expected += wanted * move / horizon - cost * abs(wanted - position) / horizon
            position = wanted
    assert shadow_return.net(state, cost) == pytest.approx(expected, abs=1e-12)
    assert state[shadow_return.LABELS] == len(steps)


def test_who_is_always_right_earns_every_move_and_pays_for_turning() -> None:
    state = np.zeros(shadow_return.size(1))
    for move in (0.01, -0.01, 0.01):
        shadow_return.step(state, 0.5 + 10.0 * move, move)
    assert state[shadow_return.GROSS] == pytest.approx(0.03)
    assert state[shadow_return.TURNOVER] == 5.0
    assert shadow_return.net(state, 0.002) == pytest.approx(0.02)
