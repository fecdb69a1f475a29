"""Every detector in the table keeps every promise of the family, and the checks catch one that does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alpha_pulse.core import plugins
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.calibrated import CalibratedDetector, tuned
from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.testing.checks import DetectorFactory, yield_detector_checks

CHECKS = list(yield_detector_checks())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", plugins.names("detectors", DETECTORS))
def test_detector(name: str, check: Callable[[DetectorFactory], None]) -> None:
    """As the product uses it: with the threshold of one false alarm in 10,000 values."""
    check(lambda: tuned(name, 10_000))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_events_gathered_to_blocks(check: Callable[[DetectorFactory], None]) -> None:
    check(lambda: CalibratedDetector("adwin", 10_000, dependence="horizon", horizon=3))


class Sticky(Adwin):
    """Once alarmed, always alarmed."""

    _alarmed = False

    def update(self, value: float) -> bool:
        self._alarmed = super().update(value) or self._alarmed
        return self._alarmed


class Forgetful(Adwin):
    """Keeps a memory that its snapshot leaves out."""

    _calls = 0

    def update(self, value: float) -> bool:
        self._calls += 1
        return super().update(value if self._calls % 3 else 0.0)


class Blind(Adwin):
    """Takes anything, sees nothing."""

    def update(self, value: float) -> bool:
        return False


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Sticky, "never_sticks"),
        (Sticky, "verdict_is_consistent"),
        (Forgetful, "snapshot_round_trip"),
        (Blind, "finds_a_jump"),
        (Blind, "refuses_non_finite"),
    ],
)
def test_checks_catch_a_bad_detector(kind: type[Adwin], name: str) -> None:
    check = {check.__name__: check for check in CHECKS}[f"check_detector_{name}"]
    with pytest.raises(AssertionError):
        check(kind)
