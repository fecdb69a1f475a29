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
from alpha_pulse.kernels.base.scores import BASE, LABEL
from alpha_pulse.kernels.calibration import calibration
from alpha_pulse.kernels.calibration.calibration import logit
from alpha_pulse.kernels.mixing import shadow_return
from alpha_pulse.kernels.mixing.ensemble import N_MIXED, PROBABILITIES, rounded
from alpha_pulse.kernels.mixing.hedge import log_loss
from alpha_pulse.kernels.session import layout, member_layout
from alpha_pulse.kernels.session.member_layout import CALLED, GIVEN, NEVER, NOTHING, PARTS, PROBABILITY, PYTHON, RAW

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
        begins = member[member_layout.FROM_NS]
        if begins == NEVER or clock[row, layout.TS] < begins:
            continue
        if clock[row, layout.BAR_NUMBER] < counts[k, member_layout.RESTS_UNTIL]:
            continue
        if member[member_layout.PREDICTS_BY] == PYTHON:
            needed = True
            continue
        if member[member_layout.PREDICTS_BY] == GIVEN:
            pending[slot, at + RAW] = addresses.floats_2d(table, layout.GIVEN_)[row, layout.EVENT_PROBABILITY]
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
def calibrate(table: Ints, slot: int, base: float, probabilities: Floats, first: int) -> None:
    """Fill in the calibrated probability of each member; those that can serve enter ``probabilities`` from ``first`` on.

    A hedged member is mixed with the base rate.
    """
    members, pending = addresses.ints_2d(table, layout.MEMBERS_), addresses.floats_2d(table, layout.MEMBER_PENDING_)
    calibrators, sums = addresses.floats_2d(table, layout.MEMBER_CALIBRATORS_), addresses.floats_2d(table, layout.MEMBER_SUMS_)
    for k in range(members.shape[0]):
        at, raw = k * PARTS, pending[slot, k * PARTS + RAW]
        if not math.isnan(raw):
            probability = calibration.calibrate(calibrators[k], logit(raw))
            if members[k, member_layout.HEDGED] == 1:
                weight = sums[k, member_layout.HEDGE_WEIGHT]
                probability = weight * probability + (1.0 - weight) * base
            pending[slot, at + PROBABILITY] = rounded(probability)
        if first + k < probabilities.shape[0]:
            probabilities[first + k] = pending[slot, at + PROBABILITY]


@kernel
def collect(table: Ints, slot: int, record: Floats, probabilities: Floats) -> None:
    """The stored probabilities of all members that can serve: the first ones in ``record``, the others in a slot."""
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
def give_served(table: Ints, row: int, slot: int, weights: Floats, first: int) -> None:
    """Give what was served: each member's probability and weight, and the labels that it had learned."""
    pending, values = addresses.floats_2d(table, layout.MEMBER_PENDING_), addresses.floats_2d(table, layout.MEMBER_VALUES_)
    counts = addresses.ints_2d(table, layout.MEMBER_COUNTS_)
    for k in range(counts.shape[0]):
        given = k * member_layout.GIVEN
        values[row, given + member_layout.SERVED] = pending[slot, k * PARTS + PROBABILITY]
        values[row, given + member_layout.SERVED_WEIGHT] = weights[first + k] if first + k < weights.shape[0] else 0.0
        values[row, given + member_layout.USED_LABELS] = counts[k, member_layout.LABELS]


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
def score(table: Ints, row: int, slot: int, record: Floats, share: float) -> None:
    """Score the stored probabilities of a slot by its label, and let calibrators and hedges learn.

    ``record`` is the row of probabilities with its label; ``share`` that of fixed share at one label, for hedges.
    """
    members, pending = addresses.ints_2d(table, layout.MEMBERS_), addresses.floats_2d(table, layout.MEMBER_PENDING_)
    counts, sums = addresses.ints_2d(table, layout.MEMBER_COUNTS_), addresses.floats_2d(table, layout.MEMBER_SUMS_)
    calibrators, values = (
        addresses.floats_2d(table, layout.MEMBER_CALIBRATORS_),
        addresses.floats_2d(table, layout.MEMBER_VALUES_),
    )
    label, base_loss = int(record[LABEL]), log_loss(record[BASE], int(record[LABEL]))
    exponent = 1.0 / addresses.ints(table, layout.SETTINGS_)[layout.HORIZON]
    for k in range(members.shape[0]):
        at = k * PARTS
        probability, raw = pending[slot, at + PROBABILITY], pending[slot, at + RAW]
        values[row, k * member_layout.GIVEN + member_layout.SCORED] = probability
        if math.isnan(probability):
            continue
        loss = log_loss(probability, label)
        counts[k, member_layout.LABELS] += 1
        counts[k, member_layout.LAST_LABEL_TS] = addresses.ints_2d(table, layout.CLOCK_)[row, layout.TS]
        sums[k, member_layout.LOSS] += loss
        sums[k, member_layout.BASE_LOSS] += base_loss
        sums[k, member_layout.BRIER] += (probability - label) * (probability - label)
        sums[k, member_layout.HITS] += 1.0 if (probability >= 0.5) == (label == 1) else 0.0
        if members[k, member_layout.HEDGED] == 1:
            _hedge(sums[k], calibration.calibrate(calibrators[k], logit(raw)), base_loss, label, exponent, share)
        calibration.learn(calibrators[k], logit(raw), label, 1.0)


@kernel
def _hedge(sums: Floats, alone: float, base_loss: float, label: int, exponent: float, share: float) -> None:
    """The weight of a hedged member against the base rate, by fixed share."""
    weight = sums[member_layout.HEDGE_WEIGHT]
    own = weight * math.exp(-exponent * log_loss(alone, label))
    base = (1.0 - weight) * math.exp(-exponent * base_loss)
    sums[member_layout.HEDGE_WEIGHT] = (1.0 - share) * own / (own + base) + 0.5 * share
