"""Convert an outcome from units and cash to the command of the feedback service."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import DataError, NotFoundError, did_you_mean
from alpha_pulse.core.numbers import shown
from alpha_pulse.core.types import ABSURD, Lot, Signal, TradeOutcome, Units, finite
from alpha_pulse.engine.system import System
from alpha_pulse.feedback.external_outcomes import LARGEST
from alpha_pulse.gateway.trading_messages import OutcomeIn
from alpha_pulse.learning.commands import Command
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.history import History

COMBINED = "combined"
SMALLEST = 1e-15
"""Lower bound of prices and quantities."""
LONGEST = 15
"""Maximum number of digits in the id of a signal."""


class OutcomeCommands:
    """Creates commands from reported outcomes: finds the signal, converts units, checks values.

    Parameters
    ----------
    system, history
        The system and the history of the run.
    """

    def __init__(self, system: System, history: History) -> None:
        self._system = system
        self._history = history

    def command(self, outcome: OutcomeIn) -> Command | None:
        """The command that reports an outcome; None when it was reported before.

        Raises NotFoundError for an unknown signal, DataError for invalid values.
        """
        outcome = _typed(outcome)
        trade = self._signal(outcome.signal_id)
        _check_times(outcome, trade, self._system.now_ns())
        return self._system.feedback.outcome_command(trade, _outcome(outcome, trade, self._history.content.units[trade.symbol]))

    def _signal(self, signal_id: str) -> Signal:
        """A combined signal by its id: only its symbol and time are set."""
        agent, _, rest = signal_id.partition("/")
        symbol, _, number = rest.rpartition("/")
        history = self._history.content.symbols.get(symbol)
        if agent != COMBINED or history is None:
            known = [f"{COMBINED}/{name}/..." for name in self._history.content.symbols]
            raise NotFoundError(f"no signal of this run has the id {signal_id[:200]!r}{did_you_mean(signal_id[:200], known)}")
        row = None
        if number.isascii() and number.isdigit() and len(number) <= LONGEST:
            row = history.bars.find("number", int(number))
        if row is None:
            raise NotFoundError(f"signal {signal_id[:200]!r} is not stored; fills name the traded signals")
        return Signal(signal_id, COMBINED, symbol, int(row["ts_ms"]) * MS, 0.0, None, 0.0)


def _typed(outcome: OutcomeIn) -> OutcomeIn:
    """The outcome, after a check of its field types, which Python callers can violate."""
    try:
        return msgspec.convert(msgspec.to_builtins(outcome), OutcomeIn)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"the outcome {shown(outcome.id)} cannot be used: {error}") from None


def _check_times(outcome: OutcomeIn, trade: Signal, now: int) -> None:
    name = f"the outcome {outcome.id[:200]!r}"
    if outcome.opened_ms * MS < trade.ts:
        raise DataError(
            f"{name} has opened_ms {outcome.opened_ms}, before its signal was made at {trade.ts // MS}; expected the time at "
            "which the trade was opened by that signal, in milliseconds since the Unix epoch (UTC)"
        )
    if not outcome.opened_ms <= outcome.closed_ms <= now // MS:
        raise DataError(
            f"{name} has opened_ms {outcome.opened_ms} and closed_ms {outcome.closed_ms}, but the newest bar ended at "
            f"{now // MS}; expected a close between the two, in milliseconds since the Unix epoch (UTC)"
        )


def _outcome(outcome: OutcomeIn, trade: Signal, units: Units) -> TradeOutcome:
    name = f"the outcome {outcome.id[:200]!r}"
    finite(f"net_pnl of {name}", outcome.net_pnl)
    size = abs(outcome.quantity)
    if not all(SMALLEST < value < ABSURD for value in (size, outcome.open_price, outcome.close_price)):
        raise DataError(
            f"{name} has quantity {outcome.quantity!r}, open_price {outcome.open_price!r} and close_price "
            f"{outcome.close_price!r}; expected prices and a size from {SMALLEST:g} to {ABSURD:g}; "
            "the quantity is below 0 for a short"
        )
    side = 1 if outcome.quantity > 0.0 else -1
    cash, parts = 10.0**units.cash_decimals, 10.0**units.quantity_decimals
    net = round(outcome.net_pnl * cash)
    gross = round(outcome.quantity * (outcome.close_price - outcome.open_price) * cash)
    if net > gross + 1:  # both are rounded
        raise DataError(
            f"{name} has net_pnl {outcome.net_pnl!r}, above the {gross / cash!r} that its quantity and prices give before "
            "costs; expected a net P&L after all costs"
        )
    relative = outcome.net_pnl / (size * outcome.open_price)
    if not max(size * parts, abs(gross), abs(net)) < LARGEST or not abs(relative) < ABSURD:
        raise DataError(
            f"{name} has quantity {outcome.quantity!r} and net_pnl {outcome.net_pnl!r}, a return of {relative:g}; expected a "
            f"size below {LARGEST / parts:g}, and amounts below {LARGEST / cash:g} of cash and a return below {ABSURD:g}"
        )
    opened, closed = outcome.opened_ms * MS, outcome.closed_ms * MS
    lot = Lot(
        outcome.id, outcome.book, trade.symbol, side * max(1, round(size * parts)), opened, closed,
        outcome.open_price, outcome.close_price, gross, gross - net, net, "", "", trade.signal_id,
    )  # fmt: skip
    return TradeOutcome(lot, trade.signal_id, None, net, relative, closed, closed - opened)
