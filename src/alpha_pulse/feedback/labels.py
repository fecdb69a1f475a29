"""Labels, computed only from the bars after a prediction.

``volatility``: realised volatility over the next h bars above the trailing median known at prediction time.
``direction``: the close h bars later above the close (or the next bar's open) at prediction time; weighted by the move's size.
"""

from __future__ import annotations

import math
from collections import deque

import msgspec

from alpha_pulse.core.types import Example


class Label(Example, frozen=True, kw_only=True, omit_defaults=True):
    """A label, in the form in which it is learned and journaled.

    ``value`` is realised over median volatility, or the log return from close to close; ``next_open_return`` is the log return
    from the next bar's open, for direction. ``scores`` are the predictions for the label (see `kernels.mixing.ensemble`):
    members' probabilities, label, last label known, and the online model's probability before calibration. They are set when
    the label is joined to its prediction, and stay empty for a tie. ``trial`` contains the probabilities of the adapted model
    and of its control, before calibration, if the label counts for a trial.
    """

    symbol: str
    target: str
    value: float
    next_open_return: float | None = None
    scores: list[float | None] = msgspec.field(default_factory=list)
    trial: list[float | None] = msgspec.field(default_factory=list)


class Expired(msgspec.Struct, frozen=True):
    """A prediction whose bar came too late for a label."""

    symbol: str
    target: str
    prediction_id: str


class RealisedVolatility:
    """Root of the sum of the last h squared close-to-close log returns of one symbol.

    Equal bit for bit to `alpha_pulse.features.extractor.FeatureExtractor.realised`, from which labels are made.
    """

    def __init__(self, horizon: int) -> None:
        self._squares: deque[float] = deque(maxlen=horizon)
        self._log = math.nan

    def update(self, close: float) -> None:
        """Add the next close."""
        log, before = math.log(close), self._log
        if not math.isnan(before):
            self._squares.append((log - before) * (log - before))
        self._log = log

    @property
    def value(self) -> float:
        """The realised volatility over the bars so far, at most h."""
        return math.sqrt(sum(self._squares))
