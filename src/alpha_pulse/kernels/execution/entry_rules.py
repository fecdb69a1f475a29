"""The entry rules: the target position of a book, from the signals, the forecasts and the open position. They have no state.

A target equal to the open position means no trade. Each rule returns the target in parts, in whole lots; as a fraction of the
equity; and the unrounded number of parts, for a target that exceeds int64.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.execution.layout import (
    ASK,
    BAND,
    BARS_PER_YEAR,
    BID,
    BUY_AND_HOLD,
    CLOSE,
    COMBINED,
    COST_AWARE,
    EXPONENT,
    FEE_BPS,
    FOLLOW_COMBINED,
    FOLLOW_ML,
    FOLLOW_RULES,
    FOLLOWED,
    GAIN_BELOW_COST,
    HALF_SPREAD_BPS,
    HORIZON,
    LOT,
    MAX_ORDER,
    MAX_POSITION,
    MIN_ORDER,
    ML,
    NO_PROBABILITY,
    PLAIN_VOLATILITY,
    PROBABILITY,
    QUALITY,
    RULES,
    SLIPPAGE_BPS,
    TARGET_VOLATILITY,
    UNSIZED,
    VOLATILITY,
)
from alpha_pulse.kernels.execution.money import money, unrounded_parts, whole_lots
from alpha_pulse.kernels.execution.sizing import expected_move, round_trip, target_fraction, within_band
from alpha_pulse.kernels.execution.whole_numbers import LARGEST, change, opposite, ratio

Sized = tuple[int, float, float]
"""Parts, fraction of the equity, unrounded parts."""


@kernel
def direction_of(rule: int, inputs: NDArray[np.float64], row: int) -> float:
    """The direction of the signal that a rule follows; NaN if there is no signal, or if the rule follows none."""
    if rule == FOLLOW_RULES:
        return float(inputs[row, RULES])
    if rule == FOLLOW_ML:
        return float(inputs[row, ML])
    if rule in (FOLLOW_COMBINED, COST_AWARE):
        return float(inputs[row, COMBINED])
    return math.nan


@kernel
def volatility_of(rule: int, inputs: NDArray[np.float64], row: int) -> float:
    """The per-bar volatility that sizes the position and sets the stop's distance; 0 for no stop."""
    if rule == FOLLOW_RULES:
        return float(inputs[row, PLAIN_VOLATILITY])
    if rule in (FOLLOW_COMBINED, FOLLOW_ML, COST_AWARE):
        return float(inputs[row, VOLATILITY])
    return 0.0


@kernel
def _unsized(rule: int, inputs: NDArray[np.float64], row: int, prices: NDArray[np.float64], equity: int) -> bool:
    """Whether `follow` would divide by an annual volatility of 0: the bars of a year are not known."""
    direction, forecast = direction_of(rule, inputs, row), volatility_of(rule, inputs, row)
    sized = not math.isnan(direction) and direction != 0.0 and equity > 0 and forecast > 0.0 and prices[row, CLOSE] > 0.0
    return sized and not forecast * math.sqrt(inputs[row, BARS_PER_YEAR]) > 0.0


@kernel
def follow(
    rule: int, inputs: NDArray[np.float64], row: int, prices: NDArray[np.float64], held: int, equity: int, others: int,
    share: float, settings: NDArray[np.float64], units: NDArray[np.int64], symbol: int,
) -> Sized:  # fmt: skip
    """Size the position by the signal's direction, the volatility forecast and, for the combined signal, the trade quality.

    A symbol receives ``share`` of the equity, reduced if the book's other positions leave less room below the limit. A change
    smaller than ``BAND`` times the position at direction 1 is not made, unless the target is flat. A book without equity closes
    its positions.

    Parameters
    ----------
    rule
        The rule, which determines the signal that is followed.
    inputs, prices, row
        Signals and forecasts, the prices of bars, and the index of the row.
    held, equity, others
        Of the book: the position in parts, the equity, and the value of the positions in other symbols, in minor units.
    share
        The fraction of the equity for one symbol.
    settings, units, symbol
        The settings of execution, the units of all symbols, and the number of this symbol.
    """
    direction, close = direction_of(rule, inputs, row), prices[row, CLOSE]
    if math.isnan(direction):
        return held, 0.0, 0.0
    if direction == 0.0 or equity <= 0:
        return 0, 0.0, 0.0
    forecast = volatility_of(rule, inputs, row)
    if forecast <= 0.0 or close <= 0.0:
        return held, 0.0, 0.0
    annual = forecast * math.sqrt(inputs[row, BARS_PER_YEAR])
    quality = inputs[row, QUALITY] if rule in (FOLLOW_COMBINED, COST_AWARE) else 1.0
    most, exponent, lot = settings[MAX_POSITION], units[symbol, EXPONENT], units[symbol, LOT]
    full = target_fraction(1.0, annual, settings[TARGET_VOLATILITY], quality, most) * share
    fraction = target_fraction(direction, annual, settings[TARGET_VOLATILITY], quality, most) * share
    room = max(0.0, most - ratio(others, equity))
    fraction = max(-room, min(room, fraction))
    parts, full_parts = unrounded_parts(fraction * equity, close, exponent), unrounded_parts(full * equity, close, exponent)
    quantity, largest = whole_lots(parts, lot), whole_lots(full_parts, lot)
    band = settings[BAND] * (full_parts if largest == LARGEST else largest)
    if abs(parts - held) < band if abs(quantity) == LARGEST else within_band(held, quantity, band):
        return held, 0.0, 0.0
    return quantity, fraction, parts


