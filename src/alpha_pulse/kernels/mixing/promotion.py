"""A champion, and challengers that replace it only by evidence.

Each challenger is compared with the champion on the same labels, by squared errors of probabilities, with the evidence of
`alpha_pulse.kernels.detection.eprocess`, which may be read after every label. The k-th comparison that ever started has the
level alpha_k = 6 alpha / (pi k)^2. These levels sum to alpha, so the probability that any comparison ever decides for a member
that was not better is at most alpha, however many challengers are started.

1. In the *shadow* a challenger serves nothing. If its p-value is at most alpha_k after at least ``MINIMUM`` labels, it becomes
   the canary; one at a time.
2. The *canary* serves a share of the steps, chosen by a hash of the step number. Meanwhile a new comparison, with the next
   level, asks whether the champion is better than the canary; if so, the canary is retired. After ``CANARY_LABELS`` labels
   of steps that it served, it becomes the champion.
3. The former champion remains in the shadow, and the comparison of 2. goes on: if it decides for the former champion, that is
   the champion again at once, and the other is retired.

All other comparisons start anew whenever the champion changes. A comparison leaves out its first h labels, whose predictions
may have been made before it started. A label for which the champion or the challenger had no probability (NaN) does not count
for the pair. While the state is frozen, comparisons go on, and decisions wait.

State (float64): head | per member a block of ``BLOCK`` numbers and the evidence of its comparison.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.rng import unit_hash
from alpha_pulse.kernels.detection import eprocess

(
    MEMBERS, HORIZON, ALPHA, MINIMUM, CANARY_SHARE, CANARY_LABELS, COMPARISONS, CHAMPION, FORMER, CANARY, MOVED, FROM, FROZEN,
) = range(13)  # fmt: skip
"""``COMPARISONS``: how many have started; ``CHAMPION``, ``FORMER`` and ``CANARY``: members, or `NOBODY`; ``MOVED`` and
``FROM``: the member that the last event was about, and the champion before it; ``FROZEN``: 1 if nothing may be decided."""
HEAD = 13
STAGE, COMPARISON, LOG_ALPHA, LEFT_OUT, CANARY_SEEN = range(5)
"""``LEFT_OUT``: labels that are still to be left out; ``CANARY_SEEN``: labels of steps that it served as the canary."""
DECIDED = 5
"""From here on `evidence` of the comparison that last decided about the member: NaN before."""
SAMPLES, DIFFERENCE, LOW, HIGH, LOG_P, DECIDED_COMPARISON, DECIDED_LOG_ALPHA = range(7)
EVIDENCE = 7
BLOCK = DECIDED + EVIDENCE

CANDIDATE, SHADOW, CANARY_STAGE, CHAMPION_STAGE, RETIRED = range(5)
NOTHING, CANARY_STARTED, CANARY_STOPPED, PROMOTED, ROLLED_BACK = range(5)
NOBODY = -1
LOG_FIRST_SHARE = math.log(6.0 / math.pi**2)
"""The logarithm of the share of alpha that the first comparison has."""
INTERVAL_ALPHA = 0.05

Floats = NDArray[np.float64]


@kernel
def size(n: int, horizon: int) -> int:
    """Size in floats of the state of ``n`` members; that of fewer members is its beginning."""
    return HEAD + n * (BLOCK + eprocess.size(horizon))


@kernel
def start(
    state: Floats, horizon: int, champion: int, alpha: float, minimum: int, canary_share: float, canary_labels: int
) -> None:
    """The state at the start: ``champion`` serves, all others are candidates.

    Parameters
    ----------
    state
        Of `size` floats.
    horizon
        Steps over which labels overlap, h.
    alpha
        Upper bound of the probability that a member which was not better ever becomes the canary, or the champion by a
        rollback.
    minimum
        Labels of a comparison before it may decide for a challenger.
    canary_share, canary_labels
        The share of steps that a canary serves (above 0), and the labels of such steps until it becomes the champion.
    """
    state[:] = 0.0
    state[MEMBERS] = (state.size - HEAD) // (BLOCK + eprocess.size(horizon))
    state[HORIZON], state[ALPHA], state[MINIMUM] = horizon, alpha, minimum
    state[CANARY_SHARE], state[CANARY_LABELS] = canary_share, canary_labels
    state[CHAMPION], state[FORMER], state[CANARY], state[MOVED], state[FROM] = champion, NOBODY, NOBODY, NOBODY, NOBODY
    for k in range(int(state[MEMBERS])):
        at = block(state, k)
        state[at + DECIDED : at + BLOCK] = math.nan
    state[block(state, champion) + STAGE] = CHAMPION_STAGE


@kernel
def admit(before: Floats, state: Floats) -> None:
    """Let a member join as a candidate: ``state`` becomes that of ``before`` with one more."""
    state[: before.size] = before
    state[before.size :] = 0.0
    state[MEMBERS] = before[MEMBERS] + 1.0
    state[before.size + DECIDED : before.size + BLOCK] = math.nan


@kernel
def block(state: Floats, k: int) -> int:
    """Where the block of a member begins."""
    return HEAD + k * (BLOCK + eprocess.size(int(state[HORIZON])))


@kernel
def comparison(state: Floats, k: int) -> Floats:
    """A view of the evidence of a member's comparison (see `alpha_pulse.kernels.detection.eprocess`)."""
    at = block(state, k) + BLOCK
    return state[at : at + eprocess.size(int(state[HORIZON]))]


