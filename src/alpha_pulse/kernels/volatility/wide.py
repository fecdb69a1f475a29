"""The wide features of volatility: exponential means of squared returns, ranges and volume, raw and without their season.

One step per bar. Its row has no horizon and no median in it, so all horizons share it; a member makes its inputs from it
(`alpha_pulse.kernels.volatility.inputs`). A value *without season* is divided by the factor of its slot, as it was before the
bar. A range is that of Garman and Klass plus the squared gap from the last close, limited to `MOST_RANGE` times its expected
value or twice the squared return, because one wrong tick would otherwise stay in its means for weeks.

State (float64): head | means, in the order of `MEANS` | seasonal tables of squares, ranges and volume.

Sources: Garman & Klass, "On the estimation of security price volatilities from historical data", Journal of Business 53 (1980);
Corsi, "A simple approximate long-memory model of realized volatility", Journal of Financial Econometrics 7 (2009); with
exponential means: Bollerslev, Hood, Huss & Pedersen, "Risk everywhere: modeling and managing volatility", Review of Financial
Studies 31 (2018).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.moments import ema_weight
from alpha_pulse.kernels.volatility import calendar as calendars
from alpha_pulse.kernels.volatility import season

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNT, VOLUMES, LOG_CLOSE, DAY_BARS, SQUARE_LEVEL, RANGE_LEVEL, VOLUME_LEVEL, HORIZONS = range(8)
HEAD = 16
MOST_HORIZONS = HEAD - 9
SHORT = (3.0, 6.0, 12.0, 24.0, 48.0)
"""Spans of means of squares, in bars; after them come a day, 5 days, 22 days and `LONG`."""
LONG = 2_000.0
TRENDS = (12.0, 48.0, 200.0, 800.0)
SCALE_BARS = 100.0
EWMA_SPAN = 2.0 / 0.06 - 1.0
"""The decay .94 of RiskMetrics (1996)."""
N_SQUARES, N_RANGES, N_VOLUMES = len(SHORT) + 4, 5, 4

SQUARES = 0
SEASONAL_SQUARES = SQUARES + N_SQUARES
RANGES = SEASONAL_SQUARES + N_SQUARES
SEASONAL_RANGES = RANGES + N_RANGES
EWMA = SEASONAL_RANGES + N_RANGES
SEASONAL_EWMA = EWMA + 1
VOLUME = SEASONAL_EWMA + 1
SEASONAL_VOLUME = VOLUME + N_VOLUMES
"""The first column of each group of a row; columns before `VOLUME` are half the log of a mean, i.e. of a volatility per bar;
those of volume are the log of a mean over that of `LONG` bars."""
TREND = SEASONAL_VOLUME + N_VOLUMES
"""Distances of the log price from its means over `TRENDS` bars, over volatility per bar and the root of the span: volatility
rises after falls, and far from where the price was."""
FACTOR = TREND + len(TRENDS)
"""The seasonal factor of the bar, then its slot, then the mean factor of the next bars for each horizon."""
SLOT = FACTOR + 1
AHEAD = SLOT + 1
LONG_VOLUME, SCALE, PRICES = TREND, TREND + 1, TREND + 2
"""Means of the state after those of the columns before `TREND`: volume, the squares that scale trends, and log prices."""
MEANS = PRICES + len(TRENDS)
SPANS = HEAD + MEANS
TABLES = HEAD + 2 * MEANS
SQUARE_TABLE, RANGE_TABLE, VOLUME_TABLE = (TABLES + k * season.SIZE for k in range(3))
SIZE = TABLES + 3 * season.SIZE

MOST_RANGE = 8.0
WARM = 50.0
"""Bars before ranges are limited."""
LEAST_MEAN = 1e-8
"""Smallest mean, as a fraction of that over `LONG` bars: the log of 0 would be infinite."""
LEAST_SQUARE = 1e-20
LEVEL_DAYS, LEVEL_BARS = 5.0, 200.0
"""The level that seasonal factors refer to is a mean over so many days, at least so many bars."""
MOST_VOLUME = 4.0
MOST_TREND = 5.0
LEAST_SCALE = 1e-9
"""Below this volatility per bar prices count as constant."""
KLASS = 2.0 * math.log(2.0) - 1.0


@kernel
def start(state: Floats, horizons: Floats) -> None:
    """The state before the first bar; ``horizons`` are ascending, in bars, at most `MOST_HORIZONS` of them."""
    state[:] = 0.0
    state[HORIZONS] = horizons.shape[0]
    state[HORIZONS + 1 : HORIZONS + 1 + horizons.shape[0]] = horizons
    for table in (SQUARE_TABLE, RANGE_TABLE, VOLUME_TABLE):
        season.start(state, table)


@kernel
def _set_spans(state: Floats, day: float) -> None:
    """Spans of all means, from the number of bars in a day."""
    state[DAY_BARS] = day
    spans = state[SPANS : SPANS + MEANS]
    for group in (SQUARES, SEASONAL_SQUARES):
        for k in range(len(SHORT)):
            spans[group + k] = SHORT[k]
        spans[group + 5], spans[group + 6], spans[group + 7], spans[group + 8] = day, 5.0 * day, 22.0 * day, LONG
    spans[RANGES], spans[RANGES + 1], spans[RANGES + 2], spans[RANGES + 3], spans[RANGES + 4] = 1.0, 6.0, 12.0, 48.0, day
    at = SEASONAL_RANGES
    spans[at], spans[at + 1], spans[at + 2], spans[at + 3], spans[at + 4] = 12.0, 48.0, day, 5.0 * day, 22.0 * day
    spans[EWMA] = spans[SEASONAL_EWMA] = EWMA_SPAN
    for group in (VOLUME, SEASONAL_VOLUME):
        spans[group], spans[group + 1], spans[group + 2], spans[group + 3] = 1.0, 12.0, 48.0, day
    spans[LONG_VOLUME], spans[SCALE] = LONG, SCALE_BARS
    for k in range(len(TRENDS)):
        spans[PRICES + k] = TRENDS[k]


@kernel
def _add(state: Floats, first: int, last: int, value: float, count: float) -> None:
    """Add the ``count``-th value to the means from ``first`` to before ``last``."""
    for k in range(first, last):
        state[HEAD + k] += ema_weight(count, state[SPANS + k]) * (value - state[HEAD + k])


@kernel
def _range_of(state: Floats, opened: float, high: float, low: float, close: float, log_close: float, usual: float) -> float:
    """Garman and Klass's variance of the bar, plus the squared gap before it; ``usual`` is its expected value."""
    width, body = math.log(high / low), math.log(close / opened)
    gap, change = math.log(opened) - state[LOG_CLOSE], log_close - state[LOG_CLOSE]
    variance = max(0.5 * width * width - KLASS * body * body, 0.0) + gap * gap
    if state[COUNT] <= WARM:
        return float(variance)
    return float(min(variance, max(MOST_RANGE * usual, 2.0 * change * change)))


