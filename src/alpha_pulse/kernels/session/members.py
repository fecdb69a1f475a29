"""The further members of one (symbol, target): predict, learn and score, each by its own kernels; see `member_layout`.

What `alpha_pulse.kernels.session.target` does for the online model, without trials; a member that fails is left out for a
while.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base import addresses
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.calibration.calibration import logit
from alpha_pulse.kernels.mixing import shadow_return
from alpha_pulse.kernels.mixing.ensemble import N_MIXED, PROBABILITIES, rounded
from alpha_pulse.kernels.session import layout, member_layout
from alpha_pulse.kernels.session.member_layout import CALLED, GIVEN, NOTHING, PARTS, PROBABILITY, PYTHON, RAW

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def _outputs_address(table: Ints, slot: int, place: int) -> int:
    """Where a number of a slot of ``member_pending`` lies."""
    at = slot * table[layout.MEMBER_PENDING_, addresses.COLUMNS] + place
    return int(table[layout.MEMBER_PENDING_, addresses.ADDRESS]) + addresses.FLOAT_BYTES * int(at)


@kernel
def _features_address(table: Ints, slot: int) -> int:
    at = slot * table[layout.PENDING_, addresses.COLUMNS] + layout.FEATURES_PLACE
    return int(table[layout.PENDING_, addresses.ADDRESS]) + addresses.FLOAT_BYTES * int(at)


@kernel
def predict(table: Ints, row: int, slot: int) -> bool:
    """Let the members predict for the features in a slot; whether Python has to go on: with a member that is called back, or
    with one that gave no probability."""
    members, pending = addresses.ints_2d(table, layout.MEMBERS_), addresses.floats_2d(table, layout.MEMBER_PENDING_)
    counts, clock = addresses.ints_2d(table, layout.MEMBER_COUNTS_), addresses.ints_2d(table, layout.CLOCK_)
    width, needed = addresses.ints(table, layout.SETTINGS_)[layout.WIDTH], False
    for k in range(members.shape[0]):
        at, member = k * PARTS, members[k]
        pending[slot, at + RAW] = pending[slot, at + PROBABILITY] = math.nan
        pending[slot, at + CALLED] = 0.0
        counts[k, member_layout.FAILED] = 0
        if member[member_layout.STOPPED] == 1 or clock[row, layout.BAR_NUMBER] < counts[k, member_layout.RESTS_UNTIL]:
            continue
        if member[member_layout.PREDICTS_BY] == PYTHON:
            needed = True
            continue
        if member[member_layout.PREDICTS_BY] == GIVEN:
            pending[slot, at + RAW] = addresses.floats_2d(table, layout.GIVEN_)[row, layout.EVENT_PROBABILITY]
            pending[slot, at + CALLED] = 1.0
            continue
        probability = addresses.call_predict(
            member[member_layout.PREDICTS_BY], member[member_layout.STATE], member[member_layout.STATE_SIZE],
            _features_address(table, slot), width, _outputs_address(table, slot, member[member_layout.OUTPUTS_AT]),
            member[member_layout.OUTPUTS],
        )  # fmt: skip
        if 0.0 <= probability <= 1.0:
            pending[slot, at + RAW], pending[slot, at + CALLED] = probability, 1.0
        else:
            counts[k, member_layout.FAILED] = 1
            needed = True
    return needed


@kernel
def calibrate(table: Ints, slot: int, probabilities: Floats) -> None:
    """Fill in the calibrated probability of each member, also in ``probabilities``, after those of the first members."""
    pending, calibrators = (
        addresses.floats_2d(table, layout.MEMBER_PENDING_),
        addresses.floats_2d(table, layout.MEMBER_CALIBRATORS_),
    )
    for k in range(calibrators.shape[0]):
        raw = pending[slot, k * PARTS + RAW]
        if not math.isnan(raw):
            pending[slot, k * PARTS + PROBABILITY] = rounded(calibration.calibrate(calibrators[k], logit(raw)))
        probabilities[N_MIXED + k] = pending[slot, k * PARTS + PROBABILITY]


@kernel
def collect(table: Ints, slot: int, record: Floats, probabilities: Floats) -> None:
    """The stored probabilities of all members: the first ones in ``record``, the others in a slot."""
    pending = addresses.floats_2d(table, layout.MEMBER_PENDING_)
    for k in range(probabilities.shape[0]):
        probabilities[k] = record[k] if k < N_MIXED else pending[slot, (k - N_MIXED) * PARTS + PROBABILITY]


@kernel
def trade_in_the_shadow(table: Ints, slot: int, record: Floats, log_return: float) -> None:
    """Note what each member would have earned with its prediction in a slot; see `alpha_pulse.kernels.mixing.shadow_return`."""
    returns = addresses.floats_2d(table, layout.SHADOW_RETURNS_)
    stored = addresses.floats_2d(table, layout.MIXED_)[PROBABILITIES]
    collect(table, slot, record, stored)
    for k in range(stored.shape[0]):
        shadow_return.step(returns[k], stored[k], math.expm1(log_return))


@kernel
def give_served(table: Ints, row: int, slot: int, weights: Floats) -> None:
    """Give what was served: each member's probability and weight, and the labels of its earlier ones."""
    pending, values = addresses.floats_2d(table, layout.MEMBER_PENDING_), addresses.floats_2d(table, layout.MEMBER_VALUES_)
    counts = addresses.ints_2d(table, layout.MEMBER_COUNTS_)
    for k in range(counts.shape[0]):
        at = k * member_layout.VALUES
        values[row, at + member_layout.SERVED] = pending[slot, k * PARTS + PROBABILITY]
        values[row, at + member_layout.SERVED_WEIGHT] = weights[N_MIXED + k]
        values[row, at + member_layout.USED_LABELS] = counts[k, member_layout.LABELS]


