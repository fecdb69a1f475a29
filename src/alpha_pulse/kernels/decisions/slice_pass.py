"""Slices one by one: resting orders trade, agents decide, books are sized and gated, and orders are released.

`run` goes on from its cursor to a phase of a slice, and stops where Python has to act: a symbol has its first bar, an array is
full, trades of the primary book are to be learned, an agent is written in Python, or the primary book has new orders, whose
features are stored. Python acts and calls `run` again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import ABSURD
from alpha_pulse.kernels.agents import decision as agents
from alpha_pulse.kernels.agents import trade_quality
from alpha_pulse.kernels.base import addresses
from alpha_pulse.kernels.base.addresses import floats, floats_2d, floats_3d, ints, ints_2d, ints_3d, ints_4d
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.decisions import layout
from alpha_pulse.kernels.execution import layout as execution
from alpha_pulse.kernels.execution.books import mark_slice
from alpha_pulse.kernels.execution.decisions import EVENTS_PER_BOOK, decide
from alpha_pulse.kernels.execution.resting_orders import pending_books
from alpha_pulse.kernels.execution.trading import trade_slice

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@kernel
def _open(table: Ints, first: int, end: int) -> int:
    """NEW_SYMBOL where a bar is the first one of its symbol, whose units are not known yet."""
    units, bars = ints_2d(table, layout.UNITS_), ints_2d(table, layout.BARS_)
    for row in range(first, end):
        if units[bars[row, execution.BAR_SYMBOL], execution.LOT] == 0:
            return layout.NEW_SYMBOL
    return layout.DONE


@kernel
def _trade(table: Ints, slice_: int, first: int, end: int) -> int:
    """Trade the resting orders on the bars of a slice, value the positions at their closes, and mark the books."""
    counter, marks = ints(table, layout.COUNTER_), ints_2d(table, layout.MARKS_)
    marks[slice_, layout.BEGAN] = counter[0]
    positions, books, units = ints_3d(table, layout.POSITIONS_), ints_2d(table, layout.BOOKS_), ints_2d(table, layout.UNITS_)
    bars, closes = ints_2d(table, layout.BARS_), floats(table, layout.CLOSES_)
    answer = trade_slice(
        positions, ints_4d(table, layout.LOTS_), floats_3d(table, layout.LOT_PRICES_), books, units,
        ints_2d(table, layout.FRESHNESS_), closes, ints_3d(table, layout.RESTING_), floats_3d(table, layout.RESTING_PRICES_),
        ints_2d(table, layout.COUNTS_), ints_2d(table, layout.HELD_), floats_2d(table, layout.QUOTES_),
        floats(table, layout.COSTS_), floats(table, layout.EXECUTION_), bars, floats_2d(table, layout.PRICES_), first, end,
        ints_2d(table, layout.EVENTS_), floats_2d(table, layout.EVENT_PRICES_), counter,
    )  # fmt: skip
    if answer == execution.LOTS_FULL:
        return layout.LOTS_FULL
    if answer == execution.EVENTS_FULL:
        return layout.EVENTS_FULL
    mark_slice(
        positions, books, floats_2d(table, layout.CURVES_), units, closes, bars, first, end, bars[first, execution.BAR_TS]
    )
    marks[slice_, layout.TRADED] = counter[0]
    equity = ints_2d(table, layout.EQUITY_)
    for book in range(books.shape[0]):
        equity[slice_, book] = books[book, execution.EQUITY]
    return layout.DONE


@kernel
def _has_outcomes(table: Ints, slice_: int) -> bool:
    """Whether the slice is planned, or closed a lot of the primary book that is a trade."""
    if ints(table, layout.PLANNED_)[slice_] == 1:
        return True
    marks, events, units = ints_2d(table, layout.MARKS_), ints_2d(table, layout.EVENTS_), ints_2d(table, layout.UNITS_)
    for event in range(marks[slice_, layout.BEGAN], marks[slice_, layout.TRADED]):
        if events[event, execution.TYPE] == execution.CLOSED_LOT and events[event, execution.EVENT_BOOK] == layout.PRIMARY:
            symbol = events[event, execution.EVENT_SYMBOL]
            if events[event, execution.CLOSED_PUT_IN] >= units[symbol, execution.MIN_ORDER]:
                return True
    return False


@kernel
def _run_rules(table: Ints, row: int, symbol: int) -> bool:
    """Let the agents that ship kernels follow their rules; False where another is to be called in Python."""
    settings, rules = floats_2d(table, layout.AGENT_SETTINGS_), ints_2d(table, layout.AGENT_RULES_)
    held, signals, given = (
        floats_2d(table, layout.AGENT_HELD_),
        floats_2d(table, layout.SIGNALS_),
        floats_2d(table, layout.GIVEN_),
    )
    forecasts, at = floats_2d(table, layout.FORECASTS_), ints_2d(table, layout.KNOWN_)[row, layout.FEATURES_AT]
    n_features = floats(table, layout.QUALITY_ROW_).shape[0] - trade_quality.EXTRA_FEATURES
    by_kernel = True
    for agent in range(settings.shape[0]):
        if settings[agent, agents.BY_KERNEL] == 0.0:
            by_kernel = False
            continue
        places = table[layout.AGENT_PLACES_, addresses.ADDRESS] + addresses.FLOAT_BYTES * (
            agent * table[layout.AGENT_PLACES_, addresses.COLUMNS]
        )
        rule_at, n_places = rules[agent, layout.RULE_AT], rules[agent, layout.N_PLACES]
        wanted = addresses.call_rule(rule_at, at, n_features, places, n_places, held[symbol, agent])
        held[symbol, agent] = wanted
        signals[row, agents.HEAD + agents.COLUMNS * agent + agents.RULE] = wanted
        given[agent, agents.PROBABILITY] = forecasts[row, layout.PROBABILITY]
        given[agent, agents.PREDICTION_CONFIDENCE] = forecasts[row, layout.CONFIDENCE]
        if rules[agent, layout.LEARNED_THRESHOLD] == 1:
            given[agent, agents.THRESHOLD] = forecasts[row, layout.THRESHOLD]
    return by_kernel


@kernel
def _quality_scale(table: Ints, row: int, symbol: int) -> float:
    """The factor on the size by the trade-quality model, see `alpha_pulse.kernels.agents.trade_quality`."""
    quality = ints_2d(table, layout.QUALITY_)
    record = addresses.floats_from(quality[symbol, layout.RECORD_AT], trade_quality.RECORD)
    if not trade_quality.scales(record):
        return 1.0
    features, signals = floats(table, layout.QUALITY_ROW_), floats_2d(table, layout.SIGNALS_)
    n_known = features.shape[0] - trade_quality.EXTRA_FEATURES
    known = addresses.floats_from(ints_2d(table, layout.KNOWN_)[row, layout.FEATURES_AT], n_known)
    confidence, model = signals[row, agents.CONFIDENCE], signals[row, agents.MODEL_MEAN]
    trade_quality.write_input(known, 0, signals[row, agents.COMBINED], confidence, model, features)
    probability = addresses.call_predict(
        quality[symbol, layout.QUALITY_PREDICT_AT],
        quality[symbol, layout.QUALITY_STATE_AT],
        quality[symbol, layout.QUALITY_STATE],
        table[layout.QUALITY_ROW_, addresses.ADDRESS],
        features.shape[0],
        table[layout.QUALITY_OUTPUTS_, addresses.ADDRESS],
        table[layout.QUALITY_OUTPUTS_, addresses.COLUMNS],
    )
    return trade_quality.size_scale(record, probability)


@kernel
def _write_inputs(table: Ints, row: int, symbol: int) -> bool:
    """What the books are sized by; False where a forecast is not finite."""
    inputs, signals, forecasts = (
        floats_2d(table, layout.INPUTS_),
        floats_2d(table, layout.SIGNALS_),
        floats_2d(table, layout.FORECASTS_),
    )
    probability = forecasts[row, layout.PROBABILITY]
    inputs[row, execution.COMBINED] = signals[row, agents.COMBINED]
    inputs[row, execution.RULES] = signals[row, agents.EQUAL_RULES]
    inputs[row, execution.ML] = signals[row, agents.MODEL_MEAN]
    inputs[row, execution.VOLATILITY] = forecasts[row, layout.VOLATILITY]
    inputs[row, execution.PLAIN_VOLATILITY] = forecasts[row, layout.PLAIN_VOLATILITY]
    inputs[row, execution.QUALITY] = _quality_scale(table, row, symbol)
    inputs[row, execution.PROBABILITY] = probability
    inputs[row, execution.BARS_PER_YEAR] = forecasts[row, layout.BARS_PER_YEAR]
    total = inputs[row, execution.VOLATILITY] + inputs[row, execution.PLAIN_VOLATILITY] + inputs[row, execution.QUALITY]
    total += (0.0 if math.isnan(probability) else probability) + inputs[row, execution.BARS_PER_YEAR]
    return bool(-ABSURD < total < ABSURD)


@kernel
def _decide_row(table: Ints, row: int) -> int:
    """The agents' signals for a row, and the orders of all books; the reason to stop, or DONE."""
    cursor, counter, events = ints(table, layout.CURSOR_), ints(table, layout.COUNTER_), ints_2d(table, layout.EVENTS_)
    books, bars = ints_2d(table, layout.BOOKS_), ints_2d(table, layout.BARS_)
    if counter[0] + EVENTS_PER_BOOK * books.shape[0] > events.shape[0]:
        return layout.EVENTS_FULL
    symbol = bars[row, execution.BAR_SYMBOL]
    if cursor[layout.AGENTS_DONE] == 0 and not _run_rules(table, row, symbol):
        return layout.CALL_AGENTS
    cursor[layout.AGENTS_DONE] = 0
    bad = agents.decide_row(
        floats_2d(table, layout.SIGNALS_), row, floats_2d(table, layout.GIVEN_), floats_2d(table, layout.AGENT_SETTINGS_),
        floats(table, layout.AGENT_WEIGHTS_), ints(table, layout.AGENT_COUNTS_),
    )  # fmt: skip
    if bad >= 0:
        return layout.BAD_AGENT
    if not _write_inputs(table, row, symbol):
        return layout.NOT_FINITE
    pending = ints(table, layout.PENDING_)
    pending_books(ints_3d(table, layout.RESTING_), ints_2d(table, layout.COUNTS_), symbol, pending)
    answer = decide(
        ints_3d(table, layout.POSITIONS_), books, ints_2d(table, layout.UNITS_), ints_2d(table, layout.FRESHNESS_),
        ints(table, layout.RULES_), floats(table, layout.EXECUTION_), bars, floats_2d(table, layout.PRICES_),
        floats_2d(table, layout.INPUTS_), row, bars[row, execution.BAR_TS], 1.0 / cursor[layout.OPENED], pending, events,
        floats_2d(table, layout.EVENT_PRICES_), counter,
    )  # fmt: skip
    return layout.NO_VOLATILITY if answer == execution.NO_VOLATILITY else layout.DONE


