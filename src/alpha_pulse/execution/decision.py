"""What goes into execution at one step, and what comes out."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import NonFiniteError
from alpha_pulse.core.types import ABSURD, Bar, Fill, Lot, Order, Signal, TradeOutcome, Units


class SizingInput(msgspec.Struct, frozen=True):
    """What the agents want for one symbol at one step, and the forecasts that size it.

    A signal of None is no opinion and leaves the position as it is; flat is a signal of direction 0. ``volatility`` and
    ``plain_volatility`` are forecasts of the volatility of log returns per bar, the second one made without any model; 0
    says that there is none yet, which leaves the position as it is, unless the signal is flat. ``probability`` is P(up)
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
    """An order that the gate did not let through, and why.

    ``order_id`` is that of an order which passed the gate at its decision and could not trade at the price of the fill.
    """

    book: str
    symbol: str
    signal_id: str
    reasons: tuple[str, ...]
    order_id: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """What came of a wish: orders to release once they are recorded, refusals, and why the cost-aware rule abstained."""

    orders: tuple[Order, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    abstained: str | None = None


class ExecutionResult(msgspec.Struct):
    """What the bars of a slice did to what rested: fills and closed lots of all books, trade outcomes of the primary one.

    ``refusals`` are of orders that could not trade at the price of the fill; ``units`` are those of new symbols.
    """

    fills: list[Fill] = msgspec.field(default_factory=list)
    lots: list[Lot] = msgspec.field(default_factory=list)
    outcomes: list[TradeOutcome] = msgspec.field(default_factory=list)
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    units: list[Units] = msgspec.field(default_factory=list)