@kernel
def log_level(alpha: float, k: int) -> float:
    """The logarithm of the level of the ``k``-th comparison, counted from 1.

    >>> round(math.exp(log_level(0.05, 1)), 4), round(math.exp(log_level(0.05, 2)), 4)
    (0.0304, 0.0076)
    """
    return math.log(alpha) + LOG_FIRST_SHARE - 2.0 * math.log(k)


@kernel
def served_by_canary(state: Floats, step: int) -> bool:
    """Whether a canary, if there is one, serves this step."""
    return bool(unit_hash(step) < state[CANARY_SHARE])


@kernel
def serving(state: Floats, step: int) -> int:
    """The member that serves a step."""
    canary = int(state[CANARY])
    return canary if canary != NOBODY and served_by_canary(state, step) else int(state[CHAMPION])


@kernel
def _compare_anew(state: Floats, k: int) -> None:
    state[COMPARISONS] += 1.0
    at = block(state, k)
    state[at + COMPARISON] = state[COMPARISONS]
    state[at + LOG_ALPHA] = log_level(state[ALPHA], int(state[COMPARISONS]))
    state[at + LEFT_OUT] = state[HORIZON]
    state[at + CANARY_SEEN] = 0.0
    evidence = comparison(state, k)
    evidence[:] = 0.0
    evidence[eprocess.HORIZON] = state[HORIZON]


@kernel
def challenge(state: Floats, k: int) -> None:
    """Start a candidate or a retired member as a challenger, in the shadow."""
    state[block(state, k) + STAGE] = SHADOW
    _compare_anew(state, k)


@kernel
def retire(state: Floats, k: int) -> None:
    """Stop a challenger, whatever its stage. The champion cannot be retired."""
    state[block(state, k) + STAGE] = RETIRED
    for place in (FORMER, CANARY):
        if state[place] == k:
            state[place] = NOBODY


@kernel
def promote(state: Floats, k: int) -> None:
    """Make a member the champion at once; the former champion challenges it, and takes over again by evidence alone."""
    former = int(state[CHAMPION])
    if k == former:
        return
    _take_over(state, k)
    state[FORMER] = former
    challenge(state, former)
    _compare_others_anew(state)


@kernel
def roll_back(state: Floats) -> None:
    """Make the former champion, if there is one, the champion again at once; the other is retired."""
    former, champion = int(state[FORMER]), int(state[CHAMPION])
    if former == NOBODY:
        return
    _take_over(state, former)
    state[FORMER] = NOBODY
    state[block(state, champion) + STAGE] = RETIRED
    _compare_others_anew(state)


@kernel
def _take_over(state: Floats, k: int) -> None:
    state[MOVED], state[FROM] = k, state[CHAMPION]
    state[CHAMPION], state[CANARY] = k, NOBODY
    state[block(state, k) + STAGE] = CHAMPION_STAGE


@kernel
def _compare_others_anew(state: Floats) -> None:
    """Start the comparisons with a new champion: of all challengers, also of an unfinished canary, but the former champion."""
    for k in range(int(state[MEMBERS])):
        if state[FORMER] != k and SHADOW <= state[block(state, k) + STAGE] <= CANARY_STAGE:
            challenge(state, k)


@kernel
def learn(state: Floats, probabilities: Floats, label: int, step: int) -> int:
    """Compare all challengers with the champion on one labelled example; returns what happened, `NOTHING` to `ROLLED_BACK`.

    Parameters
    ----------
    probabilities
        (n,), what each member had predicted; NaN for nothing.
    step
        The number of the step whose label it is, as it was given to `serving`.
    """
    champion = int(state[CHAMPION])
    if math.isnan(probabilities[champion]):
        return NOTHING
    champion_error = (probabilities[champion] - label) ** 2
    for k in range(int(state[MEMBERS])):
        stage = state[block(state, k) + STAGE]
        if SHADOW <= stage <= CANARY_STAGE and not math.isnan(probabilities[k]):
            better = champion_error - (probabilities[k] - label) ** 2
            _compare(state, k, -better if stage == CANARY_STAGE else better, step)
    return _decide(state) if state[FROZEN] == 0.0 else NOTHING


