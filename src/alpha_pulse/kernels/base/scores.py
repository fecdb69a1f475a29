"""Prequential scores of several members at once: whole run and sliding window, one packed array, O(members) per label.

State (float64): head | per member a block of ``BLOCK`` sums and a histogram of its scores in ``BINS`` bins | ring of the last W
rows, each (probabilities[M], label, last label known).

The members are ``MEMBERS`` in that order. A member that was absent (NaN) is not scored, and its sums of the base rate's loss
and of the no-change rule's hits run over exactly the labels it was scored on, so that differences are always paired.

Sources: Gama, Sebastião & Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90 (2013);
Žliobaitė et al., "Evaluation methods and decision theory for classification of streaming data with temporal dependence"
(2015) for kappa-temporal; Cohen (1960) for kappa.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import log_loss

MEMBERS = ("online", "batch", "base", "served", "no_change")
ONLINE, BATCH, BASE, SERVED, NO_CHANGE = range(5)
N_MEMBERS = 5
LABEL, LAST_KNOWN = N_MEMBERS, N_MEMBERS + 1
RECORD = N_MEMBERS + 2

FILLED, NEXT, WINDOW, WINDOW_LOSS, WINDOW_BASE_LOSS, WINDOW_HITS = range(6)
HEAD = 8
(COUNT, HITS, LOSS, BRIER, BASE_LOSS, TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, TRUE_NEGATIVE, NO_CHANGE_HITS) = range(10)
BLOCK = 10
BINS = 1_000
NEGATIVE = 2.0**26
"""A bin holds how many positives it has, plus ``NEGATIVE`` times how many negatives: float64 is exact up to 2**53."""
STRIDE = BLOCK + BINS


@kernel
def size(window: int) -> int:
    """Size in floats of the state with a window of ``window`` labels."""
    return HEAD + N_MEMBERS * STRIDE + window * RECORD


@kernel
def predicted_class(record: NDArray[np.float64], member: int) -> int:
    """The predicted class. The no-change member repeats the last known label, whatever its probability."""
    last = record[LAST_KNOWN]
    if member == NO_CHANGE and last != 0.5:
        return int(last)
    return 1 if record[member] >= 0.5 else 0


@kernel
def _score_member(
    state: NDArray[np.float64], record: NDArray[np.float64], member: int, label: int, base_loss: float, repeats: float
) -> None:
    """Add a label to a member's sums; ``base_loss`` of the base rate, ``repeats`` is 1 where the no-change rule is right."""
    p = record[member]
    if math.isnan(p):
        return
    sums = HEAD + member * STRIDE
    predicted = predicted_class(record, member)
    state[sums + COUNT] += 1.0
    state[sums + HITS] += 1.0 if predicted == label else 0.0
    state[sums + LOSS] += base_loss if member == BASE else log_loss(p, label)
    state[sums + BRIER] += (p - label) * (p - label)
    state[sums + BASE_LOSS] += base_loss
    positive = TRUE_POSITIVE if label == 1 else FALSE_POSITIVE
    negative = FALSE_NEGATIVE if label == 1 else TRUE_NEGATIVE
    state[sums + (positive if predicted == 1 else negative)] += 1.0
    state[sums + NO_CHANGE_HITS] += repeats
    bin_ = min(int(p * BINS), BINS - 1)
    state[sums + BLOCK + bin_] += 1.0 if label == 1 else NEGATIVE


@kernel
def _slide(state: NDArray[np.float64], record: NDArray[np.float64], base_loss: float, sign: float) -> None:
    label = int(record[LABEL])
    state[WINDOW_LOSS] += sign * log_loss(record[SERVED], label)
    state[WINDOW_BASE_LOSS] += sign * base_loss
    state[WINDOW_HITS] += sign * (1.0 if predicted_class(record, SERVED) == label else 0.0)


@kernel
def _base_loss(record: NDArray[np.float64]) -> float:
    return log_loss(record[BASE], int(record[LABEL]))


@kernel
def step(state: NDArray[np.float64], record: NDArray[np.float64]) -> None:
    """Score one labelled prediction: ``record`` starts with (probabilities[M], label, last label known), float64."""
    label = int(record[LABEL])
    base_loss, repeats = _base_loss(record), 1.0 if predicted_class(record, NO_CHANGE) == label else 0.0
    for member in range(N_MEMBERS):
        _score_member(state, record, member, label, base_loss, repeats)
    window = int(state[WINDOW])
    ring = HEAD + N_MEMBERS * STRIDE
    slot = ring + int(state[NEXT]) * RECORD
    if state[FILLED] == window:
        oldest = state[slot : slot + RECORD]
        _slide(state, oldest, _base_loss(oldest), -1.0)
    else:
        state[FILLED] += 1.0
    for i in range(RECORD):
        state[slot + i] = record[i]
    _slide(state, record, base_loss, 1.0)
    following = int(state[NEXT]) + 1
    state[NEXT] = 0.0 if following == window else following
    if following == window:
        _resum(state, ring, int(state[FILLED]))


@kernel
def _resum(state: NDArray[np.float64], ring: int, filled: int) -> None:
    """Sums that are added to and taken from drift by rounding: once per window they are recomputed."""
    state[WINDOW_LOSS] = 0.0
    state[WINDOW_BASE_LOSS] = 0.0
    state[WINDOW_HITS] = 0.0
    for i in range(filled):
        each = state[ring + i * RECORD : ring + (i + 1) * RECORD]
        _slide(state, each, _base_loss(each), 1.0)


@kernel
def window_health(state: NDArray[np.float64]) -> tuple[float, float]:
    """(mean log loss of the served prediction minus that of the base rate in the window, accuracy of the whole run minus that
    of the window)."""
    filled = state[FILLED]
    if filled == 0.0:
        return 0.0, 0.0
    sums = HEAD + SERVED * STRIDE
    excess = (state[WINDOW_LOSS] - state[WINDOW_BASE_LOSS]) / filled
    return excess, state[sums + HITS] / state[sums + COUNT] - state[WINDOW_HITS] / filled
