"""The rows of one symbol in a block of bars: taken before its learning pass, handed to decisions after it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.durations import YEAR_NS
from alpha_pulse.features.schema import MIN_BARS
from alpha_pulse.feeds.bar_block import ASK, BID, CLOSE, HIGH, LOW, OPEN, PRICES
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.decisions import layout as decisions
from alpha_pulse.kernels.execution import layout as execution
from alpha_pulse.kernels.mixing.ensemble import CONFIDENT, RAW_ONLINE
from alpha_pulse.kernels.session import layout

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def take_rows(
    block_ts: Ints, block_prices: Floats, block_slices: Ints, seq: int, others: Floats, fires: NDArray[np.bool_],
    rows: Ints, bars_before: int, clock: Ints, prices: Floats, bars: Floats, market: Floats, ts: Ints, slices: Ints,
) -> None:  # fmt: skip
    """Take the bars of a symbol, the ``rows`` of a block.

    Parameters
    ----------
    block_ts, block_prices, block_slices, others
        Of all rows of the block: time, prices, slice, and the mean log return of the other symbols.
    seq, fires
        The number of the block's first slice; of each slice, whether the timer of adaptation fires.
    bars_before
        The symbol's bars before the block.
    clock, prices, bars, market, ts, slices
        Filled, see `alpha_pulse.engine.bar_rows.BarRows`; of ``prices`` open and close.
    """
    for row in range(rows.shape[0]):
        source, number = rows[row], bars_before + row + 1
        for k in range(PRICES):
            bars[row, k] = block_prices[source, k]
        ts[row], slices[row] = block_ts[source], block_slices[source]
        clock[row, layout.TS], clock[row, layout.SEQ] = block_ts[source], seq + block_slices[source]
        clock[row, layout.BAR_NUMBER], clock[row, layout.HAS_FEATURES] = number, 1 if number >= MIN_BARS else 0
        clock[row, layout.TIMER] = 1 if fires[block_slices[source]] else 0
        prices[row, layout.OPEN], prices[row, layout.CLOSE] = bars[row, OPEN], bars[row, CLOSE]
        market[row, 0], market[row, 1] = max(bars[row, HIGH], bars[row, CLOSE]), min(bars[row, LOW], bars[row, CLOSE])
        market[row, 2], market[row, 3] = bars[row, CLOSE], others[source]


@kernel
def hand_on(
    rows: Ints, clock: Ints, prices: Floats, features_at: int, features_stride: int, first_ts: int, of_volatility: Ints,
    volatility: Floats, of_direction: Ints, direction: Floats, row_in_symbol: Ints, known: Ints, forecasts: Floats,
) -> None:  # fmt: skip
    """What decisions are made from, for the ``rows`` of a symbol in a block; see `alpha_pulse.kernels.decisions.layout`.

    The forecast of volatility is calibrated by what such a probability has meant so far; without one it is the plain one. Bars
    per year are those at the symbol's mean rate since ``first_ts``, so that closed markets do not count.

    Parameters
    ----------
    features_at, features_stride
        Where the features of the symbol's rows begin in memory, and how many bytes one takes.
    of_volatility, volatility, of_direction, direction
        ``codes`` and ``values`` of the two targets.
    row_in_symbol, known, forecasts
        Of all rows of the block; filled for this symbol.
    """
    for row in range(rows.shape[0]):
        target = rows[row]
        row_in_symbol[target] = row
        known[target, decisions.HAS_FEATURES] = clock[row, layout.HAS_FEATURES]
        known[target, decisions.FEATURES_AT] = features_at + row * features_stride
        known[target, decisions.PREDICTION] = clock[row, layout.SEQ]
        plain = prices[row, layout.PLAIN]
        calibrated = of_volatility[row, layout.WAS_SERVED] == 1
        forecasts[target, decisions.PLAIN_VOLATILITY] = plain
        forecasts[target, decisions.VOLATILITY] = volatility[row, layout.FORECAST] if calibrated else plain
        years = (clock[row, layout.TS] - first_ts) / YEAR_NS
        forecasts[target, decisions.BARS_PER_YEAR] = (clock[row, layout.BAR_NUMBER] - 1) / years if years > 0.0 else 0.0
        probability = confidence = threshold = math.nan
        if of_direction[row, layout.WAS_SERVED] == 1:
            probability = direction[row, layout.SERVED_ROW + SERVED]
            threshold = direction[row, layout.THRESHOLD_AT_SERVING]
            if not math.isnan(threshold):
                confidence = direction[row, layout.SERVED_ROW + CONFIDENT]
        forecasts[target, decisions.PROBABILITY], forecasts[target, decisions.CONFIDENCE] = probability, confidence
        forecasts[target, decisions.THRESHOLD] = threshold


@kernel
def load_slices(
    code: Ints, ts: Ints, interval_ns: Ints, block_slices: Ints, seq: int, block_prices: Floats, bars: Ints, prices: Floats,
    signals: Floats, inputs: Floats, horizon: int,
) -> None:  # fmt: skip
    """Write the rows of a block as execution takes them, and empty what a decision fills.

    Parameters
    ----------
    code, ts, interval_ns, block_slices, seq, block_prices
        Of all rows of the block, see `alpha_pulse.feeds.bar_block.BarBlock`; ``seq`` is the number of its first slice.
    bars, prices, inputs
        Filled, see `alpha_pulse.kernels.execution.layout`.
    signals
        Filled with NaN.
    horizon
        Of the predicted direction, bars.
    """
    for row in range(code.shape[0]):
        bars[row, execution.BAR_SYMBOL], bars[row, execution.BAR_TS] = code[row], ts[row]
        bars[row, execution.BAR_INTERVAL], bars[row, execution.BAR_STEP] = interval_ns[row], seq + block_slices[row]
        prices[row, execution.OPEN], prices[row, execution.HIGH] = block_prices[row, OPEN], block_prices[row, HIGH]
        prices[row, execution.LOW], prices[row, execution.CLOSE] = block_prices[row, LOW], block_prices[row, CLOSE]
        prices[row, execution.BID], prices[row, execution.ASK] = block_prices[row, BID], block_prices[row, ASK]
        for k in range(signals.shape[1]):
            signals[row, k] = math.nan
        for k in range(inputs.shape[1]):
            inputs[row, k] = math.nan
        inputs[row, execution.HORIZON] = horizon


@kernel
def scored_errors(codes: Ints, values: Floats, ts: Ints, first: int, last: int, errors: Floats, times: Ints) -> int:
    """Of the labels scored in rows ``first`` to ``last``: whether the online model was wrong (0 or 1), and when.

    Parameters
    ----------
    codes, values
        Of a target, see `alpha_pulse.kernels.session.layout`.
    ts
        Ends of the bars, ns.
    errors, times
        Filled from the front.

    Returns
    -------
    int
        How many.
    """
    n = 0
    for row in range(first, last + 1):
        probability = values[row, layout.SCORED_ROW + RAW_ONLINE]
        if codes[row, layout.STATUS] == layout.SCORED_LABEL and not math.isnan(probability):
            right = (probability >= 0.5) == (values[row, layout.SCORED_ROW + LABEL] == 1.0)
            errors[n], times[n] = 0.0 if right else 1.0, ts[row]
            n += 1
    return n
