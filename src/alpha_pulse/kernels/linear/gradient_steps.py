"""Steps of the linear learners along a gradient: SGD, AdaGrad, FTRL-Proximal and coin betting, each over one row of weights.

``w`` are the weights of one output over m standardised inputs ``z`` (the last is a constant 1), ``g`` the derivative of the
loss with respect to that output; ``a``, ``b``, ``c``, ``e`` (shape (m,)) are the state of an optimiser per weight.
Every weight is bounded by `MAX_WEIGHT`. The weight of the constant follows plain SGD, also in AdaGrad and FTRL: with their
decreasing rates it would not follow a changing base rate.

Sources: Bottou (2010) for SGD; Langford, Li & Zhang, "Sparse online learning via truncated gradient", JMLR 10 (2009) for L1;
Duchi, Hazan & Singer, "Adaptive subgradient methods", JMLR 12 (2011); McMahan et al., "Ad click prediction: a view from the
trenches", KDD (2013) for FTRL-Proximal; Orabona & Tommasi, "Training deep networks without learning rates through coin
betting", NIPS (2017) for COCOB.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.linear.linear import MAX_WEIGHT, clip

EPSILON = 1e-8
"""Start of the sum of squared gradients, which have no unit because inputs and targets are standardised."""
INTERCEPT_RATE = 0.01
"""Rate of the constant's weight, where the optimiser has no constant rate."""
FULL_BET = 100.0
"""Alpha of COCOB-Backprop: limits early bets, in units of the largest gradient."""

Row = NDArray[np.float64]


@kernel
def soften(w: float, threshold: float) -> float:
    """``w`` moved towards 0 by ``threshold``, at most to 0.

    >>> soften(-3.0, 1.0), soften(0.5, 1.0)
    (-2.0, 0.0)
    """
    return math.copysign(max(abs(w) - threshold, 0.0), w)


@kernel
def sgd(w: Row, z: Row, g: float, rate: float, l1: float, l2: float) -> None:
    """w -= rate (g z + l2 w), then L1 by soft thresholding; the constant's weight is not penalised."""
    m = z.shape[0]
    for j in range(m - 1):
        w[j] = clip(soften(w[j] - rate * (g * z[j] + l2 * w[j]), rate * l1), MAX_WEIGHT)
    w[m - 1] = clip(w[m - 1] - rate * g * z[m - 1], MAX_WEIGHT)


@kernel
def adagrad(w: Row, a: Row, z: Row, g: float, rate: float, boost: float, l1: float, l2: float) -> None:
    """SGD with a rate per weight: the rate divided by the root of the sum ``a`` of its squared gradients."""
    m = z.shape[0]
    for j in range(m - 1):
        gradient = g * z[j] + l2 * w[j]
        a[j] += gradient * gradient
        step = boost * rate / math.sqrt(a[j] + EPSILON)
        w[j] = clip(soften(w[j] - step * gradient, step * l1), MAX_WEIGHT)
    w[m - 1] = clip(w[m - 1] - boost * INTERCEPT_RATE * g, MAX_WEIGHT)


@kernel
def ftrl(w: Row, a: Row, b: Row, z: Row, g: float, alpha: float, boost: float, beta: float, l1: float, l2: float) -> None:
    """FTRL-Proximal: ``a`` is z of the paper, ``b`` its n."""
    m = z.shape[0]
    rate = alpha * boost
    if rate <= 0.0:
        return
    for j in range(m - 1):
        gradient = g * z[j]
        squares = b[j] + gradient * gradient
        a[j] += gradient - (math.sqrt(squares) - math.sqrt(b[j])) / rate * w[j]
        b[j] = squares
        stiffness = (beta + math.sqrt(squares)) / rate + l2
        w[j] = clip(-soften(a[j], l1) / stiffness, MAX_WEIGHT) if stiffness > 0.0 else 0.0
    w[m - 1] = clip(w[m - 1] - boost * INTERCEPT_RATE * g, MAX_WEIGHT)


@kernel
def ftrl_rebase(w: Row, a: Row, b: Row, rate: float, beta: float, l1: float, l2: float) -> None:
    """Change ``a`` so that it gives the same weights at a new rate; otherwise every weight would jump."""
    for j in range(w.shape[0] - 1):
        if w[j] != 0.0:
            a[j] = -w[j] * ((beta + math.sqrt(b[j])) / rate + l2) - math.copysign(l1, w[j])


@kernel
def coin(w: Row, a: Row, b: Row, c: Row, e: Row, z: Row, g: float, keep: float) -> None:
    """COCOB: each weight is a bet on the sign of its next gradient, of a fraction of its winnings.

    ``a`` sum of negative gradients, ``b`` of absolute ones, ``c`` the largest, ``e`` the winnings; ``keep`` < 1 forgets.
    """
    for j in range(z.shape[0]):
        gradient = -g * z[j]
        size = abs(gradient)
        c[j] = max(c[j], size)
        e[j] = max(keep * e[j] + w[j] * gradient, 0.0)
        a[j] = keep * a[j] + gradient
        b[j] = keep * b[j] + size
        if c[j] > 0.0:
            share = a[j] / (c[j] * max(b[j] + c[j], FULL_BET * c[j]))
            w[j] = clip(share * (c[j] + e[j]), MAX_WEIGHT)
