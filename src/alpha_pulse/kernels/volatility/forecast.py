"""The volatility forecast of one symbol over one horizon: members, their densities, the level, and the event's probability.

One step per bar, after the wide row of that bar: first the label of the prediction of h bars ago is learned, then the next
prediction is made. The label is realised volatility (root of the sum of h squared returns) over the trailing median at its
prediction, as a log ratio y; the event is y > 0.

``plan`` (int64): members | horizon | the wide column of the factor ahead | per member its kind, the number of its inputs, and
where its inputs and its regression begin. State (float64): head | mean label of each slot | squared residuals[J] | density
weights[2J] | event | regressions | ring of `alpha_pulse.kernels.volatility.forecast.pending_size` numbers per prediction.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.moments import ema_weight
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.volatility import density, event, inputs, least_squares, wide
from alpha_pulse.kernels.volatility.calendar import MOST_SLOTS, NO_SLOT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEMBERS, HORIZON, AHEAD, ALL_INPUTS, RANDOM, PLAN = range(6)
KIND, WIDTH, INPUTS_AT, REGRESSION_AT = range(4)
PER_MEMBER = 4

BARS, LABELS, SCALE, SIZING_SCALE, FACTOR_MEAN = range(5)
HEAD = 8
SLOT_MEANS = HEAD
SLOT_COUNTS = SLOT_MEANS + MOST_SLOTS
VARIANCES = SLOT_COUNTS + MOST_SLOTS

MEDIAN, SLOT, LOG_AHEAD, VARIANCE, SIZING_VARIANCE, PENDING = range(6)
VOLATILITY, SIZING, EVENT, LOG_MEAN, MEMBER_COLUMNS = range(5)
"""Columns of a forecast: the level (volatility over h bars), the level for sizing, the event's probability, the mean log ratio;
then per member the log ratio, then their scales, then the density weights, then the probabilities of the experts on the event.

