"""One target of one symbol over rows of bars: label, score, learn, mix and serve, with all state in packed arrays.

`run` goes on from a phase of a row to a phase of another, and stops early where Python has to act: a model written in Python
is due, the confidence threshold is to be chosen again or a model's health to be checked (PERIODIC), an adaptation may begin or
end (ATTEND), or a model has diverged.
Python acts and calls `run` again at the next phase. Rows may be taken one by one or all at once: the results are equal bit for
bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.kernels.base import addresses, scores
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import BASE, BATCH, LABEL, ONLINE, SERVED
from alpha_pulse.kernels.calibration import calibration, isotonic
from alpha_pulse.kernels.detection import drift_monitor, eprocess
from alpha_pulse.kernels.mixing import ensemble, promotion, serving, strategies
from alpha_pulse.kernels.mixing.ensemble import (
    ADAPTED,
    CONTROL,
    PROBABILITIES,
    RAW_BATCH,
    RAW_ONLINE,
    ROW,
    SERVING,
)
from alpha_pulse.kernels.session import deciles, layout, members
from alpha_pulse.kernels.session import trial as trials
from alpha_pulse.kernels.session.labels import label, take_due
from alpha_pulse.kernels.trees.gbm import gbm_predict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def _slot_address(table: Ints, slot: int, column: int) -> int:
    """Where a number of a pending prediction lies."""
    place = slot * table[layout.PENDING_, addresses.COLUMNS] + column
    return int(table[layout.PENDING_, addresses.ADDRESS]) + addresses.FLOAT_BYTES * int(place)


@kernel
def _row_of(table: Ints, slot: int) -> Floats:
    """The row of probabilities of a pending prediction (see `alpha_pulse.kernels.mixing.ensemble`)."""
    return addresses.floats_from(_slot_address(table, slot, layout.ROW_PLACE), ROW)


@kernel
def _model_learn(table: Ints, model: int, slot: int, outputs_at: int, label_value: int, weight: float) -> None:
    """Let a compiled model learn the features and outputs that lie in a slot."""
    settings = addresses.ints(table, layout.SETTINGS_)
    addresses.call_learn(
        settings[layout.LEARN_AT],
        table[model, addresses.ADDRESS],
        table[model, addresses.COLUMNS],
        _slot_address(table, slot, layout.FEATURES_PLACE),
        settings[layout.WIDTH],
        label_value,
        weight,
        _slot_address(table, slot, outputs_at),
        settings[layout.OUTPUTS],
        table[layout.SCRATCH_, addresses.ADDRESS],
        table[layout.SCRATCH_, addresses.COLUMNS],
    )


@kernel
def _model_predict(table: Ints, model: int, slot: int, outputs_at: int) -> float:
    """The probability by a compiled model for the features in a slot, which also receives the model's outputs."""
    settings = addresses.ints(table, layout.SETTINGS_)
    probability: float = addresses.call_predict(
        settings[layout.PREDICT_AT],
        table[model, addresses.ADDRESS],
        table[model, addresses.COLUMNS],
        _slot_address(table, slot, layout.FEATURES_PLACE),
        settings[layout.WIDTH],
        _slot_address(table, slot, outputs_at),
        settings[layout.OUTPUTS],
    )
    return probability


@kernel
def _has_challengers(settings: Ints) -> bool:
    return bool(settings[layout.FURTHER] > 0 or settings[layout.STRATEGY] == strategies.CHAMPION)


@kernel
def _compare_with_base(table: Ints, row: Floats) -> None:
    """Compare the squared errors of what was served and of the base rate."""
    if math.isnan(row[SERVED]):
        return
    first = row[SERVED] - row[LABEL]
    second = row[BASE] - row[LABEL]
    state, decision = addresses.floats(table, layout.AGAINST_), addresses.ints(table, layout.DECISION_)
    log_half_alpha = addresses.floats(table, layout.LIMITS_)[layout.LOG_HALF_ALPHA]
    eprocess.decide(state, decision, second * second - first * first, log_half_alpha)


