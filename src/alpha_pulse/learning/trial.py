"""The trial of an adaptation: the adapted model and an unchanged copy learn the same labels, and their mixture is served."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from alpha_pulse.core.stateful import State, take
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session import trial as kernels
from alpha_pulse.models.base import OnlineModel, Row

CRITICAL_VALUE = 1.645
"""Standard deviations by which the saving must exceed 0: by chance this happens in one trial of twenty."""
MIN_BLOCKS = 10
"""Blocks of h labels before an adaptation can be accepted."""


class TrialResult(msgspec.Struct, frozen=True):
    """``effect`` is the mean log loss (nats) that the adapted model saved on ``samples`` common labels, compared with the
    control."""

    effect: float
    samples: int
    accepted: bool


class Trial:
    """Two models on the same examples. Their mixture is served, weighted by their losses.

    Labels over a horizon of h bars overlap: the mixture multiplies each loss by 1/h (raises each likelihood to the power
    1/h), and the saving is tested on sums over blocks of h labels, self-normalised (de la Peña, Lai & Shao, "Self-normalized
    processes", 2009). During the trial the mixture loses at most h * log(2) nats more than the better of the two.

    Parameters
    ----------
    control
        A copy of the model before the adaptation.
    horizon
        Number of labels that overlap, h.
    """

    def __init__(self, control: OnlineModel, horizon: int) -> None:
        self.control = control
        self._horizon = horizon
        self.numbers: Row = np.zeros(layout.TRIAL)
        """Packed; see `alpha_pulse.kernels.session.layout`."""
        self.numbers[layout.TRIAL_WEIGHT] = 0.5

    @property
    def samples(self) -> int:
        """Labels on which both were compared."""
        return int(self.numbers[layout.TRIAL_SAMPLES])

    @property
    def weight(self) -> float:
        """The adapted model's weight in the mixture, 0 to 1."""
        return float(self.numbers[layout.TRIAL_WEIGHT])

    def mix(self, adapted: float, control: float) -> float:
        """The probability to serve; a model without one (NaN) is left out."""
        return kernels.mix(self.numbers, adapted, control)

    def compare(self, adapted: float, control: float, label: int) -> None:
        """Score one label that both predicted; a model that has diverged (NaN) counts as a prediction of 1/2."""
        kernels.compare(self.numbers, adapted, control, label, self._horizon)

    def result(self) -> TrialResult:
        """The effect so far, and whether the adapted model is accepted, which requires a significant saving."""
        enough = self.samples >= MIN_BLOCKS * self._horizon
        _, saved, block, squares, _ = self.numbers.tolist()
        accepted = enough and saved > CRITICAL_VALUE * math.sqrt(squares + block * block)
        return TrialResult(saved / self.samples if self.samples else 0.0, self.samples, accepted)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        model = self.control.snapshot()
        return State({"model": model.scalars}, {**model.arrays, "trial": self.numbers.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        arrays = dict(state.arrays)
        take(self.numbers, state, "trial")
        del arrays["trial"]
        self.control.restore(State(state.scalars["model"], arrays))