The level for sizing is the geometric mean of the level and of a plain exponential mean of squared returns. It is a worse
forecast, but it corrects itself: after large returns positions are small at once, and so their risk is steadier from week to
week, and not too large in a crisis that no forecast sees."""

SHARE = 1e-3
"""Fixed share per h labels."""
FORGETTING = 0.9999
HAR_PRIOR, REGRESSION_PRIOR = 0.01, 20.0
CLIPPED = 3.0
"""The regressions learn from residuals of at most this many standard deviations."""
CLIPPED_AFTER = 200.0
LEAST_RATIO = 0.01
"""Smallest ratio of realised volatility to its median: the log of 0 would be infinite."""
FIRST_VARIANCE = 0.2
FIRST_COUNT = 20.0
VARIANCE_SPAN = 1_000.0
OUTLIER = 25.0
"""A squared residual counts at most this many variances."""
SLOT_PRIOR, SLOT_LEAST = 4.0, 0.02
SCALE_SPAN = 5_000.0
SCALE_PRIOR = 50.0
MOST_MISS = 20.0
"""A ratio of realised to forecast variance counts at most this many times its mean."""


@kernel
def plan_for(plan: Ints, kinds: Ints, horizon: int, ahead: int, random_features: int) -> None:
    """Fill the plan of ``kinds`` of members (J,), in `PLAN` + J * `PER_MEMBER` numbers.

    ``ahead`` is the number of the horizon among those of the wide features.
    """
    plan[MEMBERS], plan[HORIZON], plan[AHEAD], plan[RANDOM] = kinds.shape[0], horizon, wide.AHEAD + ahead, random_features
    members = kinds.shape[0]
    input_at, regression_at = 0, VARIANCES + 3 * members + event.size(members)
    for j in range(members):
        n = inputs.count(kinds[j], random_features)
        at = PLAN + PER_MEMBER * j
        plan[at + KIND], plan[at + WIDTH], plan[at + INPUTS_AT], plan[at + REGRESSION_AT] = kinds[j], n, input_at, regression_at
        input_at += n
        regression_at += newton.size(n)
    plan[ALL_INPUTS] = input_at


@kernel
def ring_at(plan: Ints) -> int:
    """Where the ring of predictions begins."""
    at = PLAN + PER_MEMBER * (plan[MEMBERS] - 1)
    return int(plan[at + REGRESSION_AT] + newton.size(plan[at + WIDTH]))


@kernel
def pending_size(plan: Ints) -> int:
    """Numbers of one prediction in the ring: head, log ratios, scales, event experts, inputs."""
    return int(PENDING + 2 * plan[MEMBERS] + event.experts(plan[MEMBERS]) + plan[ALL_INPUTS])


@kernel
def size(plan: Ints) -> int:
    """Numbers of the state."""
    return int(ring_at(plan) + plan[HORIZON] * pending_size(plan))


@kernel
def columns(members: int) -> int:
    """Columns of a forecast."""
    return MEMBER_COLUMNS + 4 * members + event.experts(members)


@kernel
def start(plan: Ints, state: Floats) -> None:
    """The state before the first bar."""
    members = plan[MEMBERS]
    state[:] = 0.0
    state[SCALE] = state[SIZING_SCALE] = 1.0
    state[VARIANCES : VARIANCES + members] = FIRST_VARIANCE
    density.start(state[VARIANCES + members : VARIANCES + 3 * members])
    at = VARIANCES + 3 * members
    event.start(state[at : at + event.size(members)], members, plan[HORIZON])
    for j in range(members):
        own = PLAN + PER_MEMBER * j
        n, first = plan[own + WIDTH], plan[own + REGRESSION_AT]
        prior = HAR_PRIOR if plan[own + KIND] < inputs.LEVEL_REGRESSION else REGRESSION_PRIOR
        least_squares.start(state[first : first + newton.size(n)], n, FORGETTING, prior)


@kernel
def _learn_members(plan: Ints, state: Floats, pending: Floats, y: float, scratch: Floats) -> None:
    """Let the regressions and the scales of the members learn the label ``y``."""
    members, horizon = plan[MEMBERS], plan[HORIZON]
    means, scales = pending[PENDING : PENDING + members], pending[PENDING + members : PENDING + 2 * members]
    at = PENDING + 2 * members + event.experts(members)
    log_median = math.log(pending[MEDIAN])
    every = max(1, horizon // 3)
    labels = state[LABELS]
    for j in range(members):
        own = PLAN + PER_MEMBER * j
        kind, n, first, regression = plan[own + KIND], plan[own + WIDTH], plan[own + INPUTS_AT], plan[own + REGRESSION_AT]
        regresses = kind >= inputs.LEVEL_REGRESSION
        if not regresses or labels % every == 0.0:
            x, block = pending[at + first : at + first + n], state[regression : regression + newton.size(n)]
            target = y if regresses else y + log_median
            if inputs.seasonal(kind):
                target -= pending[LOG_AHEAD]
            error = target - least_squares.predict(block, x)
            if regresses and labels >= CLIPPED_AFTER:
                bound = CLIPPED * scales[j]
                error = min(max(error, -bound), bound)
            least_squares.learn(block, x, error, scratch[:n])
        missed, variance = y - means[j], state[VARIANCES + j]
        weight = max(1.0 / (labels + FIRST_COUNT), 1.0 / VARIANCE_SPAN)
        state[VARIANCES + j] += weight * (min(missed * missed, OUTLIER * variance) - variance)


@kernel
def _learn(plan: Ints, state: Floats, pending: Floats, realised: float, scratch: Floats) -> None:
    """Learn the label of the prediction in ``pending``."""
    members, horizon = plan[MEMBERS], 1.0 * plan[HORIZON]
    ratio = realised / pending[MEDIAN]
    y = math.log(max(ratio, LEAST_RATIO))
    state[LABELS] += 1.0
    slot = int(pending[SLOT])
    if slot != NO_SLOT:
        state[SLOT_COUNTS + slot] += 1.0
        weight = max(1.0 / (state[SLOT_COUNTS + slot] + SLOT_PRIOR), SLOT_LEAST)
        state[SLOT_MEANS + slot] += weight * (y - state[SLOT_MEANS + slot])
    weight = max(1.0 / (state[LABELS] + SCALE_PRIOR), 1.0 / SCALE_SPAN)
    for scale, variance in ((SCALE, VARIANCE), (SIZING_SCALE, SIZING_VARIANCE)):
        miss = ratio * ratio / pending[variance]
        state[scale] += weight * (min(miss, MOST_MISS * state[scale]) - state[scale])
    means, scales = pending[PENDING : PENDING + members], pending[PENDING + members : PENDING + 2 * members]
    at = VARIANCES + members
    density.learn(state[at : at + 2 * members], means, scales, y, 1.0 / horizon, SHARE / horizon)
    at += 2 * members
    first = PENDING + 2 * members
    probabilities = pending[first : first + event.experts(members)]
    events = state[at : at + event.size(members)]
    event.learn(events, means, probabilities, 1 if ratio > 1.0 else 0, horizon, SHARE / horizon, scratch)
    _learn_members(plan, state, pending, y, scratch)


@kernel
def _predict(plan: Ints, state: Floats, row: Floats, projection: Floats, median: float, pending: Floats, out: Floats) -> None:
    """Fill ``pending`` and ``out`` with the prediction from a wide row."""
    members, slot = plan[MEMBERS], int(row[wide.SLOT])
    shift, log_median = 0.5 * math.log(1.0 * plan[HORIZON]) - math.log(median), math.log(median)
    log_ahead = inputs.log_ahead_of(row, plan[AHEAD])
    log_ratio = log_ahead - 0.5 * math.log(state[FACTOR_MEAN])
    slot_mean = 0.0 if slot == NO_SLOT else state[SLOT_MEANS + slot]
    pending[MEDIAN], pending[SLOT], pending[LOG_AHEAD] = median, slot, log_ahead
    means, scales = pending[PENDING : PENDING + members], pending[PENDING + members : PENDING + 2 * members]
    first = PENDING + 2 * members
    probabilities = pending[first : first + event.experts(members)]
    at = first + event.experts(members)
    for j in range(members):
        own = PLAN + PER_MEMBER * j
        kind, n, begin, regression = plan[own + KIND], plan[own + WIDTH], plan[own + INPUTS_AT], plan[own + REGRESSION_AT]
        x = pending[at + begin : at + begin + n]
        inputs.fill(kind, row, shift, log_ahead, log_ratio, slot_mean, projection, x)
        value = least_squares.predict(state[regression : regression + newton.size(n)], x)
        if kind < inputs.LEVEL_REGRESSION:
            value -= log_median
        if inputs.seasonal(kind):
            value += log_ahead
        means[j], scales[j] = inputs.bounded(value), math.sqrt(state[VARIANCES + j])
    weights_at = VARIANCES + members
    weights = state[weights_at : weights_at + 2 * members]
    log_mean = density.mean(weights, means)
    pending[VARIANCE] = math.exp(2.0 * log_mean)
    pending[SIZING_VARIANCE] = math.exp(log_mean + inputs.bounded(row[wide.EWMA] + shift))
    above = 1.0 - density.below(weights, means, scales, 0.0)
    events = state[weights_at + 2 * members : weights_at + 2 * members + event.size(members)]
    out[VOLATILITY] = median * math.sqrt(state[SCALE] * pending[VARIANCE])
    out[SIZING] = median * math.sqrt(state[SIZING_SCALE] * pending[SIZING_VARIANCE])
    out[EVENT] = event.predict(events, means, above, probabilities)
    out[LOG_MEAN] = log_mean
    for j in range(members):
        out[MEMBER_COLUMNS + j], out[MEMBER_COLUMNS + members + j] = means[j], scales[j]
    for k in range(2 * members):
        out[MEMBER_COLUMNS + 2 * members + k] = weights[k]
    for k in range(event.experts(members)):
        out[MEMBER_COLUMNS + 4 * members + k] = probabilities[k]


@kernel
def forecast_step(
    plan: Ints, state: Floats, row: Floats, projection: Floats, realised: float, median: float, scratch: Floats, out: Floats
) -> None:
    """Learn from one bar, then predict.

    Parameters
    ----------
    plan, state
        See `plan_for` and `start`; the state is changed in place.
    row
        The bar's wide row.
    projection
        Weights of the random features, (their number, `inputs.N_REGRESSION`).
    realised, median
        Realised volatility over the last h bars and its trailing median, as `alpha_pulse.features.extractor` has them; a
        median of 0 is not known yet.
    scratch
        As many numbers as the widest member has inputs, at least 4; their content does not matter.
    out
        Filled, (`columns`,); NaN while the median is unknown.
    """
    n, horizon = pending_size(plan), plan[HORIZON]
    bars = int(state[BARS])
    at = ring_at(plan) + bars % horizon * n
    pending = state[at : at + n]
    state[BARS] += 1.0
    state[FACTOR_MEAN] += ema_weight(state[BARS], 1.0 * horizon) * (row[wide.FACTOR] - state[FACTOR_MEAN])
    if bars >= horizon and pending[MEDIAN] > 0.0:
        _learn(plan, state, pending, realised, scratch)
    if median > 0.0:
        _predict(plan, state, row, projection, median, pending, out)
    else:
        pending[MEDIAN] = 0.0
        out[:] = math.nan


@kernel
def forecast_rows(
    plan: Ints, state: Floats, rows: Floats, projection: Floats, levels: Floats, scratch: Floats, out: Floats
) -> None:
    """`forecast_step` for each row; ``levels`` (n, 2 or more): realised volatility and its trailing median after each bar."""
    for i in range(rows.shape[0]):
        forecast_step(plan, state, rows[i], projection, levels[i, 0], levels[i, 1], scratch, out[i])