@kernel
def _join(table: Ints, row: int) -> int:
    """Take out the prediction that is due, compute its label and score it; the reason to stop, or DONE."""
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    limits, pending = addresses.floats(table, layout.LIMITS_), addresses.floats_2d(table, layout.PENDING_)
    slots, clock = addresses.ints_2d(table, layout.SLOTS_), addresses.ints_2d(table, layout.CLOCK_)
    prices, codes = addresses.floats_2d(table, layout.PRICES_), addresses.ints_2d(table, layout.CODES_)
    values = addresses.floats_2d(table, layout.VALUES_)
    if not take_due(settings, head, slots, pending, clock, prices, codes, row):
        return layout.OVERDUE
    if codes[row, layout.STATUS] != layout.SCORED_LABEL:
        return layout.DONE
    label(settings, limits, head, pending, addresses.floats(table, layout.MOVES_), prices, codes, values, row)
    if settings[layout.TARGET] == layout.DIRECTION and _has_challengers(settings):
        members.trade_in_the_shadow(
            table, head[layout.SLOT], _row_of(table, head[layout.SLOT]), values[row, layout.NEXT_OPEN_RETURN]
        )
    if codes[row, layout.STATUS] != layout.SCORED_LABEL:
        return layout.DONE
    slot, label_value = head[layout.SLOT], codes[row, layout.LABEL_VALUE]
    probabilities = _row_of(table, slot)
    probabilities[LABEL] = label_value
    scores.step(addresses.floats(table, layout.SCORES_), probabilities)
    _compare_with_base(table, probabilities)
    for k in range(ROW):
        values[row, layout.SCORED_ROW + k] = probabilities[k]
    codes[row, layout.COMPARED] = 0
    if settings[layout.IN_TRIAL] == 1 and slots[slot, layout.HAS_CONTROL] == 1:
        adapted, control = probabilities[ADAPTED], probabilities[CONTROL]
        codes[row, layout.COMPARED] = 1
        values[row, layout.ADAPTED_WAS], values[row, layout.CONTROL_WAS] = adapted, control
        trials.compare(addresses.floats(table, layout.TRIAL_), adapted, control, label_value, settings[layout.HORIZON])
    return layout.DONE


@kernel
def _learn(table: Ints, row: int) -> int:
    """Let the model, and in a trial its control, learn the label; CALL_LEARN where the model is written in Python."""
    codes, values = addresses.ints_2d(table, layout.CODES_), addresses.floats_2d(table, layout.VALUES_)
    if codes[row, layout.STATUS] != layout.SCORED_LABEL:
        return layout.DONE
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    if settings[layout.LEARN_AT] == layout.PYTHON:
        return layout.CALL_LEARN
    slot, label_value, weight = head[layout.SLOT], codes[row, layout.LABEL_VALUE], values[row, layout.WEIGHT]
    outputs_at = layout.FEATURES_PLACE + settings[layout.WIDTH]
    if settings[layout.IN_TRIAL] == 1:
        slots = addresses.ints_2d(table, layout.SLOTS_)
        control_at = outputs_at + settings[layout.OUTPUTS] if slots[slot, layout.HAS_CONTROL] == 1 else outputs_at
        _model_learn(table, layout.CONTROL_, slot, control_at, label_value, weight)
    _model_learn(table, layout.MODEL_, slot, outputs_at, label_value, weight)
    return layout.DONE


@kernel
def _learn_members(table: Ints, row: int) -> int:
    """Let the further members learn the label; CALL_MEMBERS_LEARN where one is written in Python."""
    settings, codes = addresses.ints(table, layout.SETTINGS_), addresses.ints_2d(table, layout.CODES_)
    if settings[layout.FURTHER] == 0 or codes[row, layout.STATUS] != layout.SCORED_LABEL:
        return layout.DONE
    slot, weight = (
        addresses.ints(table, layout.HEAD_)[layout.SLOT],
        addresses.floats_2d(table, layout.VALUES_)[row, layout.WEIGHT],
    )
    called_back = members.learn(table, slot, codes[row, layout.LABEL_VALUE], weight)
    return layout.CALL_MEMBERS_LEARN if called_back else layout.DONE


