"""The outcome of a trade that was made elsewhere, from prices, a quantity and cash."""

from __future__ import annotations

from alpha_pulse.core.errors import DataError
from alpha_pulse.core.numbers import a_number
from alpha_pulse.core.types import ABSURD, Lot, Signal, TradeOutcome, Units, finite
from alpha_pulse.feedback.external_outcomes import LARGEST

SMALLEST = 1e-15
"""Lower bound of prices and quantities."""
CASH_DECIMALS, QUANTITY_DECIMALS = 6, 8
"""The units of an outcome outside of a run."""


def trade_outcome(
    trade: Signal,
    lot_id: str,
    *,
    quantity: float,
    open_price: float,
    close_price: float,
    net_pnl: float,
    opened_ts: int,
    closed_ts: int,
    book: str = "external",
    units: Units | None = None,
) -> TradeOutcome:
    """The outcome of a trade that was made elsewhere, from prices, a quantity and cash.

    Parameters
    ----------
    trade
        The signal that was traded.
    lot_id, book
        Together they identify the outcome, which is learned once.
    quantity
        In units of the symbol, below 0 for a short.
    open_price, close_price
        In cash per unit.
    net_pnl
        In cash, after all costs.
    opened_ts, closed_ts
        When the trade was opened and closed, in ns.
    units
        Units of whole numbers; those of the symbol in a run.

    Raises
    ------
    DataError
        A price or size out of range, a trade that is closed before it is opened, or a net P&L above what quantity and prices
        give before costs; NonFiniteError for a number that is not finite.

    >>> signal = Signal("s1", "trend", "BTCUSDT", 0, 0.5, None, 0.5)
    >>> outcome = trade_outcome(
    ...     signal, "t1", quantity=2.0, open_price=100.0, close_price=103.0, net_pnl=5.5, opened_ts=1, closed_ts=9
    ... )
    >>> outcome.pnl, outcome.return_, outcome.lot.costs
    (5500000, 0.0275, 500000)
    """
    name = f"the outcome {lot_id[:200]!r}"
    size, open_price, close_price, net_pnl = _checked(name, quantity, open_price, close_price, net_pnl)
    if opened_ts > closed_ts:
        raise DataError(f"{name} has opened_ts {opened_ts} after closed_ts {closed_ts}; expected times in ns, in order")
    units = Units(trade.symbol, CASH_DECIMALS, QUANTITY_DECIMALS) if units is None else units
    side = 1 if size > 0.0 else -1
    cash, parts = 10.0**units.cash_decimals, 10.0**units.quantity_decimals
    net, gross = round(net_pnl * cash), round(size * (close_price - open_price) * cash)
    relative = net_pnl / (abs(size) * open_price)
    if net > gross + 1:  # both are rounded
        raise DataError(
            f"{name} has net_pnl {net_pnl!r}, above the {gross / cash!r} that its quantity and prices give before costs; "
            "expected a net P&L after all costs"
        )
    if not max(abs(size) * parts, abs(gross), abs(net)) < LARGEST or not abs(relative) < ABSURD:
        raise DataError(
            f"{name} has quantity {size!r} and net_pnl {net_pnl!r}, a return of {relative:g}; expected a size below "
            f"{LARGEST / parts:g}, and amounts below {LARGEST / cash:g} of cash and a return below {ABSURD:g}"
        )
    lot = Lot(
        lot_id, book, trade.symbol, side * max(1, round(abs(size) * parts)), opened_ts, closed_ts, open_price, close_price,
        gross, gross - net, net, "", "", trade.signal_id,
    )  # fmt: skip
    return TradeOutcome(lot, trade.signal_id, None, net, relative, closed_ts, closed_ts - opened_ts)


def _checked(
    name: str, quantity: float, open_price: float, close_price: float, net_pnl: float
) -> tuple[float, float, float, float]:
    """The four numbers as floats of Python, within their ranges."""
    quantity = a_number(f"quantity of {name}", quantity)
    open_price = a_number(f"open_price of {name}", open_price)
    close_price = a_number(f"close_price of {name}", close_price)
    net_pnl = a_number(f"net_pnl of {name}", net_pnl)
    finite(f"net_pnl of {name}", net_pnl)
    if not all(SMALLEST < value < ABSURD for value in (abs(quantity), open_price, close_price)):
        raise DataError(
            f"{name} has quantity {quantity!r}, open_price {open_price!r} and close_price {close_price!r}; expected prices and "
            f"a size from {SMALLEST:g} to {ABSURD:g}; the quantity is below 0 for a short"
        )
    return quantity, open_price, close_price, net_pnl
