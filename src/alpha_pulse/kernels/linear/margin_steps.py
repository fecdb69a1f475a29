"""Steps of the margin-based linear learners: passive-aggressive I and II, and AROW, over one row of weights.

Passive-aggressive uses the hinge (or epsilon-insensitive) loss and the direction that reduces it; AROW uses the signed loss.
``w`` (m,) are weights over standardised inputs ``z``, of which the last is a constant 1.

Sources: Crammer, Dekel, Keshet, Shalev-Shwartz & Singer, "Online passive-aggressive algorithms", JMLR 7 (2006); Crammer,
Kulesza & Dredze, "Adaptive regularization of weight vectors", Machine Learning 91 (2013), doi 10.1007/s10994-013-5327-x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear.linear import MAX_WEIGHT, clip

EPSILON = 0.1
"""Largest error of a regression, in standard deviations of the target, that passive-aggressive ignores."""

Row = NDArray[np.float64]


@kernel
def passive_aggressive(w: Row, z: Row, loss: float, direction: float, aggressiveness: float, second: bool) -> None:
    """Smallest step that removes ``loss`` in ``direction`` (+1 or -1), capped (I) or softened (II) by ``aggressiveness``."""
    if loss <= 0.0:
        return
    length = 0.0
    for j in range(z.shape[0]):
        length += z[j] * z[j]
    step = loss / (length + 0.5 / aggressiveness) if second else min(aggressiveness, loss / length)
    for j in range(z.shape[0]):
        w[j] = clip(w[j] + step * direction * z[j], MAX_WEIGHT)


@kernel
def unsure(variances: Row, z: Row) -> float:
    """The variance of a score: the sum of squared inputs times the weights' variances."""
    total = 0.0
    for j in range(z.shape[0]):
        total += variances[j] * z[j] * z[j]
    return total


@kernel
def arow(
    w: Row, variances: Row, z: Row, error: float, weight: float, noise: float, boost: float, forgetting: float, prior: float
) -> None:
    """Move the weights by ``error`` times their variance, then reduce the variances along this row.

    ``noise`` is the variance of an example (the paper's r); ``boost`` multiplies the variances for the step of the
    weights; ``forgetting`` < 1 lets the variances grow again, at most to the ``prior``.
    """
    spread = unsure(variances, z)
    step = boost * weight * error / (boost * weight * spread + noise)
    shrink = weight / (weight * spread + noise)
    for j in range(z.shape[0]):
        lever = variances[j] * z[j]
        w[j] = clip(w[j] + step * lever, MAX_WEIGHT)
        variances[j] = min((variances[j] - shrink * lever * lever) / forgetting, prior)
