"""The simulation that finds the regime detector's thresholds."""

from __future__ import annotations

import pytest

from alpha_pulse.detectors.regime import WATCHED
from alpha_pulse.detectors.regime_settings import doubts
from alpha_pulse.learning.regime_calibration import calibrate_regimes, regime_steps


def test_thresholds_are_those_that_the_simulation_finds() -> None:
    told: list[int] = []
    found = calibrate_regimes(2_000, seed=1, report=told.append)
    assert told == list(range(1, regime_steps() + 1))
    for name in WATCHED:
        assert list(found[name].per) == sorted(set(found[name].per))
        assert found[name].threshold[0] == doubts()[name].threshold[0]
        assert found[name].per[0] == pytest.approx(doubts()[name].per[0], rel=0.35)
