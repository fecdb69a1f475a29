from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, Stateful, pack, unpack
from alpha_pulse.execution.volatility_calibrator import VolatilityCalibrator

observations = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 20.0)), max_size=60)


@given(observations, st.floats(0.0, 1.0))
def test_the_ratio_is_the_shrunk_mean_of_the_decile(seen: list[tuple[float, float]], probability: float) -> None:
    level = VolatilityCalibrator()
    for each, ratio in seen:
        level.update(each, ratio)
    mine = [ratio for each, ratio in seen if min(9, int(each * 10)) == min(9, int(probability * 10))]
    assert level.ratio(probability) == pytest.approx((50.0 + sum(mine)) / (50 + len(mine)), rel=1e-12)
    assert level.forecast(probability, 0.02) == 0.02 * level.ratio(probability)
    blob = pack({"level": level.snapshot()})
    twin = VolatilityCalibrator()
    twin.restore(unpack(blob)[0]["level"])
    assert pack({"level": twin.snapshot()}) == blob


def test_a_snapshot_does_not_follow_later_labels() -> None:
    level = VolatilityCalibrator()
    before = level.snapshot()
    level.update(1.0, 3.0)
    assert before.arrays["deciles"].tolist() == [0.0] * 20
    assert isinstance(level, Stateful)


@pytest.mark.parametrize(
    ("probability", "ratio"), [(math.nan, 1.0), (1.1, 1.0), (-0.1, 1.0), (0.5, math.nan), (0.5, math.inf), (0.5, -1.0)]
)
def test_what_is_not_a_probability_or_a_ratio_is_refused(probability: float, ratio: float) -> None:
    level = VolatilityCalibrator()
    with pytest.raises(NonFiniteError, match="expected"):
        level.update(probability, ratio)
    assert level.ratio(0.5) == 1.0


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(StateError, match="array 'deciles' of a saved state is missing"):
        VolatilityCalibrator().restore(State())
