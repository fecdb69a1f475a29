"""The entry rules: the target position of each book, from the sizing input and the open position. They have no state."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Protocol

from alpha_pulse.core.config import Config, VenueConfig
from alpha_pulse.core.types import Bar, Signal, Units
from alpha_pulse.execution.decision import SizingInput
from naive_execution.fill_limit import Account
from naive_execution.money import parts_for
from naive_execution.sizing import target_fraction, within_band

BASIS_POINTS = 1e4
MEAN_OF_ABSOLUTE_NORMAL = math.sqrt(2.0 / math.pi)


class Target(NamedTuple):
    """The target position, in parts of a unit and as a fraction of the equity, and why the rule abstained, if it did."""

    quantity: int
    fraction: float = 0.0
    abstained: str | None = None


class EntryRule(Protocol):
    """Gives the target position. A target equal to the open position means no trade."""

    def target(self, sizing: SizingInput, account: Account, units: Units) -> Target:
        """The target position, in whole lots."""
        ...

    def signal(self, sizing: SizingInput) -> Signal | None:
        """The signal that the rule follows; None for one that follows none."""
        ...

    def volatility(self, sizing: SizingInput) -> float:
        """The per-bar volatility that sets the stop's distance; 0 for no stop."""
        ...


class FollowSignal:
    """Size the position by the signal's direction, the volatility forecast and the trade quality.

    A symbol gets ``account.share`` of the equity, as far as the book's other positions leave room below the limit. A change
    smaller than ``rebalance_band`` times the position at direction 1 is not made, except to flat. A book without equity goes
    flat.

    Parameters
    ----------
    settings
        Target volatility, band and limit.
    source
        Whose signal: ``rules`` is sized by ``plain_volatility``, the others by ``volatility``.
    use_quality
        Whether the trade-quality model scales the size.
    """

    def __init__(self, settings: Config, source: Literal["combined", "rules", "ml"], *, use_quality: bool = False) -> None:
        self._source = source
        self._use_quality = use_quality
        self._target_volatility = settings.execution.target_volatility
        self._band = settings.execution.rebalance_band
        self._max_fraction = settings.risk.max_position_fraction

    def signal(self, sizing: SizingInput) -> Signal | None:
        """The signal of this rule's source."""
        return sizing.combined if self._source == "combined" else sizing.rules if self._source == "rules" else sizing.ml

    def volatility(self, sizing: SizingInput) -> float:
        """The forecast that this rule sizes by."""
        return sizing.plain_volatility if self._source == "rules" else sizing.volatility

    def target(self, sizing: SizingInput, account: Account, units: Units) -> Target:
        """See `EntryRule`."""
        signal, held, equity = self.signal(sizing), account.held, account.equity
        if signal is None:
            return Target(held)
        direction = signal.direction
        if direction == 0.0 or equity <= 0:
            return Target(0)
        forecast, close = self.volatility(sizing), sizing.bar.close
        if forecast <= 0.0 or close <= 0.0:
            return Target(held)
        annual = forecast * math.sqrt(sizing.bars_per_year)
        quality = sizing.quality if self._use_quality else 1.0
        most = self._max_fraction
        full = target_fraction(1.0, annual, self._target_volatility, quality, most) * account.share
        fraction = target_fraction(direction, annual, self._target_volatility, quality, most) * account.share
        room = max(0.0, most - account.others / equity)
        fraction = max(-room, min(room, fraction))
        quantity = parts_for(fraction * equity, close, units)
        if within_band(held, quantity, self._band * parts_for(full * equity, close, units)):
            return Target(held)
        return Target(quantity, fraction)


class CostAware:
    """Follow the signal only when the expected move exceeds the cost of the round trip.

    Enters, adds and turns only when ``(2p - 1) * sign(direction) * E|move| > round trip``. Otherwise it keeps a position
    that agrees with the predicted direction, closes one that disagrees, and abstains when flat; each time with the
    reason.

    Parameters
    ----------
    follow
        Sizes the positions that are entered.
    costs
        Of the venue, in basis points.
    """

    def __init__(self, follow: FollowSignal, costs: VenueConfig) -> None:
        self._follow = follow
        self._costs = costs

    def signal(self, sizing: SizingInput) -> Signal | None:
        """The signal that is followed."""
        return self._follow.signal(sizing)

    def volatility(self, sizing: SizingInput) -> float:
        """The forecast that the position is sized by."""
        return self._follow.volatility(sizing)

    def target(self, sizing: SizingInput, account: Account, units: Units) -> Target:
        """See `EntryRule`."""
        signal, held = self._follow.signal(sizing), account.held
        if signal is None:
            return Target(held)
        probability = sizing.probability
        if probability is None:
            return Target(held, abstained="no probability of the direction was served")
        lean = 2.0 * probability - 1.0
        direction = signal.direction
        move = expected_move(self._follow.volatility(sizing), sizing.direction_horizon)
        cost = round_trip(sizing.bar, self._costs)
        gain = lean * move if direction > 0.0 else -lean * move if direction < 0.0 else 0.0
        if gain > cost:
            return self._follow.target(sizing, account, units)
        reason = (
            f"the expected gain of {gain * BASIS_POINTS:.2f} bp does not exceed the round trip of {cost * BASIS_POINTS:.2f} bp"
        )
        return Target(0 if account.equity <= 0 or held * lean < 0.0 else held, abstained=reason)


class BuyAndHold:
    """Buy once, ``account.share`` of the initial cash (or of the limits, if they are lower), and never trade again.

    A symbol that appears when the others have taken the cash is not bought.
    """

    def __init__(self, settings: Config, initial_cash: int) -> None:
        self._initial_cash = initial_cash
        self._most, self._most_order = settings.risk.max_position_fraction, settings.risk.max_order_fraction

    def signal(self, sizing: SizingInput) -> Signal | None:
        """None: it follows no signal."""
        return None

    def volatility(self, sizing: SizingInput) -> float:
        """0: it has no stop."""
        return 0.0

    def target(self, sizing: SizingInput, account: Account, units: Units) -> Target:
        """See `EntryRule`."""
        close, equity = sizing.bar.close, account.equity
        if account.held or close <= 0.0 or equity <= 0:
            return Target(account.held)
        whole = min(self._initial_cash, self._most * equity)
        value = max(0.0, min(whole * account.share, self._most * equity - account.others, self._most_order * equity))
        return Target(parts_for(value, close, units), value / equity)


def expected_move(volatility: float, horizon: int) -> float:
    """E|move| of a normal log return over ``horizon`` bars of ``volatility`` per bar: sqrt(2/pi) * volatility * sqrt(horizon).

    >>> round(expected_move(0.01, 4), 6)
    0.015958
    """
    return MEAN_OF_ABSOLUTE_NORMAL * volatility * math.sqrt(horizon)


def round_trip(bar: Bar, costs: VenueConfig) -> float:
    """The cost of entry and exit as a fraction of the value: twice fee, half-spread (as quoted, where quoted) and slippage.

    >>> round(1e4 * round_trip(Bar("X", 1, 1, 100.0, 101.0, 99.0, 100.0, bid=99.98, ask=100.02), VenueConfig()), 6)
    7.0
    """
    bid, ask = bar.bid, bar.ask
    if bid is None or ask is None or bar.close <= 0.0:
        half = costs.half_spread_bps / BASIS_POINTS
    else:
        half = max(0.0, 0.5 * (ask - bid)) / bar.close
    return 2.0 * ((costs.fee_bps + costs.slippage_bps) / BASIS_POINTS + half)
