"""A trial: the adapted model and its control, an unchanged copy, learn the same labels and serve as a mixture.

Labels over a horizon of h bars overlap: losses enter the weights with exponent 1/h, and the saving is tested on sums over
blocks of h labels, self-normalised (de la Peña, Lai & Shao, "Self-normalized processes", 2009).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import log_loss
from alpha_pulse.kernels.session import layout


@kernel
def mix(trial: NDArray[np.float64], adapted: float, control: float) -> float:
    """The probability to serve; a model without one (NaN) is left out."""
    if math.isnan(adapted):
        return control
    if math.isnan(control):
        return adapted
    return float(trial[layout.TRIAL_WEIGHT] * adapted + (1.0 - trial[layout.TRIAL_WEIGHT]) * control)


@kernel
def compare(trial: NDArray[np.float64], adapted: float, control: float, label: int, horizon: int) -> None:
    """Score one label that both had predicted; a model that had diverged (NaN) counts as a prediction of 1/2."""
    adapted_loss = log_loss(0.5 if math.isnan(adapted) else adapted, label)
    control_loss = log_loss(0.5 if math.isnan(control) else control, label)
    trial[layout.TRIAL_SAMPLES] += 1.0
    trial[layout.TRIAL_SAVED] += control_loss - adapted_loss
    trial[layout.TRIAL_BLOCK] += control_loss - adapted_loss
    if trial[layout.TRIAL_SAMPLES] % horizon == 0.0:
        trial[layout.TRIAL_SQUARES] += trial[layout.TRIAL_BLOCK] * trial[layout.TRIAL_BLOCK]
        trial[layout.TRIAL_BLOCK] = 0.0
    adapted_weight = trial[layout.TRIAL_WEIGHT] * math.exp(-adapted_loss / horizon)
    weight = adapted_weight / (adapted_weight + (1.0 - trial[layout.TRIAL_WEIGHT]) * math.exp(-control_loss / horizon))
    trial[layout.TRIAL_WEIGHT] = min(max(weight, 1e-6), 1.0 - 1e-6)