@kernel
def _add_volume(state: Floats, slot: int, volume: float, level_span: float) -> None:
    state[VOLUMES] += 1.0
    count = state[VOLUMES]
    expected = season.factor(state, VOLUME_TABLE, slot)
    _add(state, VOLUME, SEASONAL_VOLUME, volume, count)
    _add(state, SEASONAL_VOLUME, TREND, volume / expected, count)
    _add(state, LONG_VOLUME, LONG_VOLUME + 1, volume, count)
    season.learn(state, VOLUME_TABLE, slot, volume, state[VOLUME_LEVEL])
    state[VOLUME_LEVEL] += ema_weight(count, level_span) * (volume - state[VOLUME_LEVEL])


@kernel
def _write(state: Floats, out: Floats) -> None:
    """The columns of the row before `FACTOR`."""
    least = LEAST_MEAN * max(state[HEAD + SQUARES + N_SQUARES - 1], LEAST_SQUARE)
    for k in range(VOLUME):
        out[k] = 0.5 * math.log(max(state[HEAD + k], least))
    usual = state[HEAD + LONG_VOLUME]
    for k in range(VOLUME, TREND):
        out[k] = 0.0
        if usual > 0.0:
            ratio = max(state[HEAD + k] / usual, LEAST_MEAN)
            out[k] = min(max(math.log(ratio), -MOST_VOLUME), MOST_VOLUME)
    scale = math.sqrt(state[HEAD + SCALE])
    for k in range(len(TRENDS)):
        distance = state[LOG_CLOSE] - state[HEAD + PRICES + k]
        trend = distance / (scale * math.sqrt(TRENDS[k])) if scale > LEAST_SCALE else 0.0
        out[TREND + k] = min(max(trend, -MOST_TREND), MOST_TREND)


