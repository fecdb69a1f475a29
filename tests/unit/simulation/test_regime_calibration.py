"""The simulation that finds the regime detector's thresholds."""

from __future__ import annotations

import math

from alpha_pulse.detectors.regime import MONITORED
from alpha_pulse.detectors.regime_settings import shipped_regime_curves
from alpha_pulse.simulation.regime_calibration import calibrate_regimes, regime_steps


def test_thresholds_are_those_that_the_simulation_finds() -> None:
    told: list[int] = []
    found = calibrate_regimes(4_000, seed=1, report=told.append)
    assert told == list(range(1, regime_steps() + 1))
    for name in MONITORED:
        shipped = dict(zip(shipped_regime_curves()[name].threshold, shipped_regime_curves()[name].per, strict=True))
        rows = dict(zip(found[name].threshold, found[name].per, strict=True))
        assert list(rows.values()) == sorted(set(rows.values()))
        for threshold, per in rows.items():  # the worst of few alarms on each of four streams is off by a good part
            assert abs(math.log(shipped[threshold] / per)) < 1.0, (name, threshold)
