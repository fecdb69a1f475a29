"""What the regime detector takes for granted: three regimes, their priors, and the thresholds that hold its false alarms."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.detectors.calibrated import ThresholdCurve
from alpha_pulse.kernels.regimes.hmm import hmm_state

REFERENCE = 400
"""Blocks whose mean is the usual volatility."""
WARM_UP = 20
"""Blocks before a regime is named."""
REFUTED, DOUBTFUL = 0.01, 0.1
"""How improbable the named regime must have become for the name to move: by itself; when the volatility has changed lately."""
SUPPORT = 0.5
"""The probability of a change of volatility that counts as one."""
RECENT = 4
"""Blocks that count as lately."""
MIN_STAY = 3
"""Blocks from one move of the label to the next."""

VOLATILITIES = (-0.5, 0.0, 0.6)
"""Prior means of the log of volatility over its usual level: .6 and 1.8 times it."""
APART, SLACK = 0.35, 0.15
"""Regimes differ by a factor of at least 1.4; the normal one lies within a factor of 1.16 of the usual level."""
SPREAD = 0.25
LEAST_SPREAD, LARGEST_SPREAD = 0.1, 0.3
NOISE = 1.1
"""The deviation of a block's volatility, times the root of its bars, where bars have closes only and a heavy tail (t3)."""
STAY = 0.98
WEIGHT, MEMORY = 20.0, 1_000

MOST_UNUSUAL = 3.0
"""Standard errors at which trend and correlation are cut off before they help to name a regime."""

HAZARD = 0.01
"""A change is expected once in 100 blocks."""
CAPACITY = 100
PRIORS = {
    "volatility": (0.0, 0.1, 3.0, 3.0 * 0.2**2),
    "trend": (0.0, 0.5, 10.0, 10.0),
    "correlation": (0.0, 0.5, 10.0, 10.0),
}
"""Of a run's mean and variance (mean, kappa, alpha, beta). What is in standard errors has a variance of about 1."""

TABLE = "regime_thresholds.json"


@cache
def shipped_regime_curves() -> dict[str, ThresholdCurve]:
    """By number that is watched: the probability of a change that is believed, by values (blocks) per false alarm.

    ``alpha-pulse simulate-detectors --table regime_thresholds`` recreates that table: needed when `HAZARD`, `PRIORS`,
    `CAPACITY` or `REFERENCE` change, or the market numbers of `alpha_pulse.kernels.regimes.market_state`.
    """
    text = files("alpha_pulse.detectors").joinpath(TABLE).read_bytes()
    return msgspec.json.decode(text, type=dict[str, ThresholdCurve])


@cache
def _doubts() -> dict[str, ThresholdCurve]:
    """The same as one minus the probability, between whose logarithms thresholds are interpolated."""
    return {
        name: ThresholdCurve(curve.per, tuple(round(1.0 - threshold, 6) for threshold in curve.threshold))
        for name, curve in shipped_regime_curves().items()
    }


def hidden_states(block: int) -> NDArray[np.float64]:
    """The hidden Markov model before the first of the blocks of so many bars."""
    means, deviations = np.zeros((3, 3)), np.ones((3, 3))
    means[:, 0], deviations[:, 0] = VOLATILITIES, SPREAD
    leave = 1.0 - STAY
    transitions = np.array(
        [[STAY, 0.9 * leave, 0.1 * leave], [0.5 * leave, STAY, 0.5 * leave], [0.1 * leave, 0.9 * leave, STAY]]
    )
    bounds = np.array([[LEAST_SPREAD, 0.7, 0.7], [max(LARGEST_SPREAD, NOISE / math.sqrt(block)), 1.5, 3.0]])
    return hmm_state(
        means, deviations, transitions, bounds, learn_from=WARM_UP, memory=MEMORY, weight=WEIGHT, apart=APART, slack=SLACK
    )


def threshold(feature: str, blocks_per_alarm: float) -> float:
    """The probability of a change that is believed, for one false alarm in so many blocks over all three numbers together."""
    curve, numbers = _doubts()[feature], len(_doubts())
    each = max(blocks_per_alarm * numbers, curve.per[0])
    doubt = curve.at(each)
    if doubt is None:
        raise ConfigError(
            f"one false change point in {blocks_per_alarm:,.0f} blocks was asked for, but the thresholds of {feature} are "
            f"known for up to one in {curve.per[-1] / numbers:,.0f}; ask for no more"
        )
    return 1.0 - doubt
