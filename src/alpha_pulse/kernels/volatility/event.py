"""The probability that realised volatility will be above its trailing median, from the members' log ratios and the density.

Experts, mixed by fixed share: for each member a logistic regression with two parameters on its log ratio; the probability of
the density; `FAST` calibrators of the latter, which forget quickly and whose slope may turn negative, so that a reversal of the
relation is learned within a few hundred bars; and the base rate.

State (float64): members | weights[E] | base rate | calibration of each member | fast calibrators. A prediction's experts (E,)
are stored by the caller, and returned with the label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.calibration.calibration import inside, logit
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.mixing.hedge import fixed_share, mixture, sigmoid

Floats = NDArray[np.float64]

FORGETTING = (0.99, 0.995, 0.998)
FAST = len(FORGETTING)
FAST_PRIOR = 4.0
FAST_SIZE = newton.size(2)
STEEPNESS = 4.0
"""Log odds per unit of log ratio before any label."""
MOST_SCORE = 12.0


@kernel
def experts(members: int) -> int:
    """Number of experts.

    >>> experts(5)
    10
    """
    return members + 1 + FAST + 1


@kernel
def size(members: int) -> int:
    """Numbers of the state."""
    return 1 + experts(members) + baselines.SIZE + members * calibration.SIZE + FAST * FAST_SIZE


@kernel
def _calibration_at(members: int) -> int:
    return 1 + experts(members) + baselines.SIZE


@kernel
def start(state: Floats, members: int, horizon: int) -> None:
    """The state before the first label."""
    state[:] = 0.0
    state[0] = members
    state[1 : 1 + experts(members)] = 1.0 / experts(members)
    baselines.start(state, 1 + experts(members))
    at = _calibration_at(members)
    for _ in range(members):
        calibration.start(state[at : at + calibration.SIZE], 1.0 / horizon)
        at += calibration.SIZE
    for k in range(FAST):
        fast = state[at : at + FAST_SIZE]
        fast[newton.FORGETTING], fast[newton.PRIOR] = FORGETTING[k] ** horizon, FAST_PRIOR
        newton.start(fast, 0, 2)
        at += FAST_SIZE


@kernel
def _fast_score(fast: Floats, log_odds: float) -> float:
    score = (1.0 + fast[newton.WEIGHT + 1]) * log_odds + fast[newton.WEIGHT]
    return float(min(max(score, -MOST_SCORE), MOST_SCORE))


@kernel
def predict(state: Floats, means: Floats, density: float, out: Floats) -> float:
    """The mixture's probability.

    Parameters
    ----------
    means
        The log ratios of the members, (J,).
    density
        The density's probability of a log ratio above 0.
    out
        Filled with the experts' probabilities, (E,).
    """
    members = means.shape[0]
    at = _calibration_at(members)
    for j in range(members):
        out[j] = inside(calibration.calibrate(state[at : at + calibration.SIZE], STEEPNESS * means[j]))
        at += calibration.SIZE
    out[members] = inside(density)
    log_odds = logit(density)
    for k in range(FAST):
        out[members + 1 + k] = sigmoid(_fast_score(state[at : at + FAST_SIZE], log_odds))
        at += FAST_SIZE
    out[members + 1 + FAST] = baselines.base_rate(state, 1 + experts(members))
    return mixture(state, 1, out, experts(members))


@kernel
def learn(
    state: Floats, means: Floats, probabilities: Floats, label: int, horizon: float, share: float, scratch: Floats
) -> None:
    """Learn one label, with the ``means`` (J,) and the experts' ``probabilities`` (E,) of its prediction.

    ``share`` is that of fixed share, per label; ``scratch`` has 4 numbers.
    """
    members = means.shape[0]
    fixed_share(state, 1, probabilities, experts(members), label, 1.0 / horizon, share)
    at = _calibration_at(members)
    for j in range(members):
        calibration.learn(state[at : at + calibration.SIZE], STEEPNESS * means[j], label, 1.0)
        at += calibration.SIZE
    log_odds = logit(float(probabilities[members]))
    z, u = scratch[:2], scratch[2:4]
    z[0], z[1] = 1.0, log_odds
    for _ in range(FAST):
        fast = state[at : at + FAST_SIZE]
        newton.learn(fast, 0, z, u, _fast_score(fast, log_odds), label, 1.0 / horizon, 1.0)
        at += FAST_SIZE
    baselines.learn(state, 1 + experts(members), label, baselines.UNKNOWN, 1.0)
