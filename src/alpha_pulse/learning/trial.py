"""The trial of an adaptation: the adapted model and an unchanged copy learn the same labels, and their mixture is served."""

from __future__ import annotations

import math

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.mixing.hedge import log_loss
from alpha_pulse.models.base import OnlineModel

CRITICAL_VALUE = 1.645
"""Standard deviations by which the saving must exceed 0: by chance this happens in one trial of twenty."""
MIN_BLOCKS = 10
"""Blocks of h labels before an adaptation can be accepted."""


class TrialResult(msgspec.Struct, frozen=True):
    """``effect`` is the mean log loss (nats) that the adapted model saved on ``samples`` common labels, against the control."""

    effect: float
    samples: int
    accepted: bool


class Trial:
    """Two models on the same examples. Their mixture is served, weighted by their losses.

    Labels over a horizon of h bars overlap: the mixture multiplies each loss by 1/h (raises each likelihood to the power
    1/h), and the saving is tested on sums over blocks of h labels, self-normalised (de la Peña, Lai & Shao, "Self-normalized
    processes", 2009). While the trial lasts the mixture loses at most h * log(2) nats more than the better of the two.

    Parameters
    ----------
    control
        A copy of the model before the adaptation.
    horizon
        Labels over which they overlap, h.
    """

    def __init__(self, control: OnlineModel, horizon: int) -> None:
        self.control = control
        self.samples = 0
        self._horizon = horizon
        self._weight = 0.5
        self._saved = 0.0
        self._block = 0.0
        self._squares = 0.0

    @property
    def weight(self) -> float:
        """The adapted model's weight in the mixture, 0 to 1."""
        return self._weight

    def mix(self, adapted: float, control: float) -> float:
        """The probability to serve; a model without one (NaN) is left out."""
        if math.isnan(adapted):
            return control
        if math.isnan(control):
            return adapted
        return self._weight * adapted + (1.0 - self._weight) * control

    def compare(self, adapted: float, control: float, label: int) -> None:
        """Score one label that both had predicted; a model that had diverged (NaN) counts as a prediction of 1/2."""
        adapted_loss, control_loss = (log_loss(0.5 if math.isnan(p) else p, label) for p in (adapted, control))
        self.samples += 1
        self._saved += control_loss - adapted_loss
        self._block += control_loss - adapted_loss
        if self.samples % self._horizon == 0:
            self._squares += self._block * self._block
            self._block = 0.0
        adapted_weight = self._weight * math.exp(-adapted_loss / self._horizon)
        weight = adapted_weight / (adapted_weight + (1.0 - self._weight) * math.exp(-control_loss / self._horizon))
        self._weight = min(max(weight, 1e-6), 1.0 - 1e-6)

    def result(self) -> TrialResult:
        """The effect so far, and whether the adapted model is accepted: only when it saved more than chance would."""
        enough = self.samples >= MIN_BLOCKS * self._horizon
        accepted = enough and self._saved > CRITICAL_VALUE * math.sqrt(self._squares + self._block * self._block)
        return TrialResult(self._saved / self.samples if self.samples else 0.0, self.samples, accepted)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        model = self.control.snapshot()
        numbers = [self._weight, self._saved, self._block, self._squares]
        return State({"model": model.scalars, "samples": self.samples, "numbers": numbers}, model.arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self.control.restore(State(state.scalars["model"], state.arrays))
        self.samples = state.scalars["samples"]
        self._weight, self._saved, self._block, self._squares = state.scalars["numbers"]
