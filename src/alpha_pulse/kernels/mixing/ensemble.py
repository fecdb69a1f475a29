"""Mixes the members into one served probability with a confidence, and learns from its label.

A ``row`` (float64, shape (ROW,)) is the stored record of one prediction, completed by its label: the members of
`alpha_pulse.kernels.base.scores` (online, batch, base, served, no_change), the label, the last label known, the members' raw
probabilities, those of a trial's two models, the confidence, and the weights of the served prediction. A member that is absent
is NaN.

State (float64): head | mixture weights over (online, batch, base) | calibrators of online, of batch and of the confidence.
Members trained on weighted examples do not predict frequencies, and a batch member trained on few bars is overconfident. So
each is calibrated before it is mixed: by an online Platt scaling, fitted unweighted on its stored out-of-sample scores, or by
another calibrator of the caller, who then writes the calibrated probability to ``row`` first.
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
from alpha_pulse.kernels.mixing.hedge import fixed_share

RAW_ONLINE, RAW_BATCH, ADAPTED, CONTROL, CONFIDENT, SERVING_WEIGHTS = range(RECORD, RECORD + 6)
N_MIXED = 3
ROW = SERVING_WEIGHTS + N_MIXED

EXPONENT, SHARE, BASELINES = 0, 1, 2
WEIGHTS = 8
ONLINE_CALIBRATOR = 16
BATCH_CALIBRATOR = ONLINE_CALIBRATOR + calibration.SIZE
CONFIDENCE = BATCH_CALIBRATOR + calibration.SIZE
SIZE = CONFIDENCE + calibration.SIZE


@kernel
def start(state: NDArray[np.float64], horizon: int, share: float) -> None:
    """The initial state: equal weights, identity calibrators."""
    state[:] = 0.0
    state[EXPONENT] = 1.0 / horizon
    state[SHARE] = share / horizon
    baselines.start(state, BASELINES)
    state[WEIGHTS : WEIGHTS + N_MIXED] = 1.0 / N_MIXED
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
def ensemble_weights(state: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Strategy ``ensemble``: mix all present members by their weights."""
    total = 0.0
    for k in range(N_MIXED):
        row[SERVING_WEIGHTS + k] = 0.0 if math.isnan(row[k]) else state[WEIGHTS + k]
        total += row[SERVING_WEIGHTS + k]
    for k in range(N_MIXED):
        row[SERVING_WEIGHTS + k] /= total


@kernel
def champion_weights(state: NDArray[np.float64], row: NDArray[np.float64]) -> None:
    """Strategy ``champion_challenger``: the present member with the largest weight makes the prediction alone."""
    champion = BASE
    for k in range(N_MIXED):
        row[SERVING_WEIGHTS + k] = 0.0
        if not math.isnan(row[k]) and state[WEIGHTS + k] > state[WEIGHTS + champion]:
            champion = k
    row[SERVING_WEIGHTS + champion] = 1.0


@kernel
def mix(state: NDArray[np.float64], row: NDArray[np.float64], champion: bool) -> None:
    """Fill ``row`` from ``row[RAW_ONLINE]`` and ``row[RAW_BATCH]``; the state does not change.

    A member that is not NaN was calibrated by the caller and is kept.
    """
    if math.isnan(row[ONLINE]):
        row[ONLINE] = _member(state, ONLINE_CALIBRATOR, row[RAW_ONLINE])
    if math.isnan(row[BATCH]):
        row[BATCH] = _member(state, BATCH_CALIBRATOR, row[RAW_BATCH])
    row[BASE] = baselines.base_rate(state, BASELINES)
    row[NO_CHANGE] = baselines.no_change(state, BASELINES)
    row[LABEL] = math.nan
    row[LAST_KNOWN] = baselines.last_known(state, BASELINES)
    if champion:
        champion_weights(state, row)
    else:
        ensemble_weights(state, row)
    served = 0.0
    for k in range(N_MIXED):
        if row[SERVING_WEIGHTS + k] > 0.0:
            served += row[SERVING_WEIGHTS + k] * row[k]
    row[SERVED] = rounded(served)
    row[CONFIDENT] = rounded(confidence(state, row[SERVED]))
    for k in range(N_MIXED):
        row[k] = rounded(row[k])
        row[SERVING_WEIGHTS + k] = rounded(row[SERVING_WEIGHTS + k])
    row[NO_CHANGE] = rounded(row[NO_CHANGE])


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
    """Learn from one labelled ``row``: mixture weights, calibrators, confidence, baselines."""
    label = int(row[LABEL])
    fixed_share(state, WEIGHTS, row, N_MIXED, label, state[EXPONENT], state[SHARE])
    if not math.isnan(row[RAW_ONLINE]):
        calibration.learn(state[ONLINE_CALIBRATOR : ONLINE_CALIBRATOR + calibration.SIZE], logit(row[RAW_ONLINE]), label, 1.0)
    if not math.isnan(row[RAW_BATCH]):
        calibration.learn(state[BATCH_CALIBRATOR : BATCH_CALIBRATOR + calibration.SIZE], logit(row[RAW_BATCH]), label, 1.0)
    right = 1 if (row[SERVED] >= 0.5) == (label == 1) else 0
    calibration.learn(state[CONFIDENCE : CONFIDENCE + calibration.SIZE], abs(logit(row[SERVED])), right, 1.0)
    baselines.learn(state, BASELINES, label, row[LAST_KNOWN], 1.0)
