"""A hidden Markov model with K states that is filtered and trained online.

In each state the D features are normal and independent. Each state has its own deviation of the first feature. The deviations
of the other features are common to all states, so that an extreme value cannot favour the state that was visited least. Only
filtered
probabilities are computed: later values never change earlier probabilities. The parameters follow by expectation-maximisation
online: the expected sufficient statistics of transitions and emissions are carried along with the filter, each step moves them
    by a rate of n^-.8 (never below 1/``memory``). New parameters are computed from them and from a prior that counts as
    ``weight`` values out of the first n, never less than a fraction ``weight``/``memory``.

States are ordered by their mean of the first feature, and these means differ by at least ``apart``. The mean of the middle
state stays within ``slack`` of its prior. A state therefore keeps its meaning: the model can learn the level of the calm state,
but states cannot swap, and noise within one state is not split into three states. Standard deviations stay within bounds, and
no state is left with a probability of more than 1 - ``STAY`` per step.

Sources: Hamilton, "A new approach to the economic analysis of nonstationary time series and the business cycle", Econometrica
57 (1989), https://doi.org/10.2307/1912559 (the filter); Cappé, "Online EM algorithm for hidden Markov models", JCGS 20 (2011),
https://doi.org/10.1198/jcgs.2011.09109 (learning it).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import REFUSED, is_number

TAKEN = 0
SEEN, STATES, FEATURES, LEARN_FROM, MEMORY, WEIGHT, APART, SLACK = range(8)
PROBABILITIES = 8
"""Offset of the arrays: see `_places`."""
RATE = 0.8
"""Exponent of the step sizes, in (1/2, 1]."""
STAY = 0.9
"""Smallest probability to stay in a state."""
OUT_OF_STATE = 1e-12
"""Smallest probability of a state, so that it can recover."""


def hmm_state(
    means: NDArray[np.float64],
    deviations: NDArray[np.float64],
    transitions: NDArray[np.float64],
    bounds: NDArray[np.float64],
    *,
    learn_from: int,
    memory: int,
    weight: float,
    apart: float,
    slack: float,
) -> NDArray[np.float64]:
    """Before the first value.

    Parameters
    ----------
    means, deviations
        The prior of each state, (K, D), rising in the first feature.
    transitions
        (K, K), rows sum to 1: the prior of the transitions.
    bounds
        (2, D): the least and largest standard deviations.
    learn_from
        Values before parameters move; ``memory`` or more: never.
    memory, weight, apart, slack
        See above.
    """
    states, features = means.shape
    state = np.zeros(hmm_size(states, features))
    state[STATES], state[FEATURES], state[LEARN_FROM], state[MEMORY] = states, features, learn_from, memory
    state[WEIGHT], state[APART], state[SLACK] = weight, apart, slack
    offset = PROBABILITIES
    state[offset : offset + states] = 1.0 / states
    offset += states
    for array in (means, deviations, transitions, means, deviations, transitions, bounds):
        state[offset : offset + array.size] = array.ravel()
        offset += array.size
    return state


def hmm_size(states: int, features: int) -> int:
    """Numbers in the state of a model."""
    emissions, moves = states * features, states * states
    statistics = states * (moves + states * (1 + 2 * features))
    return PROBABILITIES + states + 2 * (2 * emissions + moves) + 2 * features + statistics + moves + states + 1 + 3 * features


@kernel
def _places(states: int, features: int) -> tuple[int, int, int, int, int, int, int, int, int]:
    """Where means, deviations, transitions, their three priors, the bounds and the statistics of moves and emissions begin."""
    means = PROBABILITIES + states
    deviations = means + states * features
    transitions = deviations + states * features
    prior_means = transitions + states * states
    prior_deviations = prior_means + states * features
    prior_transitions = prior_deviations + states * features
    bounds = prior_transitions + states * states
    moves = bounds + 2 * features
    return (
        means, deviations, transitions, prior_means, prior_deviations, prior_transitions, bounds, moves,
        moves + states * states * states,
    )  # fmt: skip


@kernel
def _scratch(states: int, features: int) -> int:
    """Where the scratch of a step begins: (K, K), then (K,), then 1 + 2 D, then D places."""
    return _places(states, features)[8] + states * states * (1 + 2 * features)


@kernel
def _filter(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.float64]) -> None:
    """The probabilities after ``values``; into the scratch (K, K) where each state was reached from, before them."""
    states, features = int(state[STATES]), int(state[FEATURES])
    means, deviations, transitions = _places(states, features)[:3]
    back = _scratch(states, features)
    scores = back + states * states
    highest = -math.inf
    for k in range(states):
        state[scores + k] = 0.0
        for d in range(features):
            if known[d] != 0.0:
                deviation = state[deviations + k * features + d]
                away = (values[d] - state[means + k * features + d]) / deviation
                state[scores + k] -= 0.5 * away * away + math.log(deviation)
        highest = max(highest, state[scores + k])
    total = 0.0
    for k in range(states):
        reached = 0.0
        for j in range(states):
            came = state[PROBABILITIES + j] * state[transitions + j * states + k]
            state[back + j * states + k] = came
            reached += came
        for j in range(states):
            state[back + j * states + k] /= reached
        state[scores + k] = max(reached * math.exp(state[scores + k] - highest), OUT_OF_STATE)
        total += state[scores + k]
    for k in range(states):
        state[PROBABILITIES + k] = state[scores + k] / total


@kernel
def _carry(state: NDArray[np.float64], offset: int, back: int, kept: float) -> None:
    """Move the expected statistic at ``offset`` over a step, and keep the fraction ``kept`` of it."""
    states = int(state[STATES])
    carried = back + states * states
    for k in range(states):
        total = 0.0
        for before in range(states):
            total += state[offset + before] * state[back + before * states + k]
        state[carried + k] = total
    for k in range(states):
        state[offset + k] = kept * state[carried + k]


@kernel
def _gather(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.float64]) -> None:
    """Update the expected statistics of transitions and emissions, for each current state."""
    states, features = int(state[STATES]), int(state[FEATURES])
    places = _places(states, features)
    moves, emissions = places[7], places[8]
    rate = max(state[SEEN] ** -RATE, 1.0 / state[MEMORY])
    width, back = 1 + 2 * features, _scratch(states, features)
    for i in range(states):
        for j in range(states):
            offset = moves + (i * states + j) * states
            _carry(state, offset, back, 1.0 - rate)
            state[offset + j] += rate * state[back + i * states + j]
        for part in range(width):
            offset = emissions + (i * width + part) * states
            _carry(state, offset, back, 1.0 - rate)
            feature = (part - 1) % features
            seen = 1.0
            if part > 0:
                # A missing value is replaced by the mean of the state.
                mean, deviation = state[places[0] + i * features + feature], state[places[1] + i * features + feature]
                seen = values[feature] if known[feature] != 0.0 else mean
                if part > features:
                    seen = seen * seen if known[feature] != 0.0 else mean * mean + deviation * deviation
            state[offset + i] += rate * seen


@kernel
def _learn(state: NDArray[np.float64]) -> None:
    """New parameters from the statistics and the prior."""
    states, features = int(state[STATES]), int(state[FEATURES])
    means, deviations, transitions, prior_means, prior_deviations, prior_transitions, bounds, moves, emissions = _places(
        states, features
    )
    width = 1 + 2 * features
    prior = state[WEIGHT] / min(state[SEEN], state[MEMORY]) / states
    sums, weights = _scratch(states, features) + states * states + states, 0.0
    variances = sums + width
    for d in range(features):
        state[variances + d] = 0.0
    for i in range(states):
        for part in range(width):
            total = 0.0
            for k in range(states):
                total += state[emissions + (i * width + part) * states + k] * state[PROBABILITIES + k]
            state[sums + part] = total
        for d in range(features):
            index = i * features + d
            first, spread = state[prior_means + index], state[prior_deviations + index]
            weight = state[sums] + prior
            mean = (state[sums + 1 + d] + prior * first) / weight
            square = (state[sums + 1 + features + d] + prior * (first * first + spread * spread)) / weight
            variance = max(square - mean * mean, 0.0)
            state[means + index] = mean
            state[deviations + index] = min(max(math.sqrt(variance), state[bounds + d]), state[bounds + features + d])
            state[variances + d] += weight * variance
        weights += state[sums] + prior
        total = 0.0
        for j in range(states):
            moved = prior * state[prior_transitions + i * states + j]
            for k in range(states):
                moved += state[moves + (i * states + j) * states + k] * state[PROBABILITIES + k]
            state[transitions + i * states + j] = moved
            total += moved
        for j in range(states):
            state[transitions + i * states + j] /= total
        _make_stay(state, transitions + i * states, states, i)
    for d in range(1, features):
        common = min(max(math.sqrt(state[variances + d] / weights), state[bounds + d]), state[bounds + features + d])
        for i in range(states):
            state[deviations + i * features + d] = common
    _set_apart(state, means, prior_means, states, features)


@kernel
def _make_stay(state: NDArray[np.float64], row: int, states: int, own: int) -> None:
    stays = state[row + own]
    if stays >= STAY:
        return
    for j in range(states):
        state[row + j] *= (1.0 - STAY) / (1.0 - stays)
    state[row + own] = STAY


@kernel
def _set_apart(state: NDArray[np.float64], means: int, prior: int, states: int, features: int) -> None:
    """Hold the middle state near its prior, and the others at their distance, from the middle outwards."""
    middle, apart, slack = states // 2, state[APART], state[SLACK]
    centre = prior + middle * features
    mean = means + middle * features
    state[mean] = min(max(state[mean], state[centre] - slack), state[centre] + slack)
    for k in range(middle + 1, states):
        mean = means + k * features
        state[mean] = max(state[mean], state[mean - features] + apart)
    for k in range(middle - 1, -1, -1):
        mean = means + k * features
        state[mean] = min(state[mean], state[mean + features] - apart)


@kernel
def least_mean(state: NDArray[np.float64]) -> float:
    """The mean of the first feature in the first state, which is the smallest."""
    return float(state[_places(int(state[STATES]), int(state[FEATURES]))[0]])


@kernel
def hmm_step(state: NDArray[np.float64], values: NDArray[np.float64], known: NDArray[np.float64]) -> int:
    """Process ``values`` (D,), of which those with ``known`` 0 are missing; REFUSED, without a change, if one is not finite."""
    for d in range(int(state[FEATURES])):
        if known[d] != 0.0 and not is_number(values[d]):
            return REFUSED
    _filter(state, values, known)
    state[SEEN] += 1.0
    _gather(state, values, known)
    if state[SEEN] >= state[LEARN_FROM]:
        _learn(state)
    return TAKEN