@kernel
def _decide(table: Ints, slice_: int, end: int) -> int:
    """Decide for each bar of a slice that has features, from the row of the cursor on."""
    cursor, known = ints(table, layout.CURSOR_), ints_2d(table, layout.KNOWN_)
    while cursor[layout.ROW] < end:
        row = cursor[layout.ROW]
        if known[row, layout.HAS_FEATURES] == 1:
            reason = _decide_row(table, row)
            if reason != layout.DONE:
                return reason
        cursor[layout.ROW] = row + 1
    ints_2d(table, layout.MARKS_)[slice_, layout.DECIDED] = ints(table, layout.COUNTER_)[0]
    return layout.DONE


@kernel
def _has_entered(table: Ints, slice_: int) -> bool:
    """Whether the primary book has an order of this slice."""
    marks, events = ints_2d(table, layout.MARKS_), ints_2d(table, layout.EVENTS_)
    for event in range(marks[slice_, layout.TRADED], marks[slice_, layout.DECIDED]):
        if events[event, execution.TYPE] == execution.ORDER and events[event, execution.EVENT_BOOK] == layout.PRIMARY:
            return True
    return False


@kernel
def _source_of(rule: int) -> int:
    """Whose signal a rule follows."""
    if rule == execution.BUY_AND_HOLD:
        return execution.SIGNAL_OF_BOOK
    if rule == execution.FOLLOW_RULES:
        return execution.SIGNAL_RULES
    return execution.SIGNAL_ML if rule == execution.FOLLOW_ML else execution.SIGNAL_COMBINED


