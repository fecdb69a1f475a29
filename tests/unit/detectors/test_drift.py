from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.detectors.base import Detection
from alpha_pulse.detectors.drift import Adwin


def test_before_any_value_the_verdict_is_quiet() -> None:
    assert Adwin().last == Detection(score=0.0, warning=False, drift=False, sample=0, change_sample=0)


@pytest.mark.parametrize(("before", "after"), [(0.1, 0.6), (0.6, 0.1)])
def test_score_tells_the_size_and_sign_of_the_change(before: float, after: float) -> None:
    generator = np.random.default_rng(3)
    detector = Adwin()
    alarms = []
    for i in range(3_000):
        if detector.update(float(generator.random() < (before if i < 1_500 else after))):
            alarms.append(detector.last)
    assert len(alarms) == 1
    assert alarms[0].drift
    assert alarms[0].score == pytest.approx(after - before, abs=0.2)
    assert abs(alarms[0].change_sample - 1_500) < 32
    assert detector.width == 3_000 - detector.last.change_sample


def test_warning_comes_no_later_than_the_drift() -> None:
    generator = np.random.default_rng(5)
    detector = Adwin()
    warned = None
    for i in range(2_000):
        if detector.update(float(generator.random() < (0.2 if i < 1_500 else 0.5))):
            break
        if warned is None and i >= 1_500 and detector.last.warning:
            warned = i
    assert warned is not None
    assert detector.last.drift
    assert not detector.last.warning


@pytest.mark.parametrize("value", [float("nan"), 1.5, -0.1])
def test_value_out_of_range_is_named(value: float) -> None:
    with pytest.raises(NonFiniteError, match="within"):
        Adwin().update(value)


@pytest.mark.parametrize("settings", [{"delta": 0.0}, {"delta": 1.0}, {"delta": float("nan")}, {"clock": 0}])
def test_impossible_settings_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        Adwin(**settings)  # type: ignore[arg-type]  # the wrong settings are the point


def test_state_of_another_shape_is_refused() -> None:
    with pytest.raises(StateError):
        Adwin().restore(State(arrays={"window": np.zeros(3)}))
