"""The indicators: one kernel takes one bar and writes one row of features, from one packed array of state.

Every value is causal (bars up to this one), scale-free, and clipped to +-10. Each group has its own step below; all means
are updated before they are used, so the newest bar is part of its own scale and bounds what an outlier can do.
Windows are scanned afresh from their rings instead of being updated by differences: 20 to 96 numbers cost some 20 to 80 ns,
and nothing drifts. `tests/naive_features.py` holds the slow twin.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.features import layout as at
from alpha_pulse.features.calendar import calendar_step
from alpha_pulse.features.schema import RETURNS
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.median import median_push, median_value
from alpha_pulse.kernels.base.moments import ema_weight, log_ratio, quotient, wilder_weight

Row = NDArray[np.float64]

BOLLINGER = 20
DEVIATION_FLOOR = 1e-9
"""Least coefficient of variation of volume that is not rounding error."""


@kernel
def _volatility_step(state: Row, bars: int, change: float) -> None:
    """Means of squared returns, realised volatility over the horizon, and its trailing median. ``change``: log return."""
    count = bars - 1.0
    square = change * change
    for slot, span in (
        (at.SQUARE_12, 12.0),
        (at.SQUARE_48, 48.0),
        (at.SQUARE_100, 100.0),
        (at.SQUARE_288, 288.0),
        (at.SQUARE_1000, 1000.0),
    ):
        state[slot] += ema_weight(count, span) * (square - state[slot])
    horizon = int(state[at.HORIZON])
    half = max(1.0, 0.5 * horizon)
    for slot, span in ((at.LEVEL_HALF, half), (at.LEVEL_1, 1.0 * horizon), (at.LEVEL_4, 4.0 * horizon)):
        state[slot] += ema_weight(count, span) * (square - state[slot])
    state[at.BAR_VOLATILITY] = math.sqrt(state[at.SQUARE_100])

    mask = state.size - at.SQUARES - 1
    state[at.SQUARES + (bars & mask)] = square
    if bars <= horizon:
        return
    total = 0.0
    for i in range(bars - horizon + 1, bars + 1):
        total += state[at.SQUARES + (i & mask)]
    state[at.REALISED] = math.sqrt(total)
    median_push(state, at.MEDIAN, at.MEDIAN_WINDOW, state[at.REALISED])
    if state[at.MEDIAN] >= at.MEDIAN_LEAST:
        state[at.TRAILING_MEDIAN] = median_value(state, at.MEDIAN, at.MEDIAN_WINDOW)


@kernel
def _return_features(state: Row, bars: int, close: float, change: float, scale: float, out: Row) -> None:
    """Returns and distances from means in units of ``scale`` (1 / volatility per bar, 0 where prices stand still)."""
    mask = at.LOGS_SIZE - 1
    newest = state[at.LOGS + (bars & mask)]
    for i in range(len(RETURNS)):
        back = RETURNS[i]
        if bars > back:
            past = state[at.LOGS + ((bars - back) & mask)]
            out[at.RETURN_COLUMN + i] = (newest - past) * scale / math.sqrt(back)
    column = at.DISTANCE_COLUMN
    for slot, span in ((at.CLOSE_10, 10.0), (at.CLOSE_50, 50.0), (at.CLOSE_200, 200.0)):
        state[slot] += ema_weight(1.0 * bars, span) * (close - state[slot])
        out[column] = (newest - math.log(state[slot])) * scale / math.sqrt(span)
        column += 1
    out[at.VOLATILITY_COLUMN] = 0.5 * log_ratio(state[at.SQUARE_12], state[at.SQUARE_288], at.MEAN_RATIO_FLOOR)
    out[at.VOLATILITY_COLUMN + 1] = 0.5 * log_ratio(state[at.SQUARE_48], state[at.SQUARE_1000], at.MEAN_RATIO_FLOOR)
    out[at.VOLATILITY_COLUMN + 2] = abs(change) * scale


@kernel
def _oscillators(state: Row, bars: int, close: float, move: float, out: Row) -> None:
    """Relative strength as (gains - losses) / (gains + losses) = (RSI - 50) / 50, and the place in the Bollinger bands.

    Sources: Wilder (1978), New Concepts in Technical Trading Systems; Bollinger (2001), Bollinger on Bollinger Bands.
    ``move`` is the change of the close. The bands' moments are taken about the newest close: exactly 0 where all are equal,
    and no digits are lost at high price levels.
    """
    column = at.RSI_COLUMN
    for gain, loss, span in ((at.GAIN_14, at.LOSS_14, 14.0), (at.GAIN_50, at.LOSS_50, 50.0)):
        if bars > 1:
            weight = wilder_weight(bars - 1.0, span)
            state[gain] += weight * (max(move, 0.0) - state[gain])
            state[loss] += weight * (max(-move, 0.0) - state[loss])
        out[column] = quotient(state[gain] - state[loss], state[gain] + state[loss])
        column += 1
    if bars < BOLLINGER:
        return
    mask = at.CLOSES_SIZE - 1
    mean = 0.0
    for i in range(bars - BOLLINGER + 1, bars):
        mean += state[at.CLOSES + (i & mask)] - close
    mean /= BOLLINGER
    variance = mean * mean
    for i in range(bars - BOLLINGER + 1, bars):
        from_mean = state[at.CLOSES + (i & mask)] - close - mean
        variance += from_mean * from_mean
    out[at.BOLLINGER_COLUMN] = quotient(-mean, 2.0 * math.sqrt(variance / BOLLINGER))


@kernel
def _range_features(state: Row, bars: int, opened: float, high: float, low: float, close: float, out: Row) -> None:
    """Average true ranges, place of the close in the range of 24 and 96 bars, shape of the bar and its mean.

    Source: Wilder (1978) for true range and its average.
    """
    count = 1.0 * bars
    span = high - low
    true_range = span
    if bars > 1:
        before = state[at.CLOSES + ((bars - 1) & (at.CLOSES_SIZE - 1))]
        true_range = max(span, abs(high - before), abs(low - before))
    state[at.ATR_14] += wilder_weight(count, 14.0) * (true_range - state[at.ATR_14])
    state[at.ATR_100] += wilder_weight(count, 100.0) * (true_range - state[at.ATR_100])
    state[at.RANGE_100] += ema_weight(count, 100.0) * (true_range - state[at.RANGE_100])
    out[at.ATR_COLUMN] = log_ratio(state[at.ATR_14], state[at.ATR_100], at.MEAN_RATIO_FLOOR)
    out[at.RANGE_COLUMN] = log_ratio(true_range, state[at.RANGE_100], at.RATIO_FLOOR)

    mask = at.HIGHS_SIZE - 1
    state[at.HIGHS + (bars & mask)] = high
    state[at.LOWS + (bars & mask)] = low
    top, bottom, start = high, low, 1
    column = at.POSITION_COLUMN
    for length in (24, 96):
        if bars >= length:
            for i in range(bars - length + 1, bars - start + 1):
                top = max(top, state[at.HIGHS + (i & mask)])
                bottom = min(bottom, state[at.LOWS + (i & mask)])
            start = length
            out[column] = quotient((close - bottom) - (top - close), top - bottom)
        column += 1
    body = quotient(close - opened, span)
    out[at.LOCATION_COLUMN] = quotient((close - low) - (high - close), span)
    out[at.BODY_COLUMN] = body
    state[at.FLOW_10] += ema_weight(count, 10.0) * (body - state[at.FLOW_10])
    out[at.FLOW_COLUMN] = state[at.FLOW_10]


@kernel
def _volume_features(state: Row, volume: float, out: Row, column: int) -> None:
    """Volume z-score and ratio, and the body of the bar weighted by relative volume; ``volume`` < 0 means missing.

    Variance by the exponentially weighted update of Finch (2009), Incremental calculation of weighted mean and variance:
    no difference of large squares.
    """
    if volume < 0.0:
        return
    state[at.VOLUMES] += 1.0
    count = state[at.VOLUMES]
    weight = ema_weight(count, 100.0)
    before = volume - state[at.VOLUME_100]
    state[at.VOLUME_VARIANCE] = (1.0 - weight) * (state[at.VOLUME_VARIANCE] + weight * before * before)
    state[at.VOLUME_100] += weight * before
    state[at.VOLUME_5] += ema_weight(count, 5.0) * (volume - state[at.VOLUME_5])
    deviation = math.sqrt(state[at.VOLUME_VARIANCE])
    if deviation > DEVIATION_FLOOR * state[at.VOLUME_100]:
        out[column] = (volume - state[at.VOLUME_100]) / deviation
    out[column + 1] = log_ratio(state[at.VOLUME_5], state[at.VOLUME_100], at.MEAN_RATIO_FLOOR)
    out[column + 2] = out[at.BODY_COLUMN] * quotient(volume, state[at.VOLUME_100])


@kernel
def _spread_feature(state: Row, bid: float, ask: float, out: Row, column: int) -> None:
    """Quoted spread (relative to the mid; 0 where quotes are crossed) against its mean; ``bid`` <= 0 means missing."""
    if bid <= 0.0 or ask <= 0.0:
        return
    spread = max(ask - bid, 0.0) / (0.5 * (ask + bid))
    state[at.SPREADS] += 1.0
    state[at.SPREAD_500] += ema_weight(state[at.SPREADS], 500.0) * (spread - state[at.SPREAD_500])
    out[column] = log_ratio(spread, state[at.SPREAD_500], at.RATIO_FLOOR)


@kernel
def _level_features(state: Row, out: Row, column: int) -> None:
    """Log of recent volatility, over the horizon's length, against the trailing median of the volatility label."""
    median = state[at.TRAILING_MEDIAN]
    if median <= at.VOLATILITY_FLOOR:
        return
    for slot in (at.LEVEL_HALF, at.LEVEL_1, at.LEVEL_4):
        recent = math.sqrt(state[slot] * state[at.HORIZON])
        level = log_ratio(recent, median, at.MEAN_RATIO_FLOOR)
        out[column] = min(max(level, -at.LEVEL_CLIP), at.LEVEL_CLIP)
        column += 1


