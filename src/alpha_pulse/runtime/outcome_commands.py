"""Convert an outcome from units and cash to the command of the feedback service."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.errors import DataError, NotFoundError, did_you_mean
from alpha_pulse.core.numbers import shown
from alpha_pulse.core.types import Signal, TradeOutcome, Units
from alpha_pulse.engine.system import System
from alpha_pulse.feedback.trade_outcome import trade_outcome
from alpha_pulse.gateway.trading_messages import OutcomeIn
from alpha_pulse.learning.commands import Command
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.history import History

COMBINED = "combined"
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
    return trade_outcome(
        trade,
        outcome.id,
        quantity=outcome.quantity,
        open_price=outcome.open_price,
        close_price=outcome.close_price,
        net_pnl=outcome.net_pnl,
        opened_ts=outcome.opened_ms * MS,
        closed_ts=outcome.closed_ms * MS,
        book=outcome.book,
        units=units,
    )