@kernel
def _learn_calibrator(state: Floats, kind: int, raw: float, label_value: int) -> None:
    if math.isnan(raw):
        return
    if kind == layout.BETA:
        calibration.learn_beta(state, raw, label_value)
    else:
        isotonic.learn(state, raw, label_value)


@kernel
def _learn_calibrators(table: Ints, kind: int, row: Floats, label_value: int) -> None:
    """The calibrators of the online and of the batch member, where they are not those of the mixture."""
    if kind != layout.PLATT:
        _learn_calibrator(addresses.floats(table, layout.ONLINE_CALIBRATOR_), kind, row[RAW_ONLINE], label_value)
        _learn_calibrator(addresses.floats(table, layout.BATCH_CALIBRATOR_), kind, row[RAW_BATCH], label_value)


@kernel
def _calibrated(state: Floats, kind: int, raw: float) -> float:
    if math.isnan(raw):
        return raw
    return calibration.calibrate_beta(state, raw) if kind == layout.BETA else isotonic.calibrate(state, raw)


@kernel
def _calibrate_members(table: Ints, kind: int, row: Floats) -> None:
    """Fill in the calibrated probabilities, unless the mixture calibrates them."""
    if kind != layout.PLATT:
        row[ONLINE] = _calibrated(addresses.floats(table, layout.ONLINE_CALIBRATOR_), kind, row[RAW_ONLINE])
        row[BATCH] = _calibrated(addresses.floats(table, layout.BATCH_CALIBRATOR_), kind, row[RAW_BATCH])


@kernel
def note_confidence(confidences: Floats, row: Floats) -> bool:
    """Note the served probability of a labelled row among the newest ones; whether the threshold is to be chosen again."""
    scored = int(confidences[layout.SCORED])
    confidences[scored] = row[SERVED]
    confidences[layout.SCORED] = (scored + 1) % layout.CONFIDENCE_SCORES
    return scored + 1 == layout.CONFIDENCE_SCORES


@kernel
def _update(table: Ints, row: int) -> int:
    """Update counters, mixture, calibrators and confidence with the label; the reason to stop, or DONE."""
    codes, values = addresses.ints_2d(table, layout.CODES_), addresses.floats_2d(table, layout.VALUES_)
    if codes[row, layout.STATUS] != layout.SCORED_LABEL:
        return layout.DONE
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    slot, label_value = head[layout.SLOT], codes[row, layout.LABEL_VALUE]
    probabilities = _row_of(table, slot)
    head[layout.LABELS_USED] += 1
    head[layout.LAST_LABEL_TS] = addresses.ints_2d(table, layout.CLOCK_)[row, layout.TS]
    mixed = addresses.floats_2d(table, layout.MIXED_)
    if settings[layout.FURTHER] > 0:
        members.collect(table, slot, probabilities, mixed[PROBABILITIES])
        members.score(table, row, slot, label_value)
    head[layout.MOVE] = serving.learn(
        addresses.floats(table, layout.MIX_), addresses.floats(table, layout.STATISTICS_),
        addresses.floats(table, layout.LADDER_), settings[layout.STRATEGY], codes[row, layout.LABEL_STEP], probabilities, mixed,
    )  # fmt: skip
    choose = note_confidence(addresses.floats(table, layout.CONFIDENCES_), probabilities)
    _learn_calibrators(table, settings[layout.CALIBRATION], probabilities, label_value)
    if settings[layout.TARGET] == layout.VOLATILITY:
        ratios = addresses.floats(table, layout.DECILES_)
        if not deciles.update(ratios, probabilities[SERVED], values[row, layout.VALUE]):
            return layout.BAD_RATIO
    checked = head[layout.LABELS_USED] % layout.GOOD_STATE_EVERY == 0 and settings[layout.IN_TRIAL] == 0
    return layout.PERIODIC if checked or choose else layout.DONE