@kernel
def feature_step(
    state: Row,
    ts: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    bid: float,
    ask: float,
    out: Row,
) -> bool:
    """Take in one bar and write its features, not rounded; False, and nothing changed, when the bar cannot be one.

    Parameters
    ----------
    state
        Packed array from `alpha_pulse.features.layout.empty_state`, changed in place.
    ts
        End of the bar, ns since the epoch, UTC.
    opened, high, low, close
        Prices, greater than 0, ``low`` at most ``high``.
    volume, bid, ask
        Negative (volume) or 0 (quotes) where this bar lacks them; not looked at where the feed has none.
    out
        float64 of shape (number of names in the schema,); overwritten. What is not known yet is 0.
    """
    if not (opened > 0.0 and close > 0.0 and high >= low > 0.0):
        return False
    bars = int(state[at.BARS]) + 1
    state[at.BARS] = bars
    out[:] = 0.0
    before = state[at.CLOSES + ((bars - 1) & (at.CLOSES_SIZE - 1))]
    log_before = state[at.LOGS + ((bars - 1) & (at.LOGS_SIZE - 1))]
    log_close = math.log(close)
    change, move = 0.0, 0.0
    if bars > 1:
        change = log_close - log_before
        move = close - before
        _volatility_step(state, bars, change)
    state[at.CLOSES + (bars & (at.CLOSES_SIZE - 1))] = close
    state[at.LOGS + (bars & (at.LOGS_SIZE - 1))] = log_close
    volatility = state[at.BAR_VOLATILITY]
    scale = 1.0 / volatility if volatility > at.VOLATILITY_FLOOR else 0.0
    _return_features(state, bars, close, change, scale, out)
    _oscillators(state, bars, close, move, out)
    _range_features(state, bars, opened, high, low, close, out)
    calendar_step(ts, out, at.CALENDAR_COLUMN)
    column = at.OPTIONAL_COLUMN
    if state[at.HAS_VOLUME] > 0.0:
        _volume_features(state, volume, out, column)
        column += 3
    if state[at.HAS_QUOTES] > 0.0:
        _spread_feature(state, bid, ask, out, column)
        column += 1
    _level_features(state, out, column)
    for i in range(out.size):
        out[i] = min(max(out[i], -at.CLIP), at.CLIP)
    return True


@kernel
def served_step(
    state: Row,
    ts: int,
    opened: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    bid: float,
    ask: float,
    out: Row,
) -> bool:
    """`feature_step`, then rounded to 6 decimals: what is served, stored and learned.

    Six decimals are far below what any feature knows, and keep the journal's JSON short and exact: the row read back from
    the text is the row that was served, bit for bit. Adding 0 turns -0 into 0, for one value has one spelling.
    """
    known = feature_step(state, ts, opened, high, low, close, volume, bid, ask, out)
    if known:
        for i in range(out.size):
            out[i] = np.rint(out[i] * 1e6) / 1e6 + 0.0
    return known
