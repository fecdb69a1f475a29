"""Feedback: the labels of all served predictions, and the outcomes of closed trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NotFoundError, SessionError
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import Contribution, FeatureVector, Signal, TradeOutcome
from alpha_pulse.feedback.external_outcomes import ExternalOutcomes, typed
from alpha_pulse.feedback.trade_quality import MODEL, TARGET, QualitySession, TradeQuality
from alpha_pulse.kernels.agents.trade_quality import EXTRA_FEATURES
from alpha_pulse.learning.caller_input import SessionSettings
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.pending_ring import Counts, PendingRing
from alpha_pulse.learning.running_system import RunningSystem
from alpha_pulse.learning.session import ScoredPrediction

MAX_SIGNALS = 10_000
"""Signals of a caller whose outcomes can be learned, of each symbol."""


class AgentCredit(Protocol):
    """Learns the weights of the agents."""

    def credit(self, contributions: Sequence[Contribution], side: int, return_: float) -> None:
        """Learn from one closed lot."""
        ...


class _Symbol:
    """The state of one symbol: its pending predictions, which are part of their sessions, and its trade-quality model."""

    def __init__(self, rings: Mapping[str, PendingRing], quality: TradeQuality) -> None:
        self.rings = rings
        self.quality = quality
        self.entered: list[str] = []
        """Ids of the signals of a caller, oldest first; empty in a run, whose books know which lots are open."""


class TradingFeedbackService:
    """Computes the label of every served prediction, and applies the outcome of every closed trade.

    A prediction waits in the ledger of its (symbol, target) until the bar on which it is due. That bar gives its label, or the
    prediction expires when the bar comes too late. Every prediction is labelled, pending or expired (`counts`).

    Alone it learns from the trades of its caller: `on_entry` with each signal that is traded, `process_trade_outcome` with each
    trade that is closed.

    Parameters
    ----------
    config
        For `learning`, where none is given.
    agents
        The agent manager, which learns the agents' weights from closed lots; None: no weights are learned.
    own_books
        Names of the run's books. Their lots are learned by the loop, so an external outcome of one of them is refused.
    learning
        The service with the sessions of trade quality; by default a service of its own, in which a symbol's session is started
        by its first signal.

    Examples
    --------
    >>> import asyncio
    >>> import numpy as np
    >>> from alpha_pulse.feedback.trade_outcome import trade_outcome
    >>> async def trade():
    ...     feedback = TradingFeedbackService()
    ...     for step in range(300):
    ...         pays = step % 2 == 0  # long trades with a first feature of 1 pay, those with -1 do not
    ...         features = FeatureVector("BTCUSDT", step, "own", np.array([1.0 if pays else -1.0, 0.5]))
    ...         signal = Signal(f"s{step}", "mine", "BTCUSDT", step, 1.0, None, 1.0)
    ...         feedback.on_entry(features, signal)
    ...         close, pnl = (101.0, 0.9) if pays else (99.0, -1.1)
    ...         outcome = trade_outcome(
    ...             signal, f"t{step}", quantity=1.0, open_price=100.0, close_price=close, net_pnl=pnl, opened_ts=step,
    ...             closed_ts=step + 1,
    ...         )
    ...         await feedback.process_trade_outcome(signal, outcome)
    ...     quality = feedback.quality("BTCUSDT")
    ...     return quality.lots, quality.wins, quality.probability(features, signal) < 0.4
    >>> asyncio.run(trade())
    (300, 150, True)
    """

    def __init__(
        self,
        config: Config | None = None,
        agents: AgentCredit | None = None,
        own_books: Iterable[str] = (),
        learning: OnlineLearningService | None = None,
    ) -> None:
        self._agents = agents
        self._starts_sessions = learning is None
        self.learning = OnlineLearningService(config) if learning is None else learning
        """The service with the sessions of trade quality."""
        self._symbols: dict[str, _Symbol] = {}
        self._external = ExternalOutcomes(own_books)
        self._running: RunningSystem | None = None

    def attach(self, running: RunningSystem) -> None:
        """Become part of a running system, in which external outcomes are journaled commands."""
        self._running = running

    def add_symbol(self, symbol: str, rings: Mapping[str, PendingRing], quality: QualitySession) -> None:
        """Begin to label a symbol's predictions.

        Parameters
        ----------
        symbol
            Of the run.
        rings
            The predictions that wait for their labels, by target.
        quality
            Its session (symbol, trade_quality).
        """
        self._symbols[symbol] = _Symbol(rings, TradeQuality(quality, symbol))

    # Labels of predictions.

    def counts(self) -> dict[tuple[str, str], Counts]:
        """Predictions, labels, ties and expiries of each (symbol, target)."""
        return {
            (symbol, target): ring.counts for symbol, state in self._symbols.items() for target, ring in state.rings.items()
        }

    # Trade outcomes.

    def quality(self, symbol: str) -> TradeQuality:
        """A symbol's trade-quality model."""
        return self._symbols[symbol].quality

    def on_entry(self, features: FeatureVector, signal: Signal) -> None:
        """Store the inputs of a signal that became an order of the primary book, until its lots are closed.

        Of a caller's signals, at least the newest `MAX_SIGNALS` of each symbol are stored.
        """
        symbol = features.symbol
        if symbol not in self._symbols and self._starts_sessions:
            width = len(features.values) + EXTRA_FEATURES
            session = self.learning.start(symbol, MODEL, SessionSettings(TARGET, None, width), ordered=False)
            self.add_symbol(symbol, {}, session)
        state = self._symbols[symbol]
        state.quality.on_entry(features, signal)
        if self._starts_sessions:
            state.entered.append(signal.signal_id)
            if len(state.entered) == 2 * MAX_SIGNALS:
                del state.entered[:MAX_SIGNALS]
                state.quality.keep_only(set(state.entered))

    def apply_outcome(self, outcome: TradeOutcome) -> ScoredPrediction | None:
        """Apply the outcome of one closed lot to the trade-quality model and to the agents' weights.

        Returns the scored prediction of the trade-quality model; None for a lot whose label has weight 0.

        Raises
        ------
        SessionError
            The lot was applied already, or its signal is not known.
        """
        lot = outcome.lot
        scored, contributions = self._symbols[lot.symbol].quality.apply_outcome(outcome)
        if self._agents is not None:
            self._agents.credit(contributions, 1 if lot.quantity > 0 else -1, outcome.return_)
        return scored

    def external_outcomes(self, ts: int) -> list[TradeOutcome]:
        """The external outcomes that are learned with the slice at ``ts``, before the slice's own outcomes, while their signals
        are stored."""
        return self._external.take_waiting(ts)

    def apply_command(self, command: Command, ts: int) -> None:
        """Apply a validated command with an external outcome, which is learned with the next slice."""
        if command.outcome is not None:
            self._external.accept(command.outcome)

    async def process_trade_outcome(self, trade: Signal, outcome: TradeOutcome) -> bool:
        """Learn from the outcome of ``trade`` outside of the run's own books; returns whether the outcome is new.

        Each outcome counts once, however often it is reported: ``lot.book`` and ``lot.lot_id`` identify it. In a running system
        it is a command: the journal contains it durably when this returns. It is learned with the next slice, at that slice's
        time. Otherwise it is learned at once.

        Parameters
        ----------
        trade
            The combined signal that was traded. The primary book must still hold a lot of it, or it must be the newest signal.
        outcome
            ``pnl`` is net, in minor units; a ``lot.quantity`` above 0 was held long. ``closed_ts`` lies between the signal and
            the newest bar.

        Raises
        ------
        SessionError
            The outcome belongs to another signal.
        NotFoundError
            Its signal is not known, or no longer stored.
        ConflictError
            Its book is one of the run's own, another outcome was reported under its book and id, or the run accepts no command:
            see `RunningSystem.carry_out`.
        DataError
            An invalid field; NonFiniteError for a number that is not finite.
        """
        if trade.signal_id != outcome.signal_id:
            raise SessionError(
                f"outcome of signal {outcome.signal_id!r} was reported with signal {trade.signal_id!r}; they must be the same"
            )
        command = self.outcome_command(trade, outcome)
        if command is None:
            return False
        if self._running is not None:
            self._running.carry_out(command)
            return True
        self.apply_command(command, outcome.closed_ts)
        for waiting in self.external_outcomes(outcome.closed_ts):
            scored = self.apply_outcome(waiting)
            if scored is not None and scored.session in self.learning.callers:
                self.learning.process_scored(scored)
        return True

    def outcome_command(self, trade: Signal, outcome: TradeOutcome) -> Command | None:
        """The command for an external outcome; None when it was reported before. Raises as `process_trade_outcome`."""
        outcome = typed(outcome)
        if self._external.is_known(outcome):
            return None
        symbol = outcome.lot.symbol
        if symbol not in self._symbols or not self._symbols[symbol].quality.knows(trade.signal_id):
            raise NotFoundError(
                f"signal {trade.signal_id!r} of {symbol!r} is not known: it never became an order of the primary book, or all "
                "lots of the signal are closed; report an outcome while the book has an open lot of its signal"
            )
        now = outcome.closed_ts if self._running is None else self._running.now_ns()
        return Command("outcome", f"{symbol}/{TARGET}", outcome=self._external.validated(trade, outcome, now))

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name."""
        components: dict[str, Stateful] = {"outside_outcomes": self._external}
        for symbol, state in self._symbols.items():
            components[f"quality/{symbol}"] = state.quality
        return components