@kernel
def _detect(table: Ints, row: int) -> int:
    """Pass a scored label to the drift monitor; see `alpha_pulse.kernels.detection.drift_monitor` for the result."""
    values, at = addresses.floats_2d(table, layout.VALUES_), layout.SCORED_ROW
    sums, counters = addresses.floats(table, layout.DRIFT_SUMS_), addresses.ints(table, layout.DRIFT_COUNTERS_)
    raw, served = values[row, at + RAW_ONLINE], values[row, at + SERVED]
    if not drift_monitor.drift_add(sums, counters, raw, served, values[row, at + LABEL]):
        return drift_monitor.NOTHING
    times, totals = addresses.ints_2d(table, layout.DRIFT_TIMES_), addresses.floats_2d(table, layout.DRIFT_TOTALS_)
    windows, ts = addresses.floats_2d(table, layout.DRIFT_WINDOWS_), addresses.ints_2d(table, layout.CLOCK_)[row, layout.TS]
    return drift_monitor.drift_block(sums, counters, times, totals, windows, ts)


@kernel
def _adapt(table: Ints, row: int) -> int:
    """ATTEND where a detector found a change, a trial is over, the timer finds decay, or the caller is to act; else DONE."""
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    clock, codes = addresses.ints_2d(table, layout.CLOCK_), addresses.ints_2d(table, layout.CODES_)
    in_trial = settings[layout.IN_TRIAL] == 1
    head[layout.DRIFT] = drift_monitor.NOTHING
    if codes[row, layout.STATUS] == layout.SCORED_LABEL:
        head[layout.DRIFT] = _detect(table, row)
        if head[layout.DRIFT] != drift_monitor.NOTHING or head[layout.MOVE] != promotion.NOTHING:
            return layout.ATTEND
        if in_trial and addresses.floats(table, layout.TRIAL_)[layout.TRIAL_SAMPLES] >= head[layout.TRIAL_LABELS]:
            return layout.ATTEND
    if clock[row, layout.ATTENDED] == 1:
        return layout.ATTEND
    if clock[row, layout.TIMER] == 0 or in_trial:
        return layout.DONE
    labels = head[layout.LABELS_USED]
    if labels < head[layout.LOOK_AT] or labels < head[layout.REST_UNTIL]:
        return layout.DONE
    limits = addresses.floats(table, layout.LIMITS_)
    excess, lost = scores.window_health(addresses.floats(table, layout.SCORES_))
    decayed = excess > limits[layout.LOSS_THRESHOLD] or lost > limits[layout.ACCURACY_THRESHOLD]
    if decayed or head[layout.DEFERRED] > 0:
        return layout.ATTEND
    head[layout.LOOK_AT] = labels + layout.CHECK_EVERY
    return layout.DONE