@kernel
def wide_step(
    state: Floats, calendar: Ints, ts: int, opened: float, high: float, low: float, close: float, volume: float, out: Floats
) -> None:
    """Process one bar and write its row.

    Parameters
    ----------
    state, calendar
        Changed in place.
    ts
        End of the bar, ns since the epoch, UTC.
    opened, high, low, close
        Prices, greater than 0, ``low`` at most ``high``.
    volume
        NaN or negative where the bar has none.
    out
        Filled, (AHEAD + number of horizons,).
    """
    place = calendars.note(calendar, ts - calendar[calendars.INTERVAL_NS])
    slot = calendars.slot_of(calendar, place)
    day = 1.0 * calendar[calendars.DAY_BARS]
    if state[DAY_BARS] != day:
        _set_spans(state, day)
    state[COUNT] += 1.0
    log_close = math.log(close)
    if state[COUNT] == 1.0:
        state[LOG_CLOSE] = math.log(opened)
    count, level_span = state[COUNT], max(LEVEL_DAYS * day, LEVEL_BARS)
    change = log_close - state[LOG_CLOSE]
    square, factor = change * change, season.factor(state, SQUARE_TABLE, slot)
    range_factor = season.factor(state, RANGE_TABLE, slot)
    spread = _range_of(state, opened, high, low, close, log_close, state[RANGE_LEVEL] * range_factor)
    _add(state, SQUARES, SEASONAL_SQUARES, square, count)
    _add(state, SEASONAL_SQUARES, RANGES, square / factor, count)
    _add(state, RANGES, SEASONAL_RANGES, spread, count)
    _add(state, SEASONAL_RANGES, EWMA, spread / range_factor, count)
    _add(state, EWMA, SEASONAL_EWMA, square, count)
    _add(state, SEASONAL_EWMA, VOLUME, square / factor, count)
    _add(state, SCALE, PRICES, square, count)
    _add(state, PRICES, MEANS, log_close, count)
    season.learn(state, SQUARE_TABLE, slot, square, state[SQUARE_LEVEL])
    season.learn(state, RANGE_TABLE, slot, spread, state[RANGE_LEVEL])
    weight = ema_weight(count, level_span)
    state[SQUARE_LEVEL] += weight * (square - state[SQUARE_LEVEL])
    state[RANGE_LEVEL] += weight * (spread - state[RANGE_LEVEL])
    state[LOG_CLOSE] = log_close
    if volume >= 0.0:
        _add_volume(state, slot, volume, level_span)
    _write(state, out)
    out[FACTOR], out[SLOT] = factor, slot
    first, horizons = HORIZONS + 1, int(state[HORIZONS])
    season.ahead(state, SQUARE_TABLE, calendar, place, state[first : first + horizons], out[AHEAD : AHEAD + horizons])


@kernel
def wide_rows(state: Floats, calendar: Ints, ts: Ints, bars: Floats, out: Floats) -> None:
    """`wide_step` for each row of ``bars``, columns open, high, low, close, volume, ... (n, 5 or more)."""
    for i in range(bars.shape[0]):
        wide_step(state, calendar, ts[i], bars[i, 0], bars[i, 1], bars[i, 2], bars[i, 3], bars[i, 4], out[i])