@kernel
def learn_many(state: Floats, probabilities: Floats, labels: NDArray[np.int64], events: NDArray[np.int64]) -> None:
    """`learn` from each row of ``probabilities`` (labels, n), as step 0 and on; ``events`` receives what happened."""
    for step in range(labels.size):
        events[step] = learn(state, probabilities[step], labels[step], step)


@kernel
def _compare(state: Floats, k: int, difference: float, step: int) -> None:
    at = block(state, k)
    if state[at + LEFT_OUT] > 0.0:
        state[at + LEFT_OUT] -= 1.0
        return
    eprocess.step(comparison(state, k), difference)
    if state[CANARY] == k and served_by_canary(state, step):
        state[at + CANARY_SEEN] += 1.0


@kernel
def _decide(state: Floats) -> int:
    former, canary = int(state[FORMER]), int(state[CANARY])
    if former != NOBODY and _advantage(state, former) >= 0.0:
        _note(state, former)
        roll_back(state)
        return ROLLED_BACK
    if canary == NOBODY:
        return _start_canary(state)
    if _advantage(state, canary) >= 0.0:
        _note(state, canary)
        retire(state, canary)
        state[MOVED], state[FROM] = canary, state[CHAMPION]
        return CANARY_STOPPED
    if state[block(state, canary) + CANARY_SEEN] >= state[CANARY_LABELS]:
        _promote_canary(state)
        return PROMOTED
    return NOTHING


@kernel
def _advantage(state: Floats, k: int) -> float:
    """How far the evidence of a comparison exceeds what its level requires, as a logarithm; not below 0 if it decides."""
    return float(state[block(state, k) + LOG_ALPHA] - eprocess.log_p(comparison(state, k), eprocess.EVIDENCE_UP))


@kernel
def _start_canary(state: Floats) -> int:
    """Of the challengers whose evidence is sufficient, start the one whose evidence exceeds its level most."""
    chosen, largest = NOBODY, -math.inf
    for k in range(int(state[MEMBERS])):
        if state[block(state, k) + STAGE] != SHADOW or state[FORMER] == k:
            continue
        if comparison(state, k)[eprocess.SEEN] < state[MINIMUM]:
            continue
        advantage = _advantage(state, k)
        if advantage >= 0.0 and advantage > largest:
            chosen, largest = k, advantage
    if chosen == NOBODY:
        return NOTHING
    _note(state, chosen)
    challenge(state, chosen)
    state[block(state, chosen) + STAGE] = CANARY_STAGE
    state[CANARY], state[MOVED], state[FROM] = chosen, chosen, state[CHAMPION]
    return CANARY_STARTED


@kernel
def _promote_canary(state: Floats) -> None:
    """The canary becomes the champion; its comparison goes on as that of the former champion."""
    canary, former = int(state[CANARY]), int(state[CHAMPION])
    source, target = block(state, canary), block(state, former)
    state[target + COMPARISON : target + DECIDED] = state[source + COMPARISON : source + DECIDED]
    comparison(state, former)[:] = comparison(state, canary)
    _take_over(state, canary)
    state[FORMER] = former
    state[target + STAGE] = SHADOW
    _compare_others_anew(state)


@kernel
def evidence(state: Floats, k: int, out: Floats) -> None:
    """Write `SAMPLES` to `DECIDED_LOG_ALPHA` of a member's comparison as it stands into ``out`` (`EVIDENCE`,).

    ``DIFFERENCE`` is the mean by which the squared error of the one that challenges is smaller, NaN without labels. It lies
    between ``LOW`` and ``HIGH`` in expectation, at all times at once with a probability of at least 1 - `INTERVAL_ALPHA`.
    """
    compared, at = comparison(state, k), block(state, k)
    half = 0.5 * INTERVAL_ALPHA
    out[SAMPLES] = compared[eprocess.SEEN]
    out[DIFFERENCE] = compared[eprocess.TOTAL] / compared[eprocess.SEEN] if compared[eprocess.SEEN] > 0.0 else math.nan
    out[LOW] = eprocess.lower_bound(compared, half, 1.0)
    out[HIGH] = -eprocess.lower_bound(compared, half, -1.0)
    out[LOG_P] = eprocess.log_p(compared, eprocess.EVIDENCE_UP)
    out[DECIDED_COMPARISON], out[DECIDED_LOG_ALPHA] = state[at + COMPARISON], state[at + LOG_ALPHA]


@kernel
def _note(state: Floats, k: int) -> None:
    at = block(state, k) + DECIDED
    evidence(state, k, state[at : at + EVIDENCE])