@kernel
def _release(table: Ints, slice_: int) -> int:
    """Let the orders of a slice rest at the venue; RESTING_FULL, and nothing changed, where there is no room."""
    marks, events = ints_2d(table, layout.MARKS_), ints_2d(table, layout.EVENTS_)
    event_prices, counts = floats_2d(table, layout.EVENT_PRICES_), ints_2d(table, layout.COUNTS_)
    resting, resting_prices = ints_3d(table, layout.RESTING_), floats_3d(table, layout.RESTING_PRICES_)
    bars, rules, signals = ints_2d(table, layout.BARS_), ints(table, layout.RULES_), floats_2d(table, layout.SIGNALS_)
    row, known = ints(table, layout.STARTS_)[slice_], ints_2d(table, layout.KNOWN_)
    for event in range(marks[slice_, layout.TRADED], marks[slice_, layout.DECIDED]):
        if events[event, execution.TYPE] != execution.ORDER:
            continue
        symbol = events[event, execution.EVENT_SYMBOL]
        place = counts[symbol, execution.LIVE] + counts[symbol, execution.WAITING]
        while bars[row, execution.BAR_SYMBOL] != symbol:  # orders come in the order of the bars
            row += 1
        book, kind, step = (
            events[event, execution.EVENT_BOOK],
            events[event, execution.EVENT_KIND],
            bars[row, execution.BAR_STEP],
        )
        source = _source_of(rules[book])
        with_model = source == execution.SIGNAL_ML or source == execution.SIGNAL_COMBINED
        with_model = with_model and not math.isnan(signals[row, agents.MODEL_MEAN])
        resting[symbol, place, execution.ORDER_BOOK] = book
        resting[symbol, place, execution.ORDER_KIND] = kind
        resting[symbol, place, execution.ORDER_TS] = bars[row, execution.BAR_TS]
        resting[symbol, place, execution.ORDER_QUANTITY] = events[event, execution.EVENT_QUANTITY]
        resting[symbol, place, execution.ORDER_ID] = 2 * step + (1 if kind == execution.STOP else 0)
        resting[symbol, place, execution.ORDER_SIGNAL] = 4 * step + source
        resting[symbol, place, execution.ORDER_PREDICTION] = known[row, layout.PREDICTION] if with_model else execution.NO_ID
        resting_prices[symbol, place, execution.STOP_PRICE] = event_prices[event, execution.STOP_PRICE]
        resting_prices[symbol, place, execution.FRACTION] = event_prices[event, execution.FRACTION]
        counts[symbol, execution.WAITING] += 1
    return layout.DONE


