"""The entry rules: what position each book wants. They read the wish and what is held, and remember nothing."""

from __future__ import annotations

import math
from typing import Literal, Protocol

from alpha_pulse.core.config import Config
from alpha_pulse.core.config import Venue as Costs
from alpha_pulse.core.types import Bar, Signal
from alpha_pulse.execution.decision import Wish
from alpha_pulse.execution.sizing import target_fraction, target_quantity, within_band

BASIS_POINTS = 1e4
MEAN_OF_ABSOLUTE_NORMAL = math.sqrt(2.0 / math.pi)


class EntryRule(Protocol):
    """Says what to hold. ``target`` equal to what is held means: trade nothing."""

    def target(self, wish: Wish, held: int, equity: int) -> tuple[int, str | None]:
        """The wanted quantity (1/QUANTITY_SCALE units), and why the rule abstained from an entry, if it did."""
        ...

    def signal(self, wish: Wish) -> Signal | None:
        """The signal that the rule follows; None for one that follows none."""
        ...

    def volatility(self, wish: Wish) -> float:
        """The per-bar volatility that sets the stop's distance; 0 for no stop."""
        ...


class FollowSignal:
    """Hold what the signal's direction, the forecast volatility and the quality ask for.

    The equity is split evenly across symbols. A change smaller than ``rebalance_band`` times the position at direction 1 is not
    made, except to flat. A book without equity goes flat.

    Parameters
    ----------
    settings
        Target volatility, band and limit.
    symbols
        How many share the equity.
    source
        Whose signal: ``rules`` is sized by ``plain_volatility``, the others by ``volatility``.
    use_quality
        Whether the trade-quality model scales the size.
    """

    def __init__(
        self, settings: Config, symbols: int, source: Literal["combined", "rules", "ml"], *, use_quality: bool = False
    ) -> None:
        self._source = source
        self._forecast = "plain_volatility" if source == "rules" else "volatility"
        self._use_quality = use_quality
        self._target_volatility = settings.execution.target_volatility
        self._band = settings.execution.rebalance_band
        self._max_fraction = settings.risk.max_position_fraction
        self._share = 1.0 / symbols

    def signal(self, wish: Wish) -> Signal | None:
        """The signal of this rule's source."""
        found: Signal | None = getattr(wish, self._source)
        return found

    def volatility(self, wish: Wish) -> float:
        """The forecast that this rule sizes by."""
        found: float = getattr(wish, self._forecast)
        return found

    def target(self, wish: Wish, held: int, equity: int) -> tuple[int, str | None]:
        """See `EntryRule`."""
        signal = getattr(wish, self._source)
        if signal is None:
            return held, None
        direction = signal.direction
        if direction == 0.0 or equity <= 0:
            return 0, None
        forecast = getattr(wish, self._forecast)
        close = wish.bar.close
        if forecast <= 0.0 or close <= 0.0:
            return held, None
        annual = forecast * math.sqrt(wish.bars_per_year)
        quality = wish.quality if self._use_quality else 1.0
        most = self._max_fraction
        full = target_fraction(1.0, annual, self._target_volatility, quality, most)
        fraction = target_fraction(direction, annual, self._target_volatility, quality, most)
        money = equity * self._share
        target = target_quantity(fraction, money, close)
        if within_band(held, target, self._band * target_quantity(full, money, close)):
            return held, None
        return target, None


class CostAware:
    """Follow the signal only when the expected move pays for the round trip.

    Enters, adds and turns only when ``(2p - 1) * sign(direction) * E|move| > round trip``. Otherwise it keeps a position
    that agrees with the predicted direction, closes one that disagrees, and abstains when flat; the reason is told in each
    case.

    Parameters
    ----------
    follow
        Sizes what is worth it.
    costs
        Of the venue, in basis points.
    """

    def __init__(self, follow: FollowSignal, costs: Costs) -> None:
        self._follow = follow
        self._costs = costs

    def signal(self, wish: Wish) -> Signal | None:
        """The signal that is followed when it pays."""
        return self._follow.signal(wish)

    def volatility(self, wish: Wish) -> float:
        """The forecast that the position is sized by."""
        return self._follow.volatility(wish)

    def target(self, wish: Wish, held: int, equity: int) -> tuple[int, str | None]:
        """See `EntryRule`."""
        signal = self._follow.signal(wish)
        if signal is None:
            return held, None
        probability = wish.probability
        if probability is None:
            return held, "no probability of the direction was served"
        lean = 2.0 * probability - 1.0
        direction = signal.direction
        move = expected_move(self._follow.volatility(wish), wish.direction_horizon)
        cost = round_trip(wish.bar, self._costs)
        gain = lean * move if direction > 0.0 else -lean * move if direction < 0.0 else 0.0
        if gain > cost:
            return self._follow.target(wish, held, equity)
        reason = (
            f"the expected gain of {gain * BASIS_POINTS:.2f} bp does not exceed the round trip of {cost * BASIS_POINTS:.2f} bp"
        )
        if equity <= 0 or held * lean < 0.0:
            return 0, reason
        return held, reason


class BuyAndHold:
    """Buy once, an equal part of the initial cash per symbol (or as much as the gate lets through), and never trade again."""

    def __init__(self, settings: Config, symbols: int, initial_cash: int) -> None:
        self._money = initial_cash / symbols
        self._most = min(settings.risk.max_position_fraction, settings.risk.max_order_fraction)

    def signal(self, wish: Wish) -> Signal | None:
        """None: it follows no signal."""
        return None

    def volatility(self, wish: Wish) -> float:
        """0: it has no stop."""
        return 0.0

    def target(self, wish: Wish, held: int, equity: int) -> tuple[int, str | None]:
        """See `EntryRule`."""
        close = wish.bar.close
        if held or close <= 0.0:
            return held, None
        return target_quantity(1.0, min(self._money, self._most * equity), close), None


def expected_move(volatility: float, horizon: int) -> float:
    """E|move| of a normal log return over ``horizon`` bars of ``volatility`` per bar: sqrt(2/pi) * volatility * sqrt(horizon).

    >>> round(expected_move(0.01, 4), 6)
    0.015958
    """
    return MEAN_OF_ABSOLUTE_NORMAL * volatility * math.sqrt(horizon)


def round_trip(bar: Bar, costs: Costs) -> float:
    """What going in and out takes, as a fraction of the value: twice fee, half-spread (quoted, if quoted) and slippage.

    >>> round(1e4 * round_trip(Bar("X", 1, 1, 100.0, 101.0, 99.0, 100.0, bid=99.98, ask=100.02), Costs()), 6)
    7.0
    """
    bid, ask = bar.bid, bar.ask
    if bid is None or ask is None or bar.close <= 0.0:
        half = costs.half_spread_bps / BASIS_POINTS
    else:
        half = max(0.0, 0.5 * (ask - bid)) / bar.close
    return 2.0 * ((costs.fee_bps + costs.slippage_bps) / BASIS_POINTS + half)
