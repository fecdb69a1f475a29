"""Bayesian online change-point detection: the distribution of the time since the newest change.

The state is a distribution of the run length r: the values since the newest change. A change precedes each value with
probability ``hazard``. Within a run, values are normal with unknown mean and variance under a normal-inverse-gamma prior, so
the next value is Student-t. Hypotheses below ``LEAST`` are removed, and the least probable one when there are ``capacity``, so
a step costs at most ``capacity`` evaluations of a density, and memory never grows.

An alarm concerns runs that began after the last alarm (or the start). It is given when their probability, given that the run
has ``CONFIRMED`` values or more, exceeds the threshold. Its time is the start of the most probable of these runs. Hypotheses
without the change are then removed, so one change gives one alarm.

Sources: Adams and MacKay, "Bayesian online changepoint detection" (2007), https://arxiv.org/abs/0710.3742; Fearnhead and Liu,
"On-line inference for multiple changepoint problems", JRSS B 69 (2007), https://doi.org/10.1111/j.1467-9868.2007.00601.x
(removing hypotheses); the predictive density: Murphy, "Conjugate Bayesian analysis of the Gaussian distribution" (2007).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.detection.detection import DRIFT, HEADER, NOTHING, REFUSED, SEEN, THRESHOLD, WARNING, answer, is_number

HAZARD, PRIOR_MEAN, PRIOR_KAPPA, PRIOR_ALPHA, PRIOR_BETA, CAPACITY = range(HEADER, HEADER + 6)
HELD, KNOWN_SINCE, CHANGED = range(HEADER + 6, HEADER + 9)
"""Number of hypotheses; values seen at the last alarm; the probability of a change since then."""
RUNS = HEADER + 9
RUN, WEIGHT, MEAN, BETA, GAMMAS = range(5)
FIELDS = 5
"""Of a hypothesis: its run length, its probability, the posterior's mean and beta, and lgamma(alpha + 1/2) - lgamma(alpha).

