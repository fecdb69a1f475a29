"""A served prediction, made from the row of probabilities that was served."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import MemberPrediction, Missing, Prediction
from alpha_pulse.kernels.base.scores import BASE, BATCH, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, SERVING_WEIGHTS
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.training import BatchStatus


class ServedBy(NamedTuple):
    """What a prediction is of: symbol, target, horizon in bars, and the name of the online model."""

    symbol: str
    target: str
    horizon: int
    model_type: str


class Serving(NamedTuple):
    """One row of probabilities (`alpha_pulse.kernels.mixing.ensemble`) as it was served at market time ``ts`` (ns).

    With it, as they were then: the threshold of the confidence, the labels that the online model had used, the time of the
    newest (0: none), and the status of the batch member (None without one).
    """

    ts: int
    values: list[float]
    threshold: float | None
    labels_used: int
    last_label_ts: int
    batch: BatchStatus | None


class ServedRow(NamedTuple):
    """A prediction as the loop served it, from which a `Prediction` is made when somebody asks for it.

    ``number`` and ``ts`` are the number and the market time (ns) of its slice; ``codes`` and ``values`` are laid out as in
    `alpha_pulse.kernels.session.layout`; ``batch`` is the status of the batch member, ``online`` why the online model is
    missing.
    """

    number: int
    ts: int
    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    batch: BatchStatus | None
    online: Missing | None

    @property
    def threshold(self) -> float | None:
        """The threshold of the confidence when it was served."""
        threshold = float(self.values[layout.THRESHOLD_AT_SERVING])
        return None if isnan(threshold) else threshold

    @property
    def serving(self) -> Serving:
        """What was served."""
        used, label_ts = self.codes[[layout.USED_AT_SERVING, layout.LABEL_TS_AT_SERVING]].tolist()
        return Serving(self.ts, self.values[layout.SERVED_ROW :].tolist(), self.threshold, used, label_ts, self.batch)


def make_prediction(prediction_id: str, by: ServedBy, at: Serving, online: Missing | None) -> Prediction:
    """The prediction that was served.

    Parameters
    ----------
    prediction_id
        Its id.
    by, at
        What served it, and what was served.
    online
        Why the online model is missing, or None.
    """
    batch = None if at.batch is None else at.batch.missing(at.ts)
    return Prediction(
        prediction_id,
        by.symbol,
        at.ts,
        by.target,
        by.horizon,
        at.values[SERVED],
        None if at.threshold is None else at.values[CONFIDENT],
        _members(by.model_type, at),
        online is not None,
        tuple(missing for missing in (online, batch) if missing is not None),
    )


def _members(model_type: str, at: Serving) -> tuple[MemberPrediction, ...]:
    values = at.values
    age = at.ts - at.last_label_ts if at.last_label_ts else None
    base = MemberPrediction("base_rate", "", "base", values[BASE], values[SERVING_WEIGHTS + BASE], age)
    version = str(at.labels_used)
    online = MemberPrediction(model_type, version, "online", values[ONLINE], values[SERVING_WEIGHTS + ONLINE], age)
    ready = None if at.batch is None else at.batch.ready
    if ready is None or isnan(values[BATCH]):
        return (base,) if isnan(values[ONLINE]) else (online, base)
    weight, trained = values[SERVING_WEIGHTS + BATCH], at.ts - ready.trained_ts
    frozen = MemberPrediction(ready.model_id, ready.short_version, "batch", values[BATCH], weight, trained)
    return (frozen, base) if isnan(values[ONLINE]) else (online, frozen, base)
