"""The size of a position: functions of the forecast, the equity and the price."""

from __future__ import annotations

import math

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.whole_numbers import below, change

MEAN_OF_ABSOLUTE_NORMAL = math.sqrt(2.0 / math.pi)
BASIS_POINTS = 1e4


@kernel
def target_fraction(
    direction: float, forecast_volatility: float, target_volatility: float, quality_scale: float, max_fraction: float
) -> float:
    """The position as a fraction of equity that would bring the target volatility (Moreira & Muir, 2017).

    Parameters
    ----------
    direction
        From -1 (short) to 1 (long).
    forecast_volatility, target_volatility
        Annual, of log returns, above 0.
    quality_scale
        The trade-quality model's factor, 0.5 to 1.5.
    max_fraction
        The result lies within +- this.

    >>> target_fraction(0.5, 0.20, 0.10, 1.0, 1.0), target_fraction(-1.0, 0.02, 0.10, 1.0, 1.0)
    (0.25, -1.0)
    """
    fraction = direction * target_volatility / forecast_volatility * quality_scale
    if fraction > max_fraction:
        return max_fraction
    if fraction < -max_fraction:
        return -max_fraction
    return fraction


@kernel
def within_band(held: int, target: int, band: float) -> bool:
    """Whether the change from ``held`` to ``target`` is too small to trade; a change to exactly 0 never is.

    A change from long to short is compared by its size too; otherwise a signal around 0 would trade at every bar.

    >>> within_band(100, 110, 20.0), within_band(10, 0, 20.0), within_band(5, -5, 20.0)
    (True, False, True)
    """
    if held == target:
        return True
    return target != 0 and below(abs(change(held, target)), band)


@kernel
def expected_move(volatility: float, horizon: float) -> float:
    """E|move| of a normal log return over ``horizon`` bars of ``volatility`` per bar: sqrt(2/pi) * volatility * sqrt(horizon).

    >>> round(expected_move(0.01, 4.0), 6)
    0.015958
    """
    return MEAN_OF_ABSOLUTE_NORMAL * volatility * math.sqrt(horizon)


@kernel
def round_trip(close: float, bid: float, ask: float, fee_bps: float, half_spread_bps: float, slippage_bps: float) -> float:
    """The cost of entry and exit as a fraction of the value: twice fee, half-spread (as quoted, where quoted) and slippage.

    ``bid`` and ``ask`` are NaN where there are no quotes.

    >>> round(1e4 * round_trip(100.0, 99.98, 100.02, 0.5, 1.0, 0.5), 6)
    6.0
    """
    if math.isnan(bid) or math.isnan(ask) or close <= 0.0:
        half = half_spread_bps / BASIS_POINTS
    else:
        half = max(0.0, 0.5 * (ask - bid)) / close
    return 2.0 * ((fee_bps + slippage_bps) / BASIS_POINTS + half)
