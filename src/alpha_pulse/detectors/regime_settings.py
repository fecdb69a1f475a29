"""The constants of the regime detector: its three regimes, their priors, and the thresholds of its change points."""

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
from alpha_pulse.kernels.regimes.regime_detector import WARM_UP

REFERENCE = 400
"""Blocks over which the usual volatility is averaged."""

VOLATILITIES = (-0.5, 0.0, 0.6)
"""Prior means of the log of volatility over its usual level: .6 and 1.8 times it."""
APART, SLACK = 0.35, 0.15
"""Neighbouring regimes differ by a factor of 1.4 or more; the normal one is within a factor of 1.16 of the usual level."""
SPREAD = 0.25
LEAST_SPREAD, LARGEST_SPREAD = 0.1, 0.3
NOISE = 1.1
"""Standard deviation of a block's volatility times the root of its number of bars, for closes with heavy tails (t3)."""
STAY = 0.98
WEIGHT, MEMORY = 20.0, 1_000

HAZARD = 0.01
"""Prior probability of a change at each block."""
CAPACITY = 100
PRIORS = {
    "volatility": (0.0, 0.1, 3.0, 3.0 * 0.2**2),
    "trend": (0.0, 0.5, 10.0, 10.0),
    "correlation": (0.0, 0.5, 10.0, 10.0),
}
"""Priors of the mean and variance of a segment: mean, kappa, alpha, beta. Trend and correlation have a variance of about 1."""

TABLE = "regime_thresholds.json"


@cache
def shipped_regime_curves() -> dict[str, ThresholdCurve]:
    """For each monitored number: the probability from which a change counts, by blocks per false alarm.

    ``alpha-pulse simulate-detectors --table regime_thresholds`` recreates that table. Recreate it when `HAZARD`,
    `PRIORS`, `CAPACITY` or `REFERENCE` change, or the numbers of `alpha_pulse.kernels.regimes.market_state`.
    """
    text = files("alpha_pulse.detectors").joinpath(TABLE).read_bytes()
    return msgspec.json.decode(text, type=dict[str, ThresholdCurve])


@cache
def _doubts() -> dict[str, ThresholdCurve]:
    """The same curves as one minus the probability; thresholds are interpolated between its logarithms."""
    return {
        name: ThresholdCurve(curve.per, tuple(round(1.0 - threshold, 6) for threshold in curve.threshold))
        for name, curve in shipped_regime_curves().items()
    }


def hidden_states(block: int) -> NDArray[np.float64]:
    """The initial hidden Markov model for blocks of ``block`` bars."""
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
    """The probability from which a change counts, for one false alarm in ``blocks_per_alarm`` blocks over all three numbers."""
    curve, numbers = _doubts()[feature], len(_doubts())
    each = max(blocks_per_alarm * numbers, curve.per[0])
    doubt = curve.at(each)
    if doubt is None:
        raise ConfigError(
            f"samples_per_false_alarm is {blocks_per_alarm:,.0f} blocks, but the thresholds of {feature} are known for at most "
            f"{curve.per[-1] / numbers:,.0f}; choose a smaller number"
        )
    return 1.0 - doubt
