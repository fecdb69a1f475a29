"""The indicators: one kernel processes one bar and writes one row of features. Its state is one packed array.

Every value depends only on bars up to the current one, has no unit, and is clipped to +-10. Means are updated before they
are used, so the newest bar is part of its own scale, which limits the effect of an outlier. Windows are summed from their
rings at each bar instead of being updated by differences, so that rounding errors do not accumulate; 20 to 96 numbers cost
20 to 80 ns. `tests/naive_features.py` contains the slow reference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.features import layout
from alpha_pulse.features.calendar import calendar_step
from alpha_pulse.features.schema import RETURNS
from alpha_pulse.kernels.base.addresses import borrowed
from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.median import median_push, median_value
from alpha_pulse.kernels.base.moments import ema_weight, log_ratio, quotient, wilder_weight

Row = NDArray[np.float64]

BOLLINGER = 20
DEVIATION_FLOOR = 1e-9
"""Smallest coefficient of variation of volume that is not a rounding error."""


@kernel
def _volatility_step(state: Row, bars: int, change: float) -> None:
    """Means of squared returns, realised volatility over the horizon, and its trailing median. ``change``: log return."""
    count = bars - 1.0
    square = change * change
    for slot, span in (
        (layout.SQUARE_12, 12.0),
        (layout.SQUARE_48, 48.0),
        (layout.SQUARE_100, 100.0),
        (layout.SQUARE_288, 288.0),
        (layout.SQUARE_1000, 1000.0),
    ):
        state[slot] += ema_weight(count, span) * (square - state[slot])
    horizon = int(state[layout.HORIZON])
    half = max(1.0, 0.5 * horizon)
    for slot, span in ((layout.LEVEL_HALF, half), (layout.LEVEL_1, 1.0 * horizon), (layout.LEVEL_4, 4.0 * horizon)):
        state[slot] += ema_weight(count, span) * (square - state[slot])
    state[layout.BAR_VOLATILITY] = math.sqrt(state[layout.SQUARE_100])

    mask = state.size - layout.SQUARES - 1
    state[layout.SQUARES + (bars & mask)] = square
    if bars <= horizon:
        return
    total = 0.0
    for i in range(bars - horizon + 1, bars + 1):
        total += state[layout.SQUARES + (i & mask)]
    state[layout.REALISED] = math.sqrt(total)
    median_push(state, layout.MEDIAN, layout.MEDIAN_WINDOW, state[layout.REALISED])
    if state[layout.MEDIAN] >= layout.MEDIAN_LEAST:
        state[layout.TRAILING_MEDIAN] = median_value(state, layout.MEDIAN, layout.MEDIAN_WINDOW)


@kernel
def _return_features(state: Row, bars: int, close: float, change: float, scale: float, out: Row) -> None:
    """Returns and distances from means, times ``scale`` (1 / volatility per bar; 0 where prices do not move)."""
    mask = layout.LOGS_SIZE - 1
    newest = state[layout.LOGS + (bars & mask)]
    for i in range(len(RETURNS)):
        back = RETURNS[i]
        if bars > back:
            past = state[layout.LOGS + ((bars - back) & mask)]
            out[layout.RETURN_COLUMN + i] = (newest - past) * scale / math.sqrt(back)
    column = layout.DISTANCE_COLUMN
    for slot, span in ((layout.CLOSE_10, 10.0), (layout.CLOSE_50, 50.0), (layout.CLOSE_200, 200.0)):
        state[slot] += ema_weight(1.0 * bars, span) * (close - state[slot])
        out[column] = (newest - math.log(state[slot])) * scale / math.sqrt(span)
        column += 1
    short, long = state[layout.SQUARE_12], state[layout.SQUARE_288]
    out[layout.VOLATILITY_COLUMN] = 0.5 * log_ratio(short, long, layout.MEAN_RATIO_FLOOR)
    medium, longest = state[layout.SQUARE_48], state[layout.SQUARE_1000]
    out[layout.VOLATILITY_COLUMN + 1] = 0.5 * log_ratio(medium, longest, layout.MEAN_RATIO_FLOOR)
    out[layout.VOLATILITY_COLUMN + 2] = abs(change) * scale


@kernel
def _oscillators(state: Row, bars: int, close: float, move: float, out: Row) -> None:
    """Relative strength as (gains - losses) / (gains + losses) = (RSI - 50) / 50, and the position in the Bollinger bands.

    Sources: Wilder (1978), New Concepts in Technical Trading Systems; Bollinger (2001), Bollinger on Bollinger Bands.
    ``move`` is the change of the close. The moments of the bands are computed about the newest close. They are exactly 0 where
    all closes are equal, and lose no digits at high prices.
    """
    column = layout.RSI_COLUMN
    for gain, loss, span in ((layout.GAIN_14, layout.LOSS_14, 14.0), (layout.GAIN_50, layout.LOSS_50, 50.0)):
        if bars > 1:
            weight = wilder_weight(bars - 1.0, span)
            state[gain] += weight * (max(move, 0.0) - state[gain])
            state[loss] += weight * (max(-move, 0.0) - state[loss])
        out[column] = quotient(state[gain] - state[loss], state[gain] + state[loss])
        column += 1
    if bars < BOLLINGER:
        return
    mask = layout.CLOSES_SIZE - 1
    mean = 0.0
    for i in range(bars - BOLLINGER + 1, bars):
        mean += state[layout.CLOSES + (i & mask)] - close
    mean /= BOLLINGER
    variance = mean * mean
    for i in range(bars - BOLLINGER + 1, bars):
        from_mean = state[layout.CLOSES + (i & mask)] - close - mean
        variance += from_mean * from_mean
    out[layout.BOLLINGER_COLUMN] = quotient(-mean, 2.0 * math.sqrt(variance / BOLLINGER))


@kernel
def _range_features(state: Row, bars: int, opened: float, high: float, low: float, close: float, out: Row) -> None:
    """Average true ranges, position of the close in the range of 24 and 96 bars, shape of the bar and its mean.

    Source: Wilder (1978) for true range and its average.
    """
    count = 1.0 * bars
    span = high - low
    true_range = span
    if bars > 1:
        before = state[layout.CLOSES + ((bars - 1) & (layout.CLOSES_SIZE - 1))]
        true_range = max(span, abs(high - before), abs(low - before))
    state[layout.ATR_14] += wilder_weight(count, 14.0) * (true_range - state[layout.ATR_14])
    state[layout.ATR_100] += wilder_weight(count, 100.0) * (true_range - state[layout.ATR_100])
    state[layout.RANGE_100] += ema_weight(count, 100.0) * (true_range - state[layout.RANGE_100])
    out[layout.ATR_COLUMN] = log_ratio(state[layout.ATR_14], state[layout.ATR_100], layout.MEAN_RATIO_FLOOR)
    out[layout.RANGE_COLUMN] = log_ratio(true_range, state[layout.RANGE_100], layout.RATIO_FLOOR)

    mask = layout.HIGHS_SIZE - 1
    state[layout.HIGHS + (bars & mask)] = high
    state[layout.LOWS + (bars & mask)] = low
    top, bottom, start = high, low, 1
    column = layout.POSITION_COLUMN
    for length in (24, 96):
        if bars >= length:
            for i in range(bars - length + 1, bars - start + 1):
                top = max(top, state[layout.HIGHS + (i & mask)])
                bottom = min(bottom, state[layout.LOWS + (i & mask)])
            start = length
            out[column] = quotient((close - bottom) - (top - close), top - bottom)
        column += 1
    body = quotient(close - opened, span)
    out[layout.LOCATION_COLUMN] = quotient((close - low) - (high - close), span)
    out[layout.BODY_COLUMN] = body
    state[layout.FLOW_10] += ema_weight(count, 10.0) * (body - state[layout.FLOW_10])
    out[layout.FLOW_COLUMN] = state[layout.FLOW_10]


@kernel
def _volume_features(state: Row, volume: float, out: Row, column: int) -> None:
    """Volume z-score and ratio, and the body of the bar weighted by relative volume; ``volume`` < 0 means missing.

    The variance is the exponentially weighted update of Finch (2009), Incremental calculation of weighted mean and variance,
    which subtracts no large squares.
    """
    if volume < 0.0:
        return
    state[layout.VOLUMES] += 1.0
    count = state[layout.VOLUMES]
    weight = ema_weight(count, 100.0)
    before = volume - state[layout.VOLUME_100]
    state[layout.VOLUME_VARIANCE] = (1.0 - weight) * (state[layout.VOLUME_VARIANCE] + weight * before * before)
    state[layout.VOLUME_100] += weight * before
    state[layout.VOLUME_5] += ema_weight(count, 5.0) * (volume - state[layout.VOLUME_5])
    deviation = math.sqrt(state[layout.VOLUME_VARIANCE])
    if deviation > DEVIATION_FLOOR * state[layout.VOLUME_100]:
        out[column] = (volume - state[layout.VOLUME_100]) / deviation
    out[column + 1] = log_ratio(state[layout.VOLUME_5], state[layout.VOLUME_100], layout.MEAN_RATIO_FLOOR)
    out[column + 2] = out[layout.BODY_COLUMN] * quotient(volume, state[layout.VOLUME_100])


@kernel
def _spread_feature(state: Row, bid: float, ask: float, out: Row, column: int) -> None:
    """Quoted spread (relative to the mid; 0 for crossed quotes) over its mean; ``bid`` <= 0 means missing."""
    if bid <= 0.0 or ask <= 0.0:
        return
    spread = max(ask - bid, 0.0) / (0.5 * (ask + bid))
    state[layout.SPREADS] += 1.0
    state[layout.SPREAD_500] += ema_weight(state[layout.SPREADS], 500.0) * (spread - state[layout.SPREAD_500])
    out[column] = log_ratio(spread, state[layout.SPREAD_500], layout.RATIO_FLOOR)


@kernel
def _level_features(state: Row, out: Row, column: int) -> None:
    """Log of recent volatility, scaled to the horizon, over the trailing median of the volatility label."""
    median = state[layout.TRAILING_MEDIAN]
    if median <= layout.VOLATILITY_FLOOR:
        return
    for slot in (layout.LEVEL_HALF, layout.LEVEL_1, layout.LEVEL_4):
        recent = math.sqrt(state[slot] * state[layout.HORIZON])
        level = log_ratio(recent, median, layout.MEAN_RATIO_FLOOR)
        out[column] = min(max(level, -layout.LEVEL_CLIP), layout.LEVEL_CLIP)
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
    """Process one bar and write its features, not rounded. Returns False, and changes nothing, for an invalid bar.

    Parameters
    ----------
    state
        Packed array from `alpha_pulse.features.layout.empty_state`, changed in place.
    ts
        End of the bar, ns since the epoch, UTC.
    opened, high, low, close
        Prices, greater than 0, ``low`` at most ``high``.
    volume, bid, ask
        Negative (volume) or 0 (quotes) where this bar has none; ignored for a feed without them.
    out
        float64 of shape (number of names in the schema,); overwritten. Features that are not known yet are 0, and own ones.
    """
    if not (opened > 0.0 and close > 0.0 and high >= low > 0.0):
        return False
    bars = int(state[layout.BARS]) + 1
    state[layout.BARS] = bars
    out[:] = 0.0
    before = state[layout.CLOSES + ((bars - 1) & (layout.CLOSES_SIZE - 1))]
    log_before = state[layout.LOGS + ((bars - 1) & (layout.LOGS_SIZE - 1))]
    log_close = math.log(close)
    change, move = 0.0, 0.0
    if bars > 1:
        change = log_close - log_before
        move = close - before
        _volatility_step(state, bars, change)
    state[layout.CLOSES + (bars & (layout.CLOSES_SIZE - 1))] = close
    state[layout.LOGS + (bars & (layout.LOGS_SIZE - 1))] = log_close
    volatility = state[layout.BAR_VOLATILITY]
    scale = 1.0 / volatility if volatility > layout.VOLATILITY_FLOOR else 0.0
    _return_features(state, bars, close, change, scale, out)
    _oscillators(state, bars, close, move, out)
    _range_features(state, bars, opened, high, low, close, out)
    calendar_step(ts, out, layout.CALENDAR_COLUMN)
    column = layout.OPTIONAL_COLUMN
    if state[layout.HAS_VOLUME] > 0.0:
        _volume_features(state, volume, out, column)
        column += 3
    if state[layout.HAS_QUOTES] > 0.0:
        _spread_feature(state, bid, ask, out, column)
        column += 1
    _level_features(state, out, column + int(state[layout.OWN]))
    for i in range(out.size):
        out[i] = min(max(out[i], -layout.CLIP), layout.CLIP)
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
    """`feature_step`, rounded to 6 decimals. These values are served, stored and learned.

    Six decimals are more than the precision of any feature. They keep the JSON of the journal short and exact: a row read from
    the journal equals the served row bit for bit. Adding 0 turns -0 into 0, so that each value has one spelling.
    """
    known = feature_step(state, ts, opened, high, low, close, volume, bid, ask, out)
    if known:
        for i in range(out.size):
            out[i] = np.rint(out[i] * 1e6) / 1e6 + 0.0
    return known


@kernel
def served_rows(state: Row, ts: NDArray[np.int64], bars: Row, levels: Row, features: Row) -> int:
    """`served_step` for each row of ``bars``, with the volatilities after it in ``levels``; the row at which it stopped.

    See `alpha_pulse.features.extractor.FeatureExtractor.update_rows`.
    """
    n: int = bars.shape[0]
    own, rows, root_horizon = borrowed(state), borrowed(features), math.sqrt(state[layout.HORIZON])
    for row in range(n):
        volume, bid, ask = bars[row, 4], bars[row, 5], bars[row, 6]
        known = served_step(
            own,
            ts[row],
            bars[row, 0],
            bars[row, 1],
            bars[row, 2],
            bars[row, 3],
            -1.0 if math.isnan(volume) else volume,
            0.0 if math.isnan(bid) else bid,
            0.0 if math.isnan(ask) else ask,
            rows[row],
        )
        if not known:
            return row
        median = state[layout.TRAILING_MEDIAN]
        levels[row, 0], levels[row, 1] = state[layout.REALISED], median
        levels[row, 2] = median / root_horizon if median > 0.0 else state[layout.BAR_VOLATILITY]
    return n