@kernel
def gain_and_cost(
    rule: int, inputs: NDArray[np.float64], row: int, prices: NDArray[np.float64], settings: NDArray[np.float64]
) -> tuple[float, float]:
    """The expected gain of following the signal, ``(2p - 1) * sign(direction) * E|move|``, and the cost of the round trip."""
    lean, direction = 2.0 * inputs[row, PROBABILITY] - 1.0, direction_of(rule, inputs, row)
    move = expected_move(volatility_of(rule, inputs, row), inputs[row, HORIZON])
    cost = round_trip(
        prices[row, CLOSE], prices[row, BID], prices[row, ASK], settings[FEE_BPS], settings[HALF_SPREAD_BPS],
        settings[SLIPPAGE_BPS],
    )  # fmt: skip
    return (lean * move if direction > 0.0 else -lean * move if direction < 0.0 else 0.0), cost


@kernel
def abstaining(probability: float, held: int, equity: int) -> int:
    """The target if following the signal does not pay: the position held, unless it disagrees with the predicted direction.

    A book without equity goes flat.
    """
    lean = 2.0 * probability - 1.0
    if equity <= 0 or (held > 0 and lean < 0.0) or (held < 0 and lean > 0.0):
        return 0
    return held


@kernel
def buy_and_hold(
    row: int, prices: NDArray[np.float64], initial_cash: int, held: int, equity: int, others: int, share: float,
    settings: NDArray[np.float64], units: NDArray[np.int64], symbol: int,
) -> Sized:  # fmt: skip
    """Buy once, ``share`` of the initial cash (or of the limits, if they are lower), and never trade again.

    A symbol that appears after the others have used the cash is not bought. Parameters as in `follow`.
    """
    close = prices[row, CLOSE]
    if held != 0 or close <= 0.0 or equity <= 0:
        return held, 0.0, 0.0
    whole = min(float(initial_cash), settings[MAX_POSITION] * equity)
    value = max(0.0, min(whole * share, settings[MAX_POSITION] * equity - others, settings[MAX_ORDER] * equity))
    parts = unrounded_parts(value, close, units[symbol, EXPONENT])
    return whole_lots(parts, units[symbol, LOT]), value / equity, parts


@kernel
def target_of(
    rule: int, inputs: NDArray[np.float64], row: int, prices: NDArray[np.float64], initial_cash: int, held: int, equity: int,
    others: int, share: float, settings: NDArray[np.float64], units: NDArray[np.int64], symbol: int,
) -> tuple[int, float, float, int, float, float]:  # fmt: skip
    """The target of any rule as in `follow`, then the reason for abstaining (``FOLLOWED`` if it did not), and its gain and
    cost.

    ``UNSIZED`` stands for a position that would have to be sized by an annual volatility of 0. The cost-aware rule opens,
    increases or reverses a position only when the expected gain exceeds the cost of the round trip.
    """
    if rule == BUY_AND_HOLD:
        quantity, fraction, parts = buy_and_hold(
            row, prices, initial_cash, held, equity, others, share, settings, units, symbol
        )
        return quantity, fraction, parts, FOLLOWED, 0.0, 0.0
    if rule == COST_AWARE and not math.isnan(direction_of(rule, inputs, row)):
        if math.isnan(inputs[row, PROBABILITY]):
            return held, 0.0, 0.0, NO_PROBABILITY, 0.0, 0.0
        gain, cost = gain_and_cost(rule, inputs, row, prices, settings)
        if not gain > cost:
            return abstaining(inputs[row, PROBABILITY], held, equity), 0.0, 0.0, GAIN_BELOW_COST, gain, cost
    if _unsized(rule, inputs, row, prices, equity):
        return held, 0.0, 0.0, UNSIZED, 0.0, 0.0
    quantity, fraction, parts = follow(rule, inputs, row, prices, held, equity, others, share, settings, units, symbol)
    return quantity, fraction, parts, FOLLOWED, 0.0, 0.0


@kernel
def without_dust(target: int, held: int, close: float, units: NDArray[np.int64], symbol: int) -> int:
    """``target``, unless the order or the position it leaves would be worth less than the smallest order."""
    if target == held or target == 0 or close <= 0.0:
        return target
    if money(abs(target), close, units[symbol, EXPONENT]) < units[symbol, MIN_ORDER]:
        return 0
    same_side = held != 0 and not opposite(held, target)
    if same_side and money(abs(change(held, target)), close, units[symbol, EXPONENT]) < units[symbol, MIN_ORDER]:
        return held
    return target
