"""Checks of the contract of `alpha_pulse.detectors.base.Detector`, on streams of errors within [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.detectors.base import Detection, Detector
from alpha_pulse.testing.assertions import (
    assert_empty_state_is_refused,
    assert_non_finite_is_refused,
    assert_packed_state_stays_small,
    assert_snapshot_is_a_copy,
    state_of,
)

DetectorFactory = Callable[[], Detector]
"""Returns a new detector, equal at each call."""


def yield_detector_checks() -> Iterator[Callable[[DetectorFactory], None]]:
    """All checks of a detector."""
    yield check_detector_satisfies_the_protocol
    yield check_detector_finds_a_jump
    yield check_detector_is_quiet_on_a_constant
    yield check_detector_is_quiet_on_steady_streams
    yield check_detector_never_sticks
    yield check_detector_verdict_is_consistent
    yield check_detector_is_deterministic
    yield check_detector_update_many_equals_the_loop
    yield check_detector_keeps_to_its_domain
    yield check_detector_snapshot_round_trip
    yield check_detector_snapshot_is_a_copy
    yield check_detector_refuses_a_state_that_does_not_fit
    yield check_detector_memory_is_bounded
    yield check_detector_refuses_non_finite


def _errors(seed: int, *pieces: tuple[int, float]) -> list[float]:
    """Errors of 0 or 1 in consecutive segments, each given as (length, error rate)."""
    generator = np.random.default_rng(seed)
    return [float(generator.random() < rate) for n, rate in pieces for _ in range(n)]


def _run(detector: Detector, values: list[float]) -> list[Detection]:
    """The detections of drift."""
    return [detector.last for value in values if detector.update(value)]


def check_detector_satisfies_the_protocol(factory: DetectorFactory) -> None:
    """It has every method of Detector, and reports nothing before the first value."""
    detector = factory()
    assert isinstance(detector, Detector), f"{type(detector).__name__} lacks methods of Detector"
    last = detector.last
    assert (last.drift, last.warning, last.sample) == (False, False, 0), f"before the first value, last is {last}"


def check_detector_finds_a_jump(factory: DetectorFactory) -> None:
    """A jump of the error rate from 0.2 to 0.7 is found within 1,000 values and dated to within 200, on 10 streams."""
    for seed in range(10):
        drifts = [d for d in _run(factory(), _errors(seed, (1_000, 0.2), (1_000, 0.7))) if d.sample > 1_000]
        assert drifts, f"stream {seed}: the jump was not found within 1,000 values"
        dated = drifts[0].change_sample
        assert abs(dated - 1_000) <= 200, f"stream {seed}: the change after value 1,000 was dated after value {dated}"


def check_detector_is_quiet_on_a_constant(factory: DetectorFactory) -> None:
    """A constant stream gives no drift: 0, 0.5 (if the domain allows it) or 1."""
    for value in (0.0, 0.5, 1.0):
        if value == 0.5 and factory().domain == "binary":
            continue
        assert not _run(factory(), [value] * 1_000), f"a constant {value} gave a drift"


def check_detector_is_quiet_on_steady_streams(factory: DetectorFactory) -> None:
    """On 10 streams of 2,000 errors with a constant rate it reports at most 6 drifts in all: about one in 3,000 values."""
    alarms = sum(len(_run(factory(), _errors(seed, (2_000, 0.3)))) for seed in range(10))
    assert alarms <= 6, f"10 steady streams of 2,000 values gave {alarms} drifts"


def check_detector_never_sticks(factory: DetectorFactory) -> None:
    """A drift is reported once. If nothing changes afterwards, further drifts are rare, and ``last`` no longer reports one."""
    detector = factory()
    _run(detector, _errors(1, (1_000, 0.1), (300, 0.8)))
    later = _run(detector, _errors(2, (1_000, 0.8)))
    assert len(later) <= 2, f"{len(later)} drifts in 1,000 values after the change"
    assert not detector.last.drift, "last.drift is still set after values without a change"


def check_detector_verdict_is_consistent(factory: DetectorFactory) -> None:
    """``update`` returns ``last.drift``, samples are counted, and changes are dated between the first and the newest value."""
    detector = factory()
    for count, value in enumerate(_errors(3, (600, 0.2), (300, 0.8)), start=1):
        drift = detector.update(value)
        last = detector.last
        assert drift is last.drift, f"value {count}: update returned {drift}, but last is {last}"
        assert last.sample == count, f"value {count} was counted as sample {last.sample}"
        assert 0 <= last.change_sample < count, f"value {count}: a change dated after value {last.change_sample}"
        assert math.isfinite(last.score), f"value {count}: score {last.score!r}"
        assert not (last.drift and last.warning), f"value {count}: a drift is also a warning"


def check_detector_is_deterministic(factory: DetectorFactory) -> None:
    """Two detectors from the factory give equal detections and states on equal streams."""
    values = _errors(4, (500, 0.2), (500, 0.6))
    one, two = factory(), factory()
    assert _run(one, values) == _run(two, values), "equal streams gave different detections"
    assert state_of(one) == state_of(two), "equal streams gave different states"


def check_detector_update_many_equals_the_loop(factory: DetectorFactory) -> None:
    """``update_many`` gives the drifts and the state of single calls of ``update``, bit for bit, for blocks of any size."""
    values = _errors(13, (400, 0.2), (400, 0.8))
    one, many = factory(), factory()
    flags = [one.update(value) for value in values]
    drifts = [flag for part in (values[:1], [], values[1:333], values[333:]) for flag in many.update_many(np.array(part))]
    assert drifts == flags, "update_many gave different drifts from update"
    assert state_of(one) == state_of(many), "update_many gave a different state from update"


def check_detector_keeps_to_its_domain(factory: DetectorFactory) -> None:
    """Values outside of its ``domain`` are refused; ``update_many`` then uses none of its values."""
    detector = factory()
    wrong = {"binary": (0.5, 2.0), "bounded": (-0.1, 1.1), "real": (math.inf,)}[detector.domain]
    _run(detector, _errors(14, (50, 0.3)))
    before = state_of(detector)
    for value in wrong:
        for give in (detector.update, lambda value: detector.update_many(np.array([1.0, value]))):
            try:
                give(value)
            except NonFiniteError:
                assert state_of(detector) == before, f"{value} was refused but had changed the state"
                continue
            raise AssertionError(f"{value} is outside of the domain {detector.domain!r} but was accepted")


def check_detector_snapshot_round_trip(factory: DetectorFactory) -> None:
    """A restored detector has the same state and the same ``last``, bit for bit, and continues equally through a change."""
    detector, twin = factory(), factory()
    _run(detector, _errors(5, (700, 0.2)))
    twin.restore(detector.snapshot())
    assert state_of(twin) == state_of(detector), "a restored detector has a different state"
    assert twin.last == detector.last, "a restored detector has a different last detection"
    values = _errors(6, (300, 0.2), (300, 0.8))
    assert _run(twin, values) == _run(detector, values), "a restored detector continued with different detections"
    assert state_of(twin) == state_of(detector), "a restored detector continued to a different state"


def check_detector_snapshot_is_a_copy(factory: DetectorFactory) -> None:
    """Updates after `snapshot` or `restore` do not change the snapshot."""
    detector = factory()
    _run(detector, _errors(7, (200, 0.3)))
    assert_snapshot_is_a_copy(detector, lambda: _run(detector, _errors(8, (50, 0.9))))


def check_detector_refuses_a_state_that_does_not_fit(factory: DetectorFactory) -> None:
    """Restoring an empty state raises StateError and leaves the detector as it was."""
    detector = factory()
    _run(detector, _errors(10, (50, 0.3)))
    assert_empty_state_is_refused(detector)


def check_detector_memory_is_bounded(factory: DetectorFactory) -> None:
    """The snapshot does not grow with the number of values."""
    short, long = factory(), factory()
    _run(short, _errors(11, (500, 0.3)))
    _run(long, _errors(11, (5_000, 0.3)))
    assert_packed_state_stays_small(short, long)


def check_detector_refuses_non_finite(factory: DetectorFactory) -> None:
    """NaN and infinity raise NonFiniteError and do not change the state."""
    detector = factory()
    _run(detector, _errors(12, (50, 0.3)))
    assert_non_finite_is_refused(detector, {"update": detector.update})