@kernel
def _predict(table: Ints, row: int) -> int:
    """Take a slot for the features of the row and let the online model predict; the reason to stop, or DONE.

    A row without features serves nothing, nor does one whose trailing median is not known yet for ``volatility``.
    """
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    clock, prices = addresses.ints_2d(table, layout.CLOCK_), addresses.floats_2d(table, layout.PRICES_)
    codes = addresses.ints_2d(table, layout.CODES_)
    of_volatility = settings[layout.TARGET] == layout.VOLATILITY
    reference = prices[row, layout.MEDIAN] if of_volatility else prices[row, layout.CLOSE]
    codes[row, layout.WAS_SERVED] = 0
    if clock[row, layout.HAS_FEATURES] == 0 or (of_volatility and not reference > 0.0):
        return layout.DONE
    codes[row, layout.WAS_SERVED] = 1
    slots, pending = addresses.ints_2d(table, layout.SLOTS_), addresses.floats_2d(table, layout.PENDING_)
    features = addresses.floats_2d(table, layout.FEATURES_)
    slot = (head[layout.FIRST] + head[layout.WAITING]) % slots.shape[0]
    head[layout.SLOT] = slot
    slots[slot, layout.STEP], slots[slot, layout.SERVED_TS] = clock[row, layout.SEQ], clock[row, layout.TS]
    slots[slot, layout.DUE_BAR] = clock[row, layout.BAR_NUMBER] + settings[layout.HORIZON]
    slots[slot, layout.HAS_CONTROL] = 0
    pending[slot, layout.REFERENCE], pending[slot, layout.NEXT_OPEN] = reference, 0.0
    for k in range(ROW):
        pending[slot, layout.ROW_PLACE + k] = math.nan
    for j in range(settings[layout.WIDTH]):
        value = features[row, j]
        if not math.isfinite(value):
            return layout.NOT_FINITE
        pending[slot, layout.FEATURES_PLACE + j] = value
    if settings[layout.PREDICT_AT] == layout.PYTHON:
        return layout.CALL_PREDICT
    probability = _model_predict(table, layout.MODEL_, slot, layout.FEATURES_PLACE + settings[layout.WIDTH])
    if not 0.0 <= probability <= 1.0:
        return layout.DIVERGED
    pending[slot, layout.ROW_PLACE + RAW_ONLINE] = probability
    return layout.DONE


@kernel
def _predict_members(table: Ints, row: int) -> int:
    """Let the further members predict; CALL_MEMBERS_PREDICT where one is written in Python, or has failed."""
    settings, codes = addresses.ints(table, layout.SETTINGS_), addresses.ints_2d(table, layout.CODES_)
    if settings[layout.FURTHER] == 0 or codes[row, layout.WAS_SERVED] == 0:
        return layout.DONE
    slot = addresses.ints(table, layout.HEAD_)[layout.SLOT]
    return layout.CALL_MEMBERS_PREDICT if members.predict(table, row, slot) else layout.DONE


@kernel
def _predict_control(table: Ints, slot: int) -> None:
    """In a trial: the control predicts too, and the mixture of both takes the place of the online model's probability."""
    settings, probabilities = addresses.ints(table, layout.SETTINGS_), _row_of(table, slot)
    outputs_at = layout.FEATURES_PLACE + settings[layout.WIDTH] + settings[layout.OUTPUTS]
    control = _model_predict(table, layout.CONTROL_, slot, outputs_at)
    probabilities[ADAPTED] = probabilities[RAW_ONLINE]
    probabilities[CONTROL] = control if 0.0 <= control <= 1.0 else math.nan
    trial = addresses.floats(table, layout.TRIAL_)
    probabilities[RAW_ONLINE] = trials.mix(trial, probabilities[ADAPTED], probabilities[CONTROL])
    addresses.ints_2d(table, layout.SLOTS_)[slot, layout.HAS_CONTROL] = 1


@kernel
def note_age(head: Ints, ts: int) -> None:
    """Count the market time from the newest label to a prediction at ``ts``; seconds and the rest, so that no sum overflows."""
    if head[layout.LAST_LABEL_TS] == 0:
        return
    age = ts - head[layout.LAST_LABEL_TS]
    head[layout.AGES] += 1
    total = head[layout.AGE_NS] + age
    head[layout.AGE_S] += total // SECOND_NS
    head[layout.AGE_NS] = total % SECOND_NS
    head[layout.AGE_LARGEST_NS] = max(head[layout.AGE_LARGEST_NS], age)


