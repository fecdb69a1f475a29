"""From an outcome as a caller gives it, in units and cash, to the command that the feedback service checks."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import DataError, NotFoundError, did_you_mean
from alpha_pulse.core.numbers import shown
from alpha_pulse.core.types import ABSURD, Lot, Signal, TradeOutcome, Units, finite
from alpha_pulse.engine.system import System
from alpha_pulse.feedback.external_outcomes import LARGEST
from alpha_pulse.learning.commands import Command
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.trading_messages import OutcomeIn

COMBINED = "combined"
SMALLEST = 1e-15
"""No price or quantity is as small as this."""
LONGEST = 15
"""Digits that the number of a signal may have."""


class OutcomeCommands:
    """Finds the signal of an outcome and the units of its symbol.

    Parameters
    ----------
    system, history
        Of the run.
    """

    def __init__(self, system: System, history: History) -> None:
        self._system = system
        self._history = history

    def command(self, given: OutcomeIn) -> Command | None:
        """The command that reports an outcome; None when it was reported before.

        Raises NotFoundError for a signal that is not known, DataError for what cannot be.
        """
        given = _typed(given)
        trade = self._signal(given.signal_id)
        _check_times(given, trade, self._system.now_ns())
        return self._system.feedback.outcome_command(trade, _outcome(given, trade, self._history.units[trade.symbol]))

    def _signal(self, signal_id: str) -> Signal:
        """What is needed of a combined signal: its symbol, and when it was made."""
        agent, _, rest = signal_id.partition("/")
        symbol, _, number = rest.rpartition("/")
        history = self._history.symbols.get(symbol)
        if agent != COMBINED or history is None:
            known = [f"{COMBINED}/{name}/..." for name in self._history.symbols]
            raise NotFoundError(f"no signal of this run has the id {signal_id[:200]!r}{did_you_mean(signal_id[:200], known)}")
        row = None
        if number.isascii() and number.isdigit() and len(number) <= LONGEST:
            row = history.bars.find("number", int(number))
        if row is None:
            raise NotFoundError(f"no signal {signal_id[:200]!r} is held; fills name the signals that were traded")
        return Signal(signal_id, COMBINED, symbol, int(row["ts_ms"]) * MS, 0.0, None, 0.0)


def _typed(given: OutcomeIn) -> OutcomeIn:
    """What is given, if its fields are of their types: structs that are made in Python are not checked."""
    try:
        return msgspec.convert(msgspec.to_builtins(given), OutcomeIn)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"the outcome {shown(given.id)} cannot be used: {error}") from None


def _check_times(given: OutcomeIn, trade: Signal, now: int) -> None:
    what = f"the outcome {given.id[:200]!r}"
    if given.opened_ms * MS < trade.ts:
        raise DataError(
            f"{what} has opened_ms {given.opened_ms}, before its signal was made at {trade.ts // MS}; expected the time at "
            "which the trade was opened by that signal, in milliseconds since the Unix epoch (UTC)"
        )
    if not given.opened_ms <= given.closed_ms <= now // MS:
        raise DataError(
            f"{what} has opened_ms {given.opened_ms} and closed_ms {given.closed_ms}, but the newest bar ended at {now // MS}; "
            "expected a close between the two, in milliseconds since the Unix epoch (UTC)"
        )


def _outcome(given: OutcomeIn, trade: Signal, units: Units) -> TradeOutcome:
    what = f"the outcome {given.id[:200]!r}"
    finite(f"net_pnl of {what}", given.net_pnl)
    size = abs(given.quantity)
    if not all(SMALLEST < value < ABSURD for value in (size, given.open_price, given.close_price)):
        raise DataError(
            f"{what} has quantity {given.quantity!r}, open_price {given.open_price!r} and close_price {given.close_price!r}; "
            f"expected prices and a size from {SMALLEST:g} to {ABSURD:g}; the quantity is below 0 for a short"
        )
    side = 1 if given.quantity > 0.0 else -1
    cash, parts = 10.0**units.cash_decimals, 10.0**units.quantity_decimals
    net = round(given.net_pnl * cash)
    gross = round(given.quantity * (given.close_price - given.open_price) * cash)
    if net > gross + 1:  # both are rounded
        raise DataError(
            f"{what} has net_pnl {given.net_pnl!r}, above the {gross / cash!r} that its quantity and prices give before costs; "
            "expected a net P&L after all costs"
        )
    made = given.net_pnl / (size * given.open_price)
    if not max(size * parts, abs(gross), abs(net)) < LARGEST or not abs(made) < ABSURD:
        raise DataError(
            f"{what} has quantity {given.quantity!r} and net_pnl {given.net_pnl!r}, {made:g} of what was put in; expected a "
            f"size below {LARGEST / parts:g}, and amounts below {LARGEST / cash:g} of cash and {ABSURD:g} times what was put in"
        )
    opened, closed = given.opened_ms * MS, given.closed_ms * MS
    lot = Lot(
        given.id, given.book, trade.symbol, side * max(1, round(size * parts)), opened, closed,
        given.open_price, given.close_price, gross, gross - net, net, "", "", trade.signal_id,
    )  # fmt: skip
    return TradeOutcome(lot, trade.signal_id, None, net, made, closed, closed - opened)
