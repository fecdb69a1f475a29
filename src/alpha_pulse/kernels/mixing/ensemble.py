"""Mixes the members into one served probability with a confidence, and learns from its label.

A ``row`` (float64, shape (ROW,)) is the stored record of one prediction, completed by its label: the members of
`alpha_pulse.kernels.base.scores` (online, batch, base, served, no_change), the label, the last label known, the members' raw
probabilities, those of a trial's two models, the confidence, and the weights of the served prediction. A member that is absent
is NaN.

Further members may follow the three (see `alpha_pulse.kernels.session.members`). ``mixed`` (2, members) has each member's
probability and its weight in the served one, which `alpha_pulse.kernels.mixing.strategies` gives.

State (float64): head | calibrators of online, of batch and of the confidence. Members trained on weighted examples do not
predict frequencies, and a batch member trained on few bars is overconfident. So each is calibrated before it is mixed: by an
online Platt scaling, fitted unweighted on its stored out-of-sample scores, or by another calibrator of the caller, who then
writes the calibrated probability to ``row`` first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, LAST_KNOWN, NO_CHANGE, ONLINE, RECORD, SERVED
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.calibration.calibration import logit

RAW_ONLINE, RAW_BATCH, ADAPTED, CONTROL, CONFIDENT, SERVING_WEIGHTS = range(RECORD, RECORD + 6)
N_MIXED = 3
ROW = SERVING_WEIGHTS + N_MIXED
PROBABILITIES, SERVING = 0, 1
"""Rows of ``mixed``."""

BASELINES = 0
ONLINE_CALIBRATOR = 8
BATCH_CALIBRATOR = ONLINE_CALIBRATOR + calibration.SIZE
CONFIDENCE = BATCH_CALIBRATOR + calibration.SIZE
SIZE = CONFIDENCE + calibration.SIZE


@kernel
def start(state: NDArray[np.float64], horizon: int) -> None:
    """The initial state: identity calibrators."""
    state[:] = 0.0
    baselines.start(state, BASELINES)
    for offset in (ONLINE_CALIBRATOR, BATCH_CALIBRATOR, CONFIDENCE):
        calibration.start(state[offset : offset + calibration.SIZE], 1.0 / horizon)


@kernel
def rounded(probability: float) -> float:
    """Round to 9 decimals, so that probabilities are short and exact in the journal. NaN stays NaN."""
    return float(np.rint(probability * 1e9) / 1e9)


@kernel
def _member(state: NDArray[np.float64], offset: int, raw: float) -> float:
    if math.isnan(raw):
        return raw
    return calibration.calibrate(state[offset : offset + calibration.SIZE], logit(raw))


@kernel
def calibrate(state: NDArray[np.float64], row: NDArray[np.float64], mixed: NDArray[np.float64]) -> None:
    """Fill ``row`` from ``row[RAW_ONLINE]`` and ``row[RAW_BATCH]``, and the first places of ``mixed``; the state does not
    change.

    A member that is not NaN was calibrated by the caller and is kept.
    """
    if math.isnan(row[ONLINE]):
        row[ONLINE] = _member(state, ONLINE_CALIBRATOR, row[RAW_ONLINE])
    if math.isnan(row[BATCH]):
        row[BATCH] = _member(state, BATCH_CALIBRATOR, row[RAW_BATCH])
    row[BASE] = baselines.base_rate(state, BASELINES)
    row[NO_CHANGE] = rounded(baselines.no_change(state, BASELINES))
    row[LABEL] = math.nan
    row[LAST_KNOWN] = baselines.last_known(state, BASELINES)
    for k in range(N_MIXED):
        mixed[PROBABILITIES, k] = row[k]


@kernel
def serve(state: NDArray[np.float64], row: NDArray[np.float64], mixed: NDArray[np.float64]) -> None:
    """Mix the probabilities in ``mixed`` by the weights in it: fill in what is served, its confidence, and the weights.

    Where all weights are 0 the base rate is served.
    """
    served, total = 0.0, 0.0
    for k in range(mixed.shape[1]):
        if mixed[SERVING, k] > 0.0:
            served += mixed[SERVING, k] * mixed[PROBABILITIES, k]
        total += mixed[SERVING, k]
    if total == 0.0:
        served, mixed[SERVING, BASE] = row[BASE], 1.0
    for k in range(mixed.shape[1]):
        mixed[SERVING, k] = rounded(mixed[SERVING, k])
    row[SERVED] = rounded(served)
    row[CONFIDENT] = rounded(confidence(state, row[SERVED]))
    for k in range(N_MIXED):
        row[k] = rounded(row[k])
        row[SERVING_WEIGHTS + k] = mixed[SERVING, k]


@kernel
def confidence(state: NDArray[np.float64], served: float) -> float:
    """The calibrated probability that the predicted class (served >= 1/2) is right."""
    return calibration.calibrate(state[CONFIDENCE : CONFIDENCE + calibration.SIZE], abs(logit(served)))


@kernel
def confidences(state: NDArray[np.float64], served: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """`confidence` of the first ``n`` served probabilities."""
    out = np.empty(n)
    for i in range(n):
        out[i] = confidence(state, served[i])
    return out


@kernel
def update(state: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Learn from one labelled ``row``: calibrators, confidence, baselines."""
    label = int(row[LABEL])
    if not math.isnan(row[RAW_ONLINE]):
        calibration.learn(state[ONLINE_CALIBRATOR : ONLINE_CALIBRATOR + calibration.SIZE], logit(row[RAW_ONLINE]), label, 1.0)
    if not math.isnan(row[RAW_BATCH]):
        calibration.learn(state[BATCH_CALIBRATOR : BATCH_CALIBRATOR + calibration.SIZE], logit(row[RAW_BATCH]), label, 1.0)
    right = 1 if (row[SERVED] >= 0.5) == (label == 1) else 0
    calibration.learn(state[CONFIDENCE : CONFIDENCE + calibration.SIZE], abs(logit(row[SERVED])), right, 1.0)
    baselines.learn(state, BASELINES, label, row[LAST_KNOWN], 1.0)