@kernel
def _room_to_release(table: Ints, slice_: int, first: int, end: int) -> bool:
    """Whether all orders of a slice fit: two of each book in each of its symbols at most."""
    counts, bars, resting = ints_2d(table, layout.COUNTS_), ints_2d(table, layout.BARS_), ints_3d(table, layout.RESTING_)
    books = ints_2d(table, layout.BOOKS_).shape[0]
    for row in range(first, end):
        symbol = bars[row, execution.BAR_SYMBOL]
        if counts[symbol, execution.LIVE] + counts[symbol, execution.WAITING] + 2 * books > resting.shape[1]:
            return False
    return True


@kernel
def run(table: Ints, last_slice: int, last_phase: int) -> int:
    """Go on from the cursor to ``last_phase`` of ``last_slice``, both included; returns why it stopped.

    After OUTCOMES and ENTERED the cursor is at the next phase; after the others it is where it was, to be tried again.
    """
    own = addresses.borrowed(table)
    cursor, starts = ints(own, layout.CURSOR_), ints(table, layout.STARTS_)
    while cursor[layout.SLICE] < last_slice or (cursor[layout.SLICE] == last_slice and cursor[layout.PHASE] <= last_phase):
        slice_, phase = cursor[layout.SLICE], cursor[layout.PHASE]
        first, end = starts[slice_], starts[slice_ + 1]
        reason = layout.DONE
        if phase == layout.OPEN:
            reason = _open(own, first, end)
        elif phase == layout.TRADE:
            reason = _trade(own, slice_, first, end)
        elif phase == layout.DECIDE:
            reason = _decide(own, slice_, end)
        elif not _room_to_release(own, slice_, first, end):
            reason = layout.RESTING_FULL
        else:
            reason = _release(own, slice_)
        if reason != layout.DONE:
            return reason
        cursor[layout.PHASE] = phase + 1
        if phase == layout.TRADE:
            cursor[layout.ROW] = first
            if _has_outcomes(own, slice_):
                return layout.OUTCOMES
        if phase == layout.DECIDE and _has_entered(own, slice_):
            return layout.ENTERED
        if phase == layout.RELEASE:
            cursor[layout.SLICE], cursor[layout.PHASE] = slice_ + 1, layout.OPEN
    return layout.DONE