After the hypotheses comes scratch, one place for each.
"""
LEAST = 1e-9
CONFIRMED = 2
"""Runs of fewer values do not count: one value is little evidence, and the newest run has none."""
WARNING_PART = 0.5
"""A warning is a probability beyond this fraction of the threshold."""


def bocpd_state(
    threshold: float,
    hazard: float,
    prior: tuple[float, float, float, float] = (0.0, 1.0, 1.0, 1.0),
    capacity: int = 100,
) -> NDArray[np.float64]:
    """The initial state: a run of length 0 with probability 1. ``prior``: (mean, kappa, alpha, beta) of a run's normal
    distribution."""
    state = np.zeros(RUNS + (FIELDS + 1) * capacity)
    state[THRESHOLD], state[HAZARD], state[CAPACITY] = threshold, hazard, capacity
    state[PRIOR_MEAN : PRIOR_BETA + 1] = prior
    state[HELD] = 1.0
    _fresh(state, 0, 1.0)
    return state


@kernel
def _fresh(state: NDArray[np.float64], place: int, weight: float) -> None:
    hypothesis = RUNS + FIELDS * place
    state[hypothesis + RUN] = 0.0
    state[hypothesis + WEIGHT] = weight
    state[hypothesis + MEAN] = state[PRIOR_MEAN]
    state[hypothesis + BETA] = state[PRIOR_BETA]
    state[hypothesis + GAMMAS] = math.lgamma(state[PRIOR_ALPHA] + 0.5) - math.lgamma(state[PRIOR_ALPHA])


@kernel
def _weigh(state: NDArray[np.float64], hypothesis: int, value: float) -> float:
    """The log density of ``value`` under a hypothesis (Student-t); also updates the hypothesis by the value."""
    kappa = state[PRIOR_KAPPA] + state[hypothesis + RUN]
    alpha = state[PRIOR_ALPHA] + 0.5 * state[hypothesis + RUN]
    shrunk = kappa / (kappa + 1.0)
    deviation = value - state[hypothesis + MEAN]
    added = 0.5 * shrunk * deviation * deviation
    beta = state[hypothesis + BETA]
    density = (
        state[hypothesis + GAMMAS] - 0.5 * math.log(2.0 * math.pi * beta / shrunk) - (alpha + 0.5) * math.log1p(added / beta)
    )
    state[hypothesis + BETA] = beta + added
    state[hypothesis + MEAN] += deviation / (kappa + 1.0)
    state[hypothesis + RUN] += 1.0
    state[hypothesis + GAMMAS] = math.log(alpha) - state[hypothesis + GAMMAS]
    return float(density)


@kernel
def _grow(state: NDArray[np.float64], value: float) -> None:
    """Update all hypotheses by the value, lengthen their runs by one, and add the hypothesis of a new run."""
    count = int(state[HELD])
    densities = RUNS + FIELDS * int(state[CAPACITY])
    highest = -math.inf
    for place in range(count):
        state[densities + place] = _weigh(state, RUNS + FIELDS * place, value)
        highest = max(highest, state[densities + place])
    total = 0.0
    for place in range(count):
        source = RUNS + FIELDS * place
        state[source + WEIGHT] *= math.exp(state[densities + place] - highest)
        total += state[source + WEIGHT]
    keep = 1.0 - state[HAZARD]
    lightest, least = 0, math.inf
    kept, left = 0, 0.0
    for place in range(count):
        source, to = RUNS + FIELDS * place, RUNS + FIELDS * kept
        weight = state[source + WEIGHT] / total * keep
        if weight < LEAST:
            continue
        for field in range(FIELDS):
            state[to + field] = state[source + field]
        state[to + WEIGHT] = weight
        left += weight
        if weight < least:
            lightest, least = kept, weight
        kept += 1
    if kept == int(state[CAPACITY]):
        left -= least
        for source in range(RUNS + FIELDS * lightest, RUNS + FIELDS * (kept - 1)):
            state[source] = state[source + FIELDS]
        kept -= 1
    _fresh(state, kept, state[HAZARD])
    _scale(state, kept + 1, 1.0 / (left + state[HAZARD]))


@kernel
def _scale(state: NDArray[np.float64], count: int, factor: float) -> None:
    for place in range(count):
        state[RUNS + FIELDS * place + WEIGHT] *= factor
    for index in range(RUNS + FIELDS * count, RUNS + FIELDS * int(state[HELD])):
        state[index] = 0.0
    state[HELD] = count


@kernel
def bocpd_changed(state: NDArray[np.float64], last: float) -> float:
    """The probability that the newest change lies within the ``last`` values, given that it is at least ``CONFIRMED`` values
    old."""
    young, old = 0.0, 0.0
    for place in range(int(state[HELD])):
        hypothesis = RUNS + FIELDS * place
        if state[hypothesis + RUN] >= last:
            old += state[hypothesis + WEIGHT]
        elif state[hypothesis + RUN] >= CONFIRMED:
            young += state[hypothesis + WEIGHT]
    return young / (young + old) if young > 0.0 else 0.0


@kernel
def bocpd_run(state: NDArray[np.float64]) -> float:
    """The most probable run length, in values."""
    best, most = 0.0, -1.0
    for place in range(int(state[HELD])):
        hypothesis = RUNS + FIELDS * place
        if state[hypothesis + WEIGHT] > most:
            best, most = state[hypothesis + RUN], state[hypothesis + WEIGHT]
    return best


@kernel
def _rise(state: NDArray[np.float64], place: int, age: float) -> float:
    """The mean of the newest run minus that of the values before it, by the most probable run of at least ``age`` values."""
    hypothesis = RUNS + FIELDS * place
    run, prior = state[hypothesis + RUN], state[PRIOR_KAPPA] * state[PRIOR_MEAN]
    total = state[hypothesis + MEAN] * (state[PRIOR_KAPPA] + run) - prior
    most, before = 0.0, state[PRIOR_MEAN]
    for other in range(int(state[HELD])):
        old = RUNS + FIELDS * other
        if state[old + RUN] >= age and state[old + RUN] > run and state[old + WEIGHT] > most:
            most = state[old + WEIGHT]
            longer = state[old + RUN]
            before = (state[old + MEAN] * (state[PRIOR_KAPPA] + longer) - prior - total) / (longer - run)
    return float(total / run - before)


@kernel
def _take_as_fact(state: NDArray[np.float64], age: float) -> None:
    """Remove the hypotheses without a change in the last ``age`` values."""
    kept, left = 0, 0.0
    for place in range(int(state[HELD])):
        hypothesis, to = RUNS + FIELDS * place, RUNS + FIELDS * kept
        if state[hypothesis + RUN] < age:
            for field in range(FIELDS):
                state[to + field] = state[hypothesis + field]
            left += state[to + WEIGHT]
            kept += 1
    _scale(state, kept, 1.0 / left)
    state[KNOWN_SINCE] = state[SEEN]


@kernel
def bocpd_step(state: NDArray[np.float64], value: float) -> int:
    """Process one finite value; returns DRIFT, WARNING, NOTHING or REFUSED. The score is the change of the mean."""
    if not is_number(value):
        return REFUSED
    _grow(state, value)
    state[SEEN] += 1.0
    age = state[SEEN] - state[KNOWN_SINCE]
    changed = bocpd_changed(state, age)
    state[CHANGED] = changed
    threshold = state[THRESHOLD]
    if changed <= threshold:
        flag = WARNING if changed > WARNING_PART * threshold else NOTHING
        return answer(state, flag, 0.0, state[SEEN] - bocpd_run(state))
    place = _likeliest(state, age)
    change, score = state[SEEN] - state[RUNS + FIELDS * place + RUN], _rise(state, place, age)
    _take_as_fact(state, age)
    return answer(state, DRIFT, score, change)


@kernel
def _likeliest(state: NDArray[np.float64], age: float) -> int:
    """The place of the most probable run that is younger than ``age`` and confirmed."""
    best, most = 0, -1.0
    for place in range(int(state[HELD])):
        hypothesis = RUNS + FIELDS * place
        if CONFIRMED <= state[hypothesis + RUN] < age and state[hypothesis + WEIGHT] > most:
            best, most = place, state[hypothesis + WEIGHT]
    return best


@kernel
def bocpd_steps(state: NDArray[np.float64], values: NDArray[np.float64], flags: NDArray[np.int64]) -> None:
    """`bocpd_step` on each of ``values``, writing the flags into ``flags`` (int64, same shape), bit for bit."""
    for i in range(values.size):
        flags[i] = bocpd_step(state, values[i])
