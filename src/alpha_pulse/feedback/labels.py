"""Labels, computed only from the bars after a prediction.

``volatility``: realised volatility over the next h bars above the trailing median known at prediction time.
``direction``: the close h bars later above the close (or the next bar's open) at prediction time; weighted by the move's size.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import Example


class Label(Example, frozen=True, kw_only=True, omit_defaults=True):
    """A label, in the form in which it is learned and journaled.

    ``value`` is realised over median volatility, or the log return from close to close; ``next_open_return`` is the log return
    from the next bar's open, for direction. ``scores`` are the predictions for the label (see `kernels.mixing.ensemble`):
    members' probabilities, label, last label known, and the online model's probability before calibration. They are set when
    the label is joined to its prediction, and stay empty for a tie. ``trial`` contains the probabilities of the adapted model
    and of its control, before calibration, if the label counts for a trial; ``challengers`` those of each challenger.
    """

    symbol: str
    target: str
    value: float
    next_open_return: float | None = None
    scores: list[float | None] = msgspec.field(default_factory=list)
    trial: list[float | None] = msgspec.field(default_factory=list)
    challengers: list[float | None] = msgspec.field(default_factory=list)


class Expired(msgspec.Struct, frozen=True):
    """A prediction whose bar came too late for a label."""

    symbol: str
    target: str
    prediction_id: str


class RealisedVolatility:
    """Root of the sum of the last h squared close-to-close log returns of one symbol.

    Equal bit for bit to `alpha_pulse.features.extractor.FeatureExtractor.realised`, from which labels are made.

    >>> RealisedVolatility(2).update(np.array([1.0, 1.0, 1.0, 2.0])).round(4).tolist()
    [nan, nan, 0.0, 0.6931]
    """

    def __init__(self, horizon: int) -> None:
        self._horizon = horizon
        self._logs: NDArray[np.float64] = np.zeros(0)

    def update(self, closes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add closes, (n,); returns the volatility at each, NaN until there are h returns."""
        # Not numpy.log, whose last bit differs from that of math.log now and then.
        logs = np.concatenate([self._logs, np.fromiter(map(math.log, closes.tolist()), np.float64, len(closes))])
        self._logs = logs[-self._horizon :]
        squares = np.square(np.diff(logs))
        known = max(len(squares) - self._horizon + 1, 0)
        sums = np.zeros(known)
        for first in range(self._horizon):
            sums += squares[first : first + known]
        return np.concatenate([np.full(len(closes) - known, math.nan), np.sqrt(sums)])
