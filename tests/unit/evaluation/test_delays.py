"""What is known when: against a twin that looks at every example anew before each prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive_evaluation as naive
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.evaluation.baselines import baselines
from alpha_pulse.evaluation.delays import LABELLED, Revision, Timeline, timeline
from alpha_pulse.kernels.base import baselines as kernels

SEEDS = st.integers(0, 100_000)


def some(seed: int, classes: int) -> tuple[list[int], list[int], int | None, list[Revision], Timeline]:
    """Labels, when they arrive, a time-out or none, and revisions of some of them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    labels = rng.integers(0, classes, n)
    arrivals = np.arange(n) + rng.integers(0, 8, n)
    timeout = None if rng.random() < 0.3 else int(rng.integers(0, 8))
    revised = [int(example) for example in np.flatnonzero(rng.random(n) < 0.3)]
    revisions = [
        Revision(example, int(arrivals[example] + k + 1), int(rng.integers(0, classes)))
        for example in revised
        for k in range(int(rng.integers(1, 3)))
    ]
    known = timeline(labels, arrivals=arrivals, timeout=timeout, revisions=revisions)
    return labels.tolist(), arrivals.tolist(), timeout, revisions, known


@given(SEEDS)
def test_predictions_are_labelled_pending_or_expired(seed: int) -> None:
    labels, arrivals, timeout, revisions, known = some(seed, 3)
    n = len(labels)
    assert sum(known.counts()) == n
    at_the_end = naive.known_before(labels, arrivals, timeout, revisions)[n]
    assert known.counts()[0] == len(at_the_end)
    assert known.final.tolist() == [at_the_end.get(example, -1) for example in range(n)]
    late = [timeout is not None and a - i > timeout and n - 1 - i > timeout for i, a in enumerate(arrivals)]
    assert known.counts()[2] == sum(late)


@given(SEEDS, st.integers(2, 4), st.integers(1, 6))
def test_rules_say_what_a_look_at_all_known_labels_says(seed: int, classes: int, window: int) -> None:
    labels, arrivals, timeout, revisions, known = some(seed, classes)
    found = baselines(known, classes, window)
    before = naive.known_before(labels, arrivals, timeout, revisions)
    arrived = sorted((a, i) for i, a in enumerate(arrivals) if timeout is None or a - i <= timeout)
    for now in range(len(labels)):
        last = naive.last_known(before[now])
        if last >= 0:
            assert found.no_change.guesses[now] == last
            if found.opposite is not None:
                assert found.opposite.guesses[now] == 1 - last
        assert found.majority.probabilities[now].tolist() == pytest.approx(naive.majority(before[now], classes))
        newest = [i for a, i in arrived if a < now][-window:]
        moving = naive.majority({i: labels[i] for i in newest}, classes)
        assert found.moving_average.probabilities[now].tolist() == pytest.approx(moving)
    for said in found.by_name().values():
        assert said is None or np.allclose(said.probabilities.sum(axis=1), 1.0)
    assert (found.opposite is None) == (classes > 2)


@given(SEEDS, st.integers(0, 5))
def test_rules_of_two_classes_are_those_of_the_loop_bit_for_bit(seed: int, delay: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, 40)
    found = baselines(timeline(labels, delay), 2, 5)
    state = np.zeros(kernels.SIZE)
    kernels.start(state, 0)
    known: list[float] = []
    for now in range(len(labels)):
        known.append(kernels.last_known(state, 0))
        assert found.no_change.probabilities[now, 1] == kernels.no_change(state, 0)
        assert found.majority.probabilities[now, 1] == kernels.base_rate(state, 0)
        if now >= delay:
            kernels.learn(state, 0, int(labels[now - delay]), known[now - delay], 1.0)


def test_a_fixed_delay_leaves_the_last_ones_pending() -> None:
    known = timeline(np.array([0, 1, 0, 1, 1]), delay=2)
    assert known.counts() == (3, 2, 0)
    assert known.horizon == 3
    assert not known.immediate
    assert timeline(np.array([0, 1]), delay=0).immediate


def test_a_delay_beyond_all_numbers_leaves_every_label_pending() -> None:
    assert timeline(np.array([0, 1, 1]), 10**20).counts() == (0, 3, 0)
    assert timeline(np.array([0, 1, 1]), 10**20, timeout=1).counts() == (0, 2, 1)


def test_a_label_after_its_time_out_is_expired_and_one_that_may_still_come_pending() -> None:
    known = timeline(np.zeros(6, dtype=np.int64), arrivals=np.array([0, 5, 2, 9, 9, 9]), timeout=2)
    assert known.status.tolist() == [0, 2, 0, 1, 1, 1]
    assert known.examples.tolist() == [0, 2]


def test_a_revision_is_learned_as_one_more_example_and_scored() -> None:
    known = timeline(np.array([0, 1, 1]), revisions=[Revision(0, 1, 1), Revision(0, 9, 0)])
    assert known.steps.tolist() == [0, 1, 1, 2]
    assert known.examples.tolist() == [0, 0, 1, 2]
    assert known.labels.tolist() == [0, 1, 1, 1]
    assert known.before.tolist() == [-1, 0, -1, -1]
    assert known.final.tolist() == [1, 1, 1]
    assert not known.immediate


def test_as_many_events_as_examples_are_not_yet_each_label_at_once() -> None:
    labels = np.array([0, 1, 1, 0])
    one_never = timeline(labels, arrivals=np.array([0, 1, 9, 3]), revisions=[Revision(0, 1, 1)])
    assert len(one_never.steps) == len(labels)
    assert one_never.horizon == 1
    assert not one_never.immediate


@given(SEEDS)
def test_the_first_known_labels_are_those_that_came_whatever_was_revised(seed: int) -> None:
    labels, _, _, _, known = some(seed, 3)
    labelled = known.status == LABELLED
    assert known.first.tolist() == np.where(labelled, labels, -1).tolist()


def test_what_cannot_be_is_refused() -> None:
    labels = np.array([0, 1, 1])
    with pytest.raises(ConfigError, match="the delay of labels is -1"):
        timeline(labels, -1)
    with pytest.raises(DataError, match="not before its own"):
        timeline(labels, arrivals=np.array([0, 0, 2]))
    with pytest.raises(DataError, match="shape"):
        timeline(labels, arrivals=np.array([0, 1]))
    for one in (Revision(2, 1, 0), Revision(7, 8, 0)):
        with pytest.raises(DataError, match="was not known by then"):
            timeline(labels, revisions=[one])
    with pytest.raises(DataError, match="was revised to -1 at step 1; expected the number of a class, from 0 on"):
        timeline(labels, revisions=[Revision(0, 1, -1)])
