"""Inputs and outputs of execution at one step."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.types import ABSURD, Bar, Fill, Lot, Order, Signal, TradeOutcome, Units


class SizingInput(msgspec.Struct, frozen=True):
    """The agents' signals for one symbol at one step, and the forecasts that size the position.

    A signal of None leaves the position unchanged; a signal of direction 0 means flat. ``volatility`` and
    ``plain_volatility`` are forecasts of the volatility of log returns per bar, the second one made without any model; 0
    means that there is none yet, which leaves the position unchanged unless the signal is flat. ``probability`` is P(up)
    over ``direction_horizon`` bars as served, or None.
    """

    bar: Bar
    step: int
    combined: Signal | None
    rules: Signal | None
    ml: Signal | None
    volatility: float
    plain_volatility: float
    quality: float
    probability: float | None
    direction_horizon: int
    bars_per_year: float

    def __post_init__(self) -> None:
        total = self.volatility + self.plain_volatility + self.quality + (self.probability or 0.0) + self.bars_per_year
        if not -ABSURD < total < ABSURD:
            raise NonFiniteError(
                f"the forecasts for {self.bar.symbol} at step {self.step} are not finite: volatility {self.volatility!r}, "
                f"{self.plain_volatility!r}, quality {self.quality!r}, probability {self.probability!r}; fix the model"
            )


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order that was refused, and why.

    ``order_id`` is set for an order that passed the risk gate at its decision but could not trade at the price of its fill.
    """

    book: str
    symbol: str
    signal_id: str
    reasons: tuple[str, ...]
    order_id: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """Orders to release once they are journaled, refused orders, and why the cost-aware rule did not trade, if it did not."""

    orders: tuple[Order, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    abstained: str | None = None


class ExecutionResult(msgspec.Struct):
    """The trades of one slice: fills and closed lots of all books, trade outcomes of the primary book.

    ``refusals`` contains the orders that could not trade at the price of their fill, and ``units`` the units of new symbols.
    """

    fills: list[Fill] = msgspec.field(default_factory=list)
    lots: list[Lot] = msgspec.field(default_factory=list)
    outcomes: list[TradeOutcome] = msgspec.field(default_factory=list)
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    units: list[Units] = msgspec.field(default_factory=list)


class Carried(msgspec.Struct, frozen=True):
    """A position in a symbol that has had no bars lately, valued at its last close: ``quantity`` in units of the symbol."""

    book: str
    symbol: str
    quantity: float
    close: float
    newest_ts: int
