"""A served prediction, made from the row of probabilities that was served."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import MemberPrediction, Missing, Prediction
from alpha_pulse.kernels.base.scores import BASE, BATCH, ONLINE, SERVED
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, SERVING_WEIGHTS
from alpha_pulse.kernels.session import layout
from alpha_pulse.kernels.session.member_layout import REST_BARS
from alpha_pulse.learning.training import BatchStatus

RESTING = f"it failed less than {REST_BARS} bars ago, or is stopped"


DENSITY = "density"
"""The member of ``volatility`` that is the probability of high volatility under the forecast density."""


class ServedBy(NamedTuple):
    """What a prediction is of: symbol, target, horizon in bars, and the names of the online model and of further members."""

    symbol: str
    target: str
    horizon: int
    model_type: str
    further: tuple[str, ...] = ()


class Serving(NamedTuple):
    """One row of probabilities (`alpha_pulse.kernels.mixing.ensemble`) as it was served at market time ``ts`` (ns).

    With it, as they were then: the threshold of the confidence, the labels that the online model had used, the time of the
    newest (0: none), the status of the batch member (None without one), and of each further member its probability, its weight
    and the labels that it had used. ``left_out`` says of further members why they are left out from now on.
    """

    ts: int
    values: list[float]
    threshold: float | None
    labels_used: int
    last_label_ts: int
    batch: BatchStatus | None
    further: Sequence[tuple[float, float, int]] = ()
    left_out: Sequence[Missing] = ()


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
    further: Sequence[tuple[float, float, int]] = ()
    left_out: Sequence[Missing] = ()

    @property
    def threshold(self) -> float | None:
        """The threshold of the confidence when it was served."""
        threshold = float(self.values[layout.THRESHOLD_AT_SERVING])
        return None if isnan(threshold) else threshold

    @property
    def serving(self) -> Serving:
        """What was served."""
        used, label_ts = self.codes[[layout.USED_AT_SERVING, layout.LABEL_TS_AT_SERVING]].tolist()
        values = self.values[layout.SERVED_ROW :].tolist()
        return Serving(self.ts, values, self.threshold, used, label_ts, self.batch, self.further, self.left_out)


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
        _members(by, at),
        online is not None,
        tuple(missing for missing in (online, batch, *_resting(by, at)) if missing is not None),
    )


def _resting(by: ServedBy, at: Serving) -> list[Missing]:
    """The further members without a probability, and why."""
    reasons = {missing.model_id: missing for missing in at.left_out}
    return [
        reasons.get(name, Missing(name, RESTING))
        for name, (probability, _, _) in zip(by.further, at.further, strict=True)
        if isnan(probability)
    ]


def _members(by: ServedBy, at: Serving) -> tuple[MemberPrediction, ...]:
    """The members with a probability, the base rate last."""
    values = at.values
    age = at.ts - at.last_label_ts if at.last_label_ts else None
    members = []
    if not isnan(values[ONLINE]):
        online, weight = values[ONLINE], values[SERVING_WEIGHTS + ONLINE]
        members.append(MemberPrediction(by.model_type, str(at.labels_used), "online", online, weight, age))
    ready = None if at.batch is None else at.batch.ready
    if ready is not None and not isnan(values[BATCH]):
        weight, trained = values[SERVING_WEIGHTS + BATCH], at.ts - ready.trained_ts
        members.append(MemberPrediction(ready.model_id, ready.short_version, "batch", values[BATCH], weight, trained))
    for name, (probability, weight, used) in zip(by.further, at.further, strict=True):
        if not isnan(probability):
            source: Literal["density", "challenger"] = "density" if name == DENSITY else "challenger"
            members.append(MemberPrediction(name, str(used), source, probability, weight, age))
    members.append(MemberPrediction("base_rate", "", "base", values[BASE], values[SERVING_WEIGHTS + BASE], age))
    return tuple(members)
