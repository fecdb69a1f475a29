"""An adaptation on trial: the adapted model and the model as it was learn side by side, and serve as a mixture of two."""

from __future__ import annotations

import math

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.mixing.hedge import log_loss
from alpha_pulse.models.base import OnlineModel

LUCK = 1.645
"""Standard deviations that the saving must lie above 0: luck alone gets there in one trial of twenty."""
MIN_BLOCKS = 10


class TrialResult(msgspec.Struct, frozen=True):
    """What came of a trial: ``effect`` is the mean log loss saved by the adapted model on ``samples`` common labels."""

    effect: float
    samples: int
    accepted: bool


class Trial:
    """Two models on the same examples. Neither is believed: what is served is their mixture, weighted by what each lost.

    Labels over a horizon of h bars overlap: losses enter the weights with exponent 1/h, and the saving is judged on sums over
    blocks of h labels, self-normalised (de la Peña, Lai & Shao, "Self-normalized processes", 2009). While the trial lasts
    the mixture loses at most h * log(2) nats more than the better of the two.

    Parameters
    ----------
    control
        The model as it was.
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
        """The probability to serve; a model that says nothing (NaN) is left out."""
        if math.isnan(adapted):
            return control
        if math.isnan(control):
            return adapted
        return self._weight * adapted + (1.0 - self._weight) * control

    def compare(self, adapted: float, control: float, label: int) -> None:
        """Judge one settled prediction that both had made; a model that had diverged (NaN) counts as one that says 1/2."""
        lost, kept = (log_loss(0.5 if math.isnan(p) else p, label) for p in (adapted, control))
        self.samples += 1
        self._saved += kept - lost
        self._block += kept - lost
        if self.samples % self._horizon == 0:
            self._squares += self._block * self._block
            self._block = 0.0
        ours = self._weight * math.exp(-lost / self._horizon)
        weight = ours / (ours + (1.0 - self._weight) * math.exp(-kept / self._horizon))
        self._weight = min(max(weight, 1e-6), 1.0 - 1e-6)

    def verdict(self) -> TrialResult:
        """Whether the adapted model goes on: only when it saved more than luck would."""
        enough = self.samples >= MIN_BLOCKS * self._horizon
        accepted = enough and self._saved > LUCK * math.sqrt(self._squares + self._block * self._block)
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