@kernel
def learn(table: Ints, slot: int, label: int, weight: float) -> bool:
    """Let the members learn the label of a slot; whether one is written in Python."""
    members, pending = addresses.ints_2d(table, layout.MEMBERS_), addresses.floats_2d(table, layout.MEMBER_PENDING_)
    width, needed = addresses.ints(table, layout.SETTINGS_)[layout.WIDTH], False
    for k in range(members.shape[0]):
        member = members[k]
        by = member[member_layout.LEARNS_BY]
        if by == NOTHING or pending[slot, k * PARTS + CALLED] == 0.0:
            continue
        if by == PYTHON:
            needed = True
            continue
        addresses.call_learn(
            by, member[member_layout.STATE], member[member_layout.STATE_SIZE], _features_address(table, slot), width, label,
            weight, _outputs_address(table, slot, member[member_layout.OUTPUTS_AT]), member[member_layout.OUTPUTS],
            member[member_layout.SCRATCH], member[member_layout.SCRATCH_SIZE],
        )  # fmt: skip
    return needed


@kernel
def score(table: Ints, row: int, slot: int, label: int) -> None:
    """Score the stored probabilities of a slot by its label, and let the calibrators learn.

    A member that was stopped or has begun again since then is scored, and learns nothing from it.
    """
    pending, values = addresses.floats_2d(table, layout.MEMBER_PENDING_), addresses.floats_2d(table, layout.MEMBER_VALUES_)
    counts = addresses.ints_2d(table, layout.MEMBER_COUNTS_)
    calibrators = addresses.floats_2d(table, layout.MEMBER_CALIBRATORS_)
    for k in range(counts.shape[0]):
        probability = pending[slot, k * PARTS + PROBABILITY]
        values[row, k * member_layout.VALUES + member_layout.SCORED] = probability
        if pending[slot, k * PARTS + CALLED] == 1.0 and not math.isnan(probability):
            counts[k, member_layout.LABELS] += 1
            calibration.learn(calibrators[k], logit(pending[slot, k * PARTS + RAW]), label, 1.0)
