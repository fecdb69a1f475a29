"""The champion and its challengers: a slow twin, what each move leaves behind, and what may not depend on chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.kernels.detection import eprocess
from alpha_pulse.kernels.mixing import promotion
from naive_promotion import NaiveLadder

Row = NDArray[np.float64]
EVENTS = ("nothing", "canary started", "canary stopped", "promoted", "rolled back")
MINIMUM, CANARY_SHARE, CANARY_LABELS = 5, 0.5, 6


def started(n: int = 3, horizon: int = 1, champion: int = 0, alpha: float = 0.05, canary_labels: int = CANARY_LABELS) -> Row:
    state = np.full(promotion.size(n, horizon), 7.0)
    promotion.start(state, horizon, champion, alpha, MINIMUM, CANARY_SHARE, canary_labels)
    return state


def stages(state: Row) -> list[int]:
    return [int(state[promotion.block(state, k) + promotion.STAGE]) for k in range(int(state[promotion.MEMBERS]))]


def member(state: Row, place: int) -> int | None:
    found = int(state[place])
    return None if found == promotion.NOBODY else found


def evidence(state: Row, k: int) -> Row:
    out = np.zeros(promotion.EVIDENCE)
    promotion.evidence(state, k, out)
    return out


def run(state: Row, probabilities: list[float], labels: int, first: int = 0) -> tuple[int, int]:
    """Repeat labels of 1 until something happens: (what, labels)."""
    for turn in range(labels):
        happened = promotion.learn(state, np.array(probabilities), 1, first + turn)
        if happened != promotion.NOTHING:
            return happened, turn + 1
    return promotion.NOTHING, labels


good = st.sampled_from([0.02, 0.5, 0.98])
phases = st.tuples(st.lists(st.none() | good, min_size=3, max_size=3), st.integers(10, 40))
commands = st.sampled_from(["challenge", "challenge", "retire", "promote", "roll back", "nothing", "nothing"])


@settings(max_examples=25, deadline=None)
@given(
    turns=st.lists(st.tuples(phases, commands, st.integers(0, 2)), min_size=1, max_size=5),
    horizon=st.sampled_from([1, 2]),
    champion=st.integers(0, 2),
    seed=st.integers(0, 9),
)
def test_every_move_is_that_of_a_slow_twin(
    turns: list[tuple[tuple[list[float | None], int], str, int]], horizon: int, champion: int, seed: int
) -> None:
    state = started(3, horizon, champion, alpha=0.5)
    naive = NaiveLadder(3, horizon, champion, 0.5, MINIMUM, CANARY_LABELS, lambda step: promotion.served_by_canary(state, step))
    rng, step = np.random.default_rng(seed), 0
    for k in range(3):
        if k != champion:
            promotion.challenge(state, k)
            naive.challenge(k)
    for (said, length), command, k in turns:
        if command == "promote":
            promotion.promote(state, k)
            naive.promote(k)
        elif command == "roll back":
            promotion.roll_back(state)
            naive.roll_back()
        elif k != naive.champion and command == "challenge" and k not in naive.comparisons:
            promotion.challenge(state, k)
            naive.challenge(k)
        elif k != naive.champion and command == "retire":
            promotion.retire(state, k)
            naive.retire(k)
        for _ in range(length):
            label, step = int(rng.random() < 0.9), step + 1
            happened = promotion.learn(state, np.array([math.nan if p is None else p for p in said]), label, step)
            assert EVENTS[happened] == naive.learn(said, label, step)
            assert state[promotion.CHAMPION] == naive.champion
            assert member(state, promotion.FORMER) == naive.former
            assert member(state, promotion.CANARY) == naive.canary
            assert state[promotion.COMPARISONS] == naive.started
        shadows = {k for k, stage in enumerate(stages(state)) if stage in (promotion.SHADOW, promotion.CANARY_STAGE)}
        assert shadows == set(naive.comparisons)
        assert {k for k, stage in enumerate(stages(state)) if stage == promotion.RETIRED} == naive.retired
        for other, comparison in naive.comparisons.items():
            found = evidence(state, other)
            assert found[promotion.SAMPLES] == len(comparison.differences)
            assert math.exp(found[promotion.LOG_P]) == pytest.approx(comparison.p_value(horizon), rel=1e-9)
            assert found[promotion.DECIDED_COMPARISON] == comparison.place


def test_a_better_challenger_becomes_the_canary_then_the_champion_and_the_former_champion_returns_by_evidence() -> None:
    state = started()
    promotion.challenge(state, 1)
    promotion.challenge(state, 2)
    happened, labels = run(state, [0.1, 0.9, 0.5], 100)
    assert (happened, labels > MINIMUM) == (promotion.CANARY_STARTED, True)
    assert stages(state) == [promotion.CHAMPION_STAGE, promotion.CANARY_STAGE, promotion.SHADOW]
    served = {promotion.serving(state, step) for step in range(100)}
    assert served == {0, 1}, "the canary serves a share of the steps"
    at = promotion.block(state, 1) + promotion.DECIDED
    decided = state[at : at + promotion.EVIDENCE].copy()
    assert decided[promotion.SAMPLES] == labels - 1, "the first label may belong to an earlier prediction"
    assert decided[promotion.DIFFERENCE] == pytest.approx(0.81 - 0.01)
    assert decided[promotion.LOW] <= 0.8 <= decided[promotion.HIGH]
    assert decided[promotion.LOG_P] <= decided[promotion.DECIDED_LOG_ALPHA]

    happened, labels = run(state, [0.1, 0.9, 0.5], 100, first=1_000)
    assert happened == promotion.PROMOTED
    assert labels > CANARY_LABELS
    assert stages(state) == [promotion.SHADOW, promotion.CHAMPION_STAGE, promotion.SHADOW]
    assert member(state, promotion.FORMER) == 0
    assert {promotion.serving(state, step) for step in range(100)} == {1}
    assert state[at : at + promotion.EVIDENCE].tobytes() == decided.tobytes(), "the evidence stays on record"

    # The new champion fails: who was champion before needs no time as a canary.
    happened, labels = run(state, [0.9, 0.1, 0.1], 100, first=2_000)
    assert happened == promotion.ROLLED_BACK
    assert (member(state, promotion.MOVED), member(state, promotion.FROM)) == (0, 1)
    assert stages(state) == [promotion.CHAMPION_STAGE, promotion.RETIRED, promotion.SHADOW]
    assert member(state, promotion.FORMER) is None


def test_a_canary_that_is_worse_than_the_champion_is_retired_before_it_is_promoted() -> None:
    state = started(canary_labels=1_000)
    promotion.challenge(state, 1)
    assert run(state, [0.1, 0.9, 0.5], 100)[0] == promotion.CANARY_STARTED
    assert run(state, [0.9, 0.1, 0.5], 100)[0] == promotion.CANARY_STOPPED
    assert stages(state) == [promotion.CHAMPION_STAGE, promotion.RETIRED, promotion.CANDIDATE]
    assert {promotion.serving(state, step) for step in range(100)} == {0}


def test_a_challenger_that_is_as_good_is_never_promoted_and_a_worse_one_neither() -> None:
    state = started()
    promotion.challenge(state, 1)
    promotion.challenge(state, 2)
    assert run(state, [0.6, 0.6, 0.4], 2_000) == (promotion.NOTHING, 2_000)


def test_who_serves_a_step_depends_on_its_number_alone() -> None:
    state = started()
    state[promotion.CANARY] = 1
    state[promotion.CANARY_SHARE] = 0.1
    served = [promotion.serving(state, step) for step in range(20_000)]
    assert served == [promotion.serving(state, step) for step in range(20_000)]
    assert np.mean(served) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("horizon", [1, 3])
def test_labels_of_predictions_before_the_comparison_started_do_not_count(horizon: int) -> None:
    state = started(horizon=horizon)
    promotion.challenge(state, 1)
    run(state, [0.1, 0.9, 0.5], horizon)
    assert evidence(state, 1)[promotion.SAMPLES] == 0
    assert math.isnan(evidence(state, 1)[promotion.DIFFERENCE])
    run(state, [0.1, 0.9, 0.5], 1)
    assert evidence(state, 1)[promotion.SAMPLES] == 1


def test_labels_without_a_prediction_of_both_do_not_count() -> None:
    state = started()
    promotion.challenge(state, 1)
    before = state.copy()
    for said in ([math.nan, 0.9, 0.5], [0.1, math.nan, 0.5]):
        run(state, said, 30)
    assert state.tobytes() == before.tobytes()


def test_the_levels_of_all_comparisons_sum_to_alpha() -> None:
    levels = [math.exp(promotion.log_level(0.05, k)) for k in range(1, 100_000)]
    assert 0.0499 < sum(levels) < 0.05
    state = started(alpha=0.05)
    for k, place in ((1, 1), (2, 2), (1, 3)):
        promotion.challenge(state, k)
        assert evidence(state, k)[promotion.DECIDED_COMPARISON] == place
        assert evidence(state, k)[promotion.DECIDED_LOG_ALPHA] == promotion.log_level(0.05, place)


def test_promoted_by_hand_a_bad_champion_is_rolled_back() -> None:
    state = started()
    promotion.promote(state, 2)
    assert stages(state) == [promotion.SHADOW, promotion.CANDIDATE, promotion.CHAMPION_STAGE]
    assert run(state, [0.9, 0.5, 0.1], 100)[0] == promotion.ROLLED_BACK
    assert state[promotion.CHAMPION] == 0


def test_rolled_back_by_hand_the_others_are_compared_anew() -> None:
    state = started()
    promotion.roll_back(state)
    assert state[promotion.CHAMPION] == 0, "there was no former champion"
    promotion.challenge(state, 1)
    promotion.promote(state, 2)
    run(state, [0.5, 0.6, 0.5], 20)
    assert evidence(state, 1)[promotion.SAMPLES] == 19
    promotion.roll_back(state)
    assert stages(state) == [promotion.CHAMPION_STAGE, promotion.SHADOW, promotion.RETIRED]
    assert evidence(state, 1)[promotion.SAMPLES] == 0


def test_a_member_that_joins_changes_nothing_for_the_others() -> None:
    state = started(2)
    promotion.challenge(state, 1)
    run(state, [0.5, 0.6], 20)
    grown = np.full(promotion.size(3, 1), 7.0)
    promotion.admit(state, grown)
    assert grown[promotion.MEMBERS] == 3
    assert stages(grown) == [*stages(state), promotion.CANDIDATE]
    assert evidence(grown, 1).tobytes() == evidence(state, 1).tobytes()
    promotion.challenge(grown, 2)
    assert run(grown, [0.5, 0.5, 0.9], 100)[0] == promotion.CANARY_STARTED
    assert grown[promotion.MOVED] == 2


def test_the_evidence_is_that_of_the_comparison_of_two_learners() -> None:
    rng = np.random.default_rng(1)
    state = started(2, horizon=4)
    promotion.challenge(state, 1)
    alone = np.zeros(eprocess.size(4))
    alone[eprocess.HORIZON] = 4
    for turn in range(300):
        said, label = rng.random(2), int(rng.random() < 0.5)
        promotion.learn(state, said, label, turn)
        if turn >= 4:
            eprocess.step(alone, (said[0] - label) ** 2 - (said[1] - label) ** 2)
    np.testing.assert_array_equal(promotion.comparison(state, 1), alone)


def test_frozen_nothing_is_decided_and_the_comparisons_go_on() -> None:
    state = started()
    promotion.challenge(state, 1)
    state[promotion.FROZEN] = 1.0
    assert run(state, [0.1, 0.9, 0.5], 50) == (promotion.NOTHING, 50)
    assert evidence(state, 1)[promotion.SAMPLES] == 49
    state[promotion.FROZEN] = 0.0
    assert run(state, [0.1, 0.9, 0.5], 50) == (promotion.CANARY_STARTED, 1)


def test_the_former_champion_receives_the_next_level_before_all_others() -> None:
    state = started(4)
    for k in (1, 2, 3):
        promotion.challenge(state, k)
    promotion.promote(state, 2)
    places = [evidence(state, k)[promotion.DECIDED_COMPARISON] for k in (0, 1, 3)]
    assert places == [4, 5, 6]


def test_many_labels_at_once_are_the_same_bit_for_bit() -> None:
    rng = np.random.default_rng(2)
    said, labels = rng.random((400, 3)), (rng.random(400) < 0.5).astype(np.int64)
    said[:, 1] = 0.3 * said[:, 1] + 0.7 * labels
    one, many = started(horizon=2), started(horizon=2)
    for state in (one, many):
        promotion.challenge(state, 1)
    events = np.zeros(400, dtype=np.int64)
    promotion.learn_many(many, said, labels, events)
    assert events.tolist() == [promotion.learn(one, said[k], labels[k], k) for k in range(400)]
    assert promotion.PROMOTED in events
    np.testing.assert_array_equal(one, many)


def test_no_challenger_is_the_canary_before_the_minimum_of_labels() -> None:
    state = started()
    state[promotion.MINIMUM] = 40
    promotion.challenge(state, 1)
    assert run(state, [0.02, 0.98, 0.5], 100) == (promotion.CANARY_STARTED, 41)
