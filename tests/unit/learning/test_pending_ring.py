from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpha_pulse.core.errors import StateError
from alpha_pulse.kernels.mixing.ensemble import ADAPTED, CONTROL
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.pending_ring import PendingRing
from target_samples import BarInput, Setting, TargetRun, bar, vector

D, OUTPUTS = 2, 3


@given(
    gaps=st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=60),
    horizon=st.integers(1, 5),
    tolerance=st.none() | st.integers(1, 6),
    cut=st.integers(0, 60),
)
@example(gaps=[(1, True), (1, False), (2, False)], horizon=2, tolerance=1, cut=0)  # at the very end of its tolerance
@example(gaps=[(1, True), (1, False), (3, False)], horizon=2, tolerance=1, cut=0)  # one interval later
def test_every_prediction_is_labelled_pending_or_expired(
    gaps: list[tuple[int, bool]], horizon: int, tolerance: int | None, cut: int
) -> None:
    """Bars come ``gap`` intervals after one another, and some of them are served."""
    setting = Setting(horizon=horizon, tolerance=tolerance, n_features=D)
    run = TargetRun.of(setting)
    served: dict[int, int] = {}
    labelled, expired, late = 0, 0, 0
    for number, (gap, serves) in enumerate(gaps):
        if number == cut:
            run = run.resumed(setting)
        late += gap - 1
        made = bar(number, 200.0 + number, 100.0 + number, late)
        features = vector(np.full(D, float(number)), made.ts_event) if serves else None
        found = run.step(BarInput(made, 0.0, features, 0.0)).resolved
        late_when_served = served.get(number - horizon)
        if late_when_served is None:
            assert (found.label, found.expired) == (None, None)
        elif tolerance is not None and late - late_when_served > tolerance:
            assert found.label is None
            assert found.expired is not None
            assert found.expired.prediction_id == f"X/direction/{number - horizon}"
            expired += 1
        else:
            assert found.expired is None
            assert found.label is not None
            assert found.label.next_open_return is not None
            assert found.label.prediction_id == f"X/direction/{number - horizon}"
            assert found.label.value == math.log((200.0 + number) / (200.0 + number - horizon))
            assert found.label.next_open_return == math.log((200.0 + number) / (100.0 + number - horizon + 1))
            labelled += 1
        if serves:
            served[number] = late
        counts = run.loop.ring.counts
        assert counts.predictions == counts.labelled + counts.pending + counts.expired
        assert (counts.predictions, counts.labelled, counts.expired) == (len(served), labelled, expired)
        waiting = [f"X/direction/{one}" in run.loop.ring for one in served]
        assert waiting == [one > number - horizon for one in served]
        assert len(run.loop.ring) == sum(waiting) == counts.pending


def filled() -> PendingRing:
    """A ring with two predictions, served before and in a trial."""
    head = np.zeros(layout.HEAD, dtype=np.int64)
    ring = PendingRing("X/direction", 2, D, OUTPUTS, head)
    head[layout.FIRST], head[layout.WAITING] = 2, 2
    for step, slot in enumerate((2, 0)):
        ring.slots[slot] = step + 5, step, step + 3, step
        ring.row(slot)[:] = step
        ring.features(slot)[:], ring.outputs(slot)[:], ring.outputs(slot, control=True)[:] = step + 0.1, step + 0.2, step + 0.3
    return ring


@pytest.mark.parametrize("keep", [True, False])
def test_at_the_end_of_a_trial_the_outputs_of_the_one_that_goes_on_stay(keep: bool) -> None:
    ring = filled()
    ring.end_control(keep=keep)
    assert ring.outputs(2).tolist() == [0.2] * OUTPUTS
    assert ring.outputs(0).tolist() == [1.2 if keep else 1.3] * OUTPUTS
    assert ring.slots[:, layout.HAS_CONTROL].tolist() == [0, 0, 0]
    assert not np.isnan(ring.row(2)).any()
    assert np.flatnonzero(np.isnan(ring.row(0))).tolist() == [ADAPTED, CONTROL]


def test_ids_are_those_of_the_session_and_of_the_bars_that_wait() -> None:
    ring = filled()
    assert [each in ring for each in ("X/direction/5", "X/direction/6", "X/direction/7", "X/direction/x", "6")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert "Y/direction/5" not in ring
    assert "X/direction/" not in ring
    assert [ring.prediction_id(slot) for slot in (2, 0)] == ["X/direction/5", "X/direction/6"]


def test_a_saved_ring_of_another_horizon_is_refused_and_a_saved_one_does_not_follow() -> None:
    ring = filled()
    saved = ring.snapshot()
    ring.row(2)[0] = 9.0
    twin = filled()
    twin.restore(saved)
    assert twin.row(2)[0] == 0.0
    other = PendingRing("X/direction", 3, D, OUTPUTS, np.zeros(layout.HEAD, dtype=np.int64))
    with pytest.raises(StateError, match="slots"):
        other.restore(saved)