@kernel
def _finish(table: Ints, row: int) -> None:
    """Mix the members, and let the prediction wait for its label."""
    codes, values = addresses.ints_2d(table, layout.CODES_), addresses.floats_2d(table, layout.VALUES_)
    if codes[row, layout.WAS_SERVED] == 0:
        return
    settings, head = addresses.ints(table, layout.SETTINGS_), addresses.ints(table, layout.HEAD_)
    slot, ts = head[layout.SLOT], addresses.ints_2d(table, layout.CLOCK_)[row, layout.TS]
    if settings[layout.IN_TRIAL] == 1 and settings[layout.PREDICT_AT] != layout.PYTHON:
        _predict_control(table, slot)
    note_age(head, ts)
    probabilities = _row_of(table, slot)
    if settings[layout.BATCH_READY_NS] != layout.NEVER and ts >= settings[layout.BATCH_READY_NS]:
        features = addresses.floats_from(_slot_address(table, slot, layout.FEATURES_PLACE), settings[layout.WIDTH])
        probabilities[RAW_BATCH] = gbm_predict(addresses.floats(table, layout.BATCH_), features)
    _calibrate_members(table, settings[layout.CALIBRATION], probabilities)
    mix, mixed = addresses.floats(table, layout.MIX_), addresses.floats_2d(table, layout.MIXED_)
    ensemble.calibrate(mix, probabilities, mixed)
    if settings[layout.FURTHER] > 0:
        members.calibrate(table, slot, mixed[PROBABILITIES])
    serving.serve(
        mix, addresses.floats(table, layout.STATISTICS_), addresses.floats(table, layout.LADDER_),
        addresses.ints(table, layout.READY_), settings[layout.STRATEGY],
        addresses.ints_2d(table, layout.SLOTS_)[slot, layout.STEP], probabilities, mixed,
    )  # fmt: skip
    if settings[layout.FURTHER] > 0:
        members.give_served(table, row, slot, mixed[SERVING])
    for k in range(ROW):
        values[row, layout.SERVED_ROW + k] = probabilities[k]
    if settings[layout.TARGET] == layout.VOLATILITY:
        level, plain = addresses.floats_2d(table, layout.GIVEN_)[row, layout.LEVEL], addresses.floats_2d(table, layout.PRICES_)
        if math.isnan(level):
            ratio = deciles.ratio(addresses.floats(table, layout.DECILES_), probabilities[SERVED])
            level = ratio * plain[row, layout.PLAIN]
        values[row, layout.FORECAST] = level
    values[row, layout.THRESHOLD_AT_SERVING] = addresses.floats(table, layout.CONFIDENCES_)[layout.THRESHOLD]
    codes[row, layout.USED_AT_SERVING] = head[layout.LABELS_USED]
    codes[row, layout.LABEL_TS_AT_SERVING] = head[layout.LAST_LABEL_TS]
    head[layout.WAITING] += 1


@kernel
def _phase(table: Ints, row: int, phase: int) -> int:
    if phase == layout.JOIN:
        return _join(table, row)
    if phase == layout.LEARN:
        return _learn(table, row)
    if phase == layout.LEARN_MEMBERS:
        return _learn_members(table, row)
    if phase == layout.UPDATE:
        return _update(table, row)
    if phase == layout.ADAPT:
        return _adapt(table, row)
    if phase == layout.PREDICT:
        return _predict(table, row)
    if phase == layout.PREDICT_MEMBERS:
        return _predict_members(table, row)
    _finish(table, row)
    return layout.DONE


@kernel
def run(table: Ints, first_row: int, first_phase: int, last_row: int, last_phase: int) -> int:
    """Take rows from ``first_phase`` of ``first_row`` to ``last_phase`` of ``last_row``, both included.

    Returns ``row * STOPS + reason``: where and why it stopped, with the reason DONE at the end. After NOT_FINITE,
    OVERDUE and BAD_RATIO the caller raises; after the others it acts and goes on at the next phase.
    """
    own = addresses.borrowed(table)
    for row in range(first_row, last_row + 1):
        begin = first_phase if row == first_row else layout.JOIN
        end = last_phase if row == last_row else layout.FINISH
        for phase in range(begin, end + 1):
            reason = _phase(own, row, phase)
            if reason != layout.DONE:
                return row * layout.STOPS + reason
    return last_row * layout.STOPS + layout.DONE
