"""The probability that realised volatility will be above its trailing median, from the members' log ratios and the density.

Experts, mixed by fixed share: for each member a logistic regression with two parameters on its log ratio; the probability of
the density; `FAST` calibrators of the latter, which forget quickly and whose slope may turn negative, so that a reversal of the
relation is learned within a few hundred bars; and the base rate.

State (float64): members | weights[E] | base rate | a regression of each member | the fast calibrators. A prediction's experts
(E,) are stored by the caller, and returned with the label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.calibration.calibration import inside, logit
from alpha_pulse.kernels.linear import newton
from alpha_pulse.kernels.mixing.hedge import fixed_share, mixture, sigmoid

Floats = NDArray[np.float64]

FORGETTING = (0.99, 0.995, 0.998)
FAST = len(FORGETTING)
PRIOR, FAST_PRIOR = 1.0, 4.0
SIZE = newton.size(2)
"""Numbers of one regression."""
STEEPNESS = 4.0
"""Log odds per unit of log ratio before any label."""
MOST_SCORE = 12.0
BASE_WEIGHT = 0.5
"""The weight of the base rate before any label, so that little is lost where nothing can be foreseen."""


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
    return _regressions_at(members) + (members + FAST) * SIZE


@kernel
def _regressions_at(members: int) -> int:
    return 1 + experts(members) + baselines.SIZE


@kernel
def start(state: Floats, members: int, horizon: int) -> None:
    """The state before the first label."""
    state[:] = 0.0
    state[0] = members
    others = experts(members) - 1
    state[1 : 1 + others], state[1 + others] = (1.0 - BASE_WEIGHT) / others, BASE_WEIGHT
    baselines.start(state, 1 + experts(members))
    at = _regressions_at(members)
    for k in range(members + FAST):
        block = state[at : at + SIZE]
        fast = k >= members
        block[newton.FORGETTING] = FORGETTING[k - members] ** horizon if fast else 1.0
        block[newton.PRIOR] = FAST_PRIOR if fast else PRIOR
        newton.start(block, 0, 2)
        at += SIZE


@kernel
def score_of(block: Floats, value: float, first: float) -> float:
    """The log odds of a regression on ``value``, which start as ``first``."""
    score = first + block[newton.WEIGHT] + block[newton.WEIGHT + 1] * value
    return float(min(max(score, -MOST_SCORE), MOST_SCORE))


@kernel
def learn_regression(block: Floats, value: float, first: float, label: int, horizon: float, scratch: Floats) -> None:
    """One step of the regression; labels count 1 / ``horizon``, because they overlap. ``scratch`` has 4 numbers."""
    z, u = scratch[:2], scratch[2:4]
    z[0], z[1] = 1.0, value
    newton.learn(block, 0, z, u, score_of(block, value, first), label, 1.0 / horizon, 1.0)


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
    at = _regressions_at(members)
    for j in range(members):
        out[j] = sigmoid(score_of(state[at : at + SIZE], means[j], STEEPNESS * means[j]))
        at += SIZE
    out[members] = inside(density)
    log_odds = logit(density)
    for k in range(FAST):
        out[members + 1 + k] = sigmoid(score_of(state[at : at + SIZE], log_odds, log_odds))
        at += SIZE
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
    at = _regressions_at(members)
    for j in range(members):
        learn_regression(state[at : at + SIZE], means[j], STEEPNESS * means[j], label, horizon, scratch)
        at += SIZE
    log_odds = logit(float(probabilities[members]))
    for _ in range(FAST):
        learn_regression(state[at : at + SIZE], log_odds, log_odds, label, horizon, scratch)
        at += SIZE
    baselines.learn(state, 1 + experts(members), label, baselines.UNKNOWN, 1.0)
