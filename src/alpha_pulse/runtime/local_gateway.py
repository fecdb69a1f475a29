"""The gateway to a system in the same process: reads its history and state, and controls it through the runner."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import msgspec

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import ConfigError, NotFoundError, StartingError, did_you_mean
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.system import System
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.gateway.messages import (
    Control,
    CountsStatus,
    DriftStatus,
    Features,
    FeedStatus,
    Page,
    PredictResponse,
    Series,
    SessionConfig,
    SessionScores,
    SessionStatus,
    SystemStatus,
    UpdateResult,
)
from alpha_pulse.gateway.protocol import ALL, MAX_EXAMPLES, MAX_OUTCOMES, MAX_STEPS
from alpha_pulse.gateway.trading_messages import (
    Adaptations,
    Fills,
    Inspection,
    OutcomeIn,
    OutcomesResult,
    Positions,
    Regimes,
    Step,
    Trades,
)
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.metrics.reliability import ReliabilityTable
from alpha_pulse.reporting.alarm_counts import NAMES, alarm_counts
from alpha_pulse.runtime.history.events import MS, fill_out, trade_out
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.history.planted import synthetic_status
from alpha_pulse.runtime.history.positions import positions_of
from alpha_pulse.runtime.history.run_history import RunHistory
from alpha_pulse.runtime.history.steps import action_out, alarm_out, step_message
from alpha_pulse.runtime.history.success import LiveSuccess, marks_per_year
from alpha_pulse.runtime.history.symbol import SymbolHistory
from alpha_pulse.runtime.inspector import Inspector
from alpha_pulse.runtime.live import Runner
from alpha_pulse.runtime.models.desk import ModelDesk
from alpha_pulse.runtime.models.serving_desk import ServingDesk
from alpha_pulse.runtime.outcome_commands import OutcomeCommands
from alpha_pulse.runtime.queries import checked_page, checked_window, known_target
from alpha_pulse.runtime.session_commands import SessionCommands
from alpha_pulse.serving.registry import Registry

TURN_EXAMPLES = 100
"""Examples that are checked or learned in one turn of the event loop."""


class _Hash(msgspec.Struct):
    """The part of a result that a status shows."""

    decisions_sha256: str | None = None


class LocalGateway:
    """Implements `alpha_pulse.gateway.protocol.Gateway`.

    Parameters
    ----------
    system
        A system after `System.begin`. The gateway listens to its commits.
    name
        A short name of the data.
    bars_per_second, paused
        See `alpha_pulse.runtime.live.Runner`.
    registry
        The batch models of the run are added to it; None: the run has no registry.

    Attributes
    ----------
    runner
        Its `run` must run as a task of the event loop.
    models
        The registry, to be closed at the end.
    serving
        Who serves.
    """

    def __init__(
        self,
        system: System,
        name: str,
        *,
        bars_per_second: float = 0.0,
        paused: bool = False,
        registry: Registry | None = None,
    ) -> None:
        learning = system.config.learning
        self._system = system
        self._name = name
        self._books = tuple(system.execution.results(1.0))
        self._past = History(
            system.feed.symbols,
            self._books,
            volatility_horizon=learning.volatility_horizon_bars,
            window=learning.window,
            targets=system.targets,
            challengers={served.session.spec.target: served.further.names for served in system.serving.served.values()},
        )
        self._session_commands = SessionCommands(system, self._past)
        self._outcomes = OutcomeCommands(system, self._past)
        self._inspector = Inspector(self._past, system.store, system.symbols)
        self._success = LiveSuccess(system, self._past)
        self.models = ModelDesk(system, registry)
        self.runner = Runner(system, lambda: self._past.bars, bars_per_second=bars_per_second, paused=paused)
        self.serving = ServingDesk(system, self._past, self.runner, self._refuse_while_warming)

    def read_back(self) -> Iterator[int]:
        """Read the journal into the history, before any other use. Yields the number of the last step of each block."""
        yield from self._past.read_back(decoded_blocks(self._system.store))
        self._system.on_commit.append(self._past.take_block)
        # Values computed before were of an incomplete history.
        self._success = LiveSuccess(self._system, self._past)

    def read_back_first(self) -> None:
        """As `read_back`, but by the runner, so that requests are served while a long journal is read.

        Until then the state is ``warming``, and queries of history raise StartingError.
        """
        rows = self.read_back()
        if self._system.store.head[0] >= 0:
            self.runner.run_first(rows, "reading the history")
        else:
            deque(rows, maxlen=0)

    @property
    def _history(self) -> RunHistory:
        self._refuse_while_warming()
        return self._past.content

    def _refuse_while_warming(self) -> None:
        if self.runner.state == "warming":
            raise StartingError(f"the run is starting ({self.runner.detail}); try again in a moment")

    # The run.

    @property
    def version(self) -> str:
        """Of the program."""
        return __version__

    @property
    def symbols(self) -> tuple[str, ...]:
        """Of the feed."""
        return self._system.feed.symbols

    @property
    def compiling(self) -> None:
        """Nothing: there is an engine."""
        return None

    async def ready(self) -> None:
        """Return when the run has started: its history has been read."""
        await self.runner.ready()

    def control(self) -> Control:
        """How the run stands."""
        return self.runner.control()

    def status(self) -> SystemStatus:
        """Everything about the run."""
        system, runner, history = self._system, self.runner, self._past
        identity, result = system.store.identity, runner.result
        control = runner.control()
        return SystemStatus(
            version=__version__,
            run_id="" if identity is None else identity.run_id,
            mode="paper",
            state=control.state,
            detail=runner.detail,
            feed=FeedStatus(
                self._name,
                system.feed.symbols,
                system.feed.interval_ns / SECOND_NS,
                system.feed.total_bars,
                history.bars,
                synthetic_status(system.feed, history.content.equity),
            ),
            bars_per_second=control.bars_per_second,
            measured_bars_per_second=runner.measured_bars_per_second,
            seq=control.seq,
            ts_ms=history.last_ts // MS if history.slices else None,
            bar_open_ms=int(history.content.equity.column("bar_open_ms")[-1]) if history.slices else None,
            store=system.store.location,
            config_hash=system.config.config_hash,
            targets=system.targets,
            books=self._books,
            initial_cash=system.config.execution.initial_cash,
            counts=self._counts(),
            success_metrics=self._success.metrics(exact=result is not None),
            result=None if result is None else msgspec.Raw(result),
            decisions_sha256=None if result is None else msgspec.json.decode(result, type=_Hash).decisions_sha256,
        )

    def _counts(self) -> CountsStatus:
        system = self._system
        accounts = list(system.feedback.counts().values())
        combined = system.execution.results(1.0)[PRIMARY]
        past = self._past.content
        known = self.runner.state != "warming"
        return CountsStatus(
            predictions=sum(account.predictions for account in accounts),
            labelled=sum(account.labelled for account in accounts),
            pending=sum(account.pending for account in accounts),
            expired=sum(account.expired for account in accounts),
            fills=combined.fills,
            trades=combined.trades,
            alarms=len(past.alarms) if known else None,
            **(alarm_counts(past.responses.values()) if known else dict.fromkeys(NAMES)),
            adaptations=len(past.actions) if known else None,
            queries=system.serving.queries,
        )

    def config(self) -> dict[str, Any]:
        """The configuration in effect."""
        settings: dict[str, Any] = msgspec.to_builtins(self._system.settings)
        return settings

    def pause(self) -> Control:
        """Stop between two steps."""
        return self.runner.pause()

    def resume(self) -> Control:
        """Continue."""
        return self.runner.resume()

    async def step(self, steps: int = 1) -> Control:
        """Run some steps of a paused run."""
        if type(steps) is not int or not 1 <= steps <= MAX_STEPS:
            raise ConfigError(f"steps is {steps!r}, but a whole number from 1 to {MAX_STEPS:,} is needed")
        return await self.runner.step(steps)

    def set_speed(self, bars_per_second: float) -> Control:
        """Set the speed in bars per second."""
        return self.runner.set_speed(bars_per_second)

    # Learning.

    async def start_session(self, symbol: str, model_type: str, config: SessionConfig) -> str:
        """Start an external session."""
        self.runner.check_accepts_commands()
        command = self._session_commands.start_command(symbol, model_type, config)
        await self.runner.command(command)
        return command.session_id

    def sessions(self) -> list[SessionStatus]:
        """All sessions."""
        self._refuse_while_warming()
        return self._session_commands.sessions(ended=self.runner.state in ("finished", "failed"))

    def session_scores(self, session_id: str) -> SessionScores:
        """One session's scores."""
        return self._session_commands.scores(session_id)

    def predict(self, session_id: str, features: Features) -> PredictResponse:
        """Predict, without any change of state."""
        return self._session_commands.predict(session_id, features)

    async def update(self, session_id: str, examples: Sequence[LabelledExample]) -> UpdateResult:
        """Learn examples, once per id."""
        if not 1 <= len(examples) <= MAX_EXAMPLES:
            raise ConfigError(f"{len(examples)} examples were sent; send 1 to {MAX_EXAMPLES:,} at once")
        self.runner.check_accepts_commands()
        checked: list[LabelledExample] = []
        async for part in _in_turns(len(examples)):
            checked += self._session_commands.checked(session_id, examples, part)
        self._session_commands.check_new(session_id, checked)
        applied = labels_used = 0
        async for part in _in_turns(len(checked)):
            command = self._session_commands.update_command(session_id, checked[part.start : part.stop])
            if command is not None:
                self.runner.carry_out(command)
                applied += len(command.examples or ())
            # Read before the wait for the disk, during which another caller may stop the session.
            labels_used = self._session_commands.labels_used(session_id)
        # Also without a command: earlier steps with these examples may not be durable yet.
        await self.runner.durable()
        return UpdateResult(applied, len(examples) - applied, labels_used)

    async def stop_session(self, session_id: str) -> None:
        """End an external session."""
        self.runner.check_accepts_commands()
        await self.runner.command(self._session_commands.stop_command(session_id))

    async def adapt(self, session_id: str, drift_type: str) -> None:
        """Request an adaptation at the next slice."""
        self.runner.check_accepts_commands()
        await self.runner.command(self._session_commands.adapt_command(session_id, drift_type))

    def drift(self) -> list[DriftStatus]:
        """The drift monitor of every session."""
        self._refuse_while_warming()
        return self._session_commands.drift()

    # Reading.

    def bars(self, symbol: str, page: Page) -> Series:
        """Bars of a symbol."""
        return self._symbol(symbol).bar_series(symbol, checked_page(page))

    def equity(self, page: Page) -> Series:
        """Equity of all books."""
        return self._history.equity_series(checked_page(page))

    def _target(self, target: str) -> str:
        return known_target(target, self._system.targets)

    def predictions(self, symbol: str, target: str, page: Page) -> Series:
        """Served predictions and their labels."""
        history = self._symbol(symbol)
        return history.predictions[self._target(target)].series(symbol, target, checked_page(page), history.bars)

    def metrics_history(self, symbol: str, target: str, page: Page, window: int | None = None) -> Series:
        """Windowed skill and accuracy."""
        history = self._symbol(symbol)
        return history.scores[self._target(target)].series(
            symbol, target, checked_page(page), history.bars, checked_window(window)
        )

    def reliability(self, symbol: str, target: str) -> ReliabilityTable:
        """Served probabilities against their labels in the window."""
        horizon = self._system.learning.session(symbol, self._target(target)).spec.horizon
        return self._symbol(symbol).scores[target].reliability(horizon)

    def fills(self, symbol: str | None, book: str, page: Page) -> Fills:
        """Fills of a book or of all."""
        past = self._history
        fills, next_seq, total = past.fills.page(self._known(symbol), self._book(book), checked_page(page))
        return Fills([fill_out(seq, fill, past.units[fill.symbol], past.bar_open_ms) for seq, fill in fills], next_seq, total)

    def trades(self, symbol: str | None, book: str, page: Page) -> Trades:
        """Closed lots of a book or of all."""
        past = self._history
        lots, next_seq, total = past.lots.page(self._known(symbol), self._book(book), checked_page(page))
        return Trades([trade_out(seq, lot, past.units[lot.symbol], past.bar_open_ms) for seq, lot in lots], next_seq, total)

    async def report_outcomes(self, outcomes: Sequence[OutcomeIn]) -> OutcomesResult:
        """Report trades made elsewhere."""
        if not 1 <= len(outcomes) <= MAX_OUTCOMES:
            raise ConfigError(f"{len(outcomes)} outcomes were sent; send 1 to {MAX_OUTCOMES} at once")
        self._refuse_while_warming()
        self.runner.check_accepts_commands()
        self._system.check_slice_follows()
        for outcome in outcomes:
            self._outcomes.command(outcome)
        applied = 0
        for outcome in outcomes:
            command = self._outcomes.command(outcome)
            if command is not None:
                self.runner.carry_out(command)
                applied += 1
        await self.runner.durable()
        return OutcomesResult(applied, len(outcomes) - applied)

    def positions(self) -> Positions:
        """The open positions and the results of all books."""
        return positions_of(self._system.execution, self._history, self._books, marks_per_year(self._past))

    def adaptations(self) -> Adaptations:
        """All alarms and adaptations."""
        return Adaptations(
            [alarm_out(self._history, alarm_id) for alarm_id in self._history.alarms],
            [action_out(self._history, seq, action) for seq, action in self._history.actions.values()],
        )

    def regimes(self, symbol: str) -> Regimes:
        """The regimes and regime changes of a symbol."""
        return self._symbol(symbol).regimes.regimes(
            self._system.regimes.detectors[symbol].probabilities, self._history.bar_open_ms
        )

    def inspect(self, prediction_id: str) -> Inspection:
        """All details of one prediction."""
        self._refuse_while_warming()
        return self._inspector.prediction(prediction_id)

    def inspect_fill(self, fill_id: str) -> Inspection:
        """The decision behind a fill."""
        self._refuse_while_warming()
        return self._inspector.fill(fill_id)

    # Listening.

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Subscribe to new steps and changes of state."""
        return self.runner.listen(listener)

    @property
    def oldest_step(self) -> int:
        """The first step that `steps` can return."""
        return self._past.oldest_recent

    def steps(self, symbol: str, from_seq: int, to_seq: int) -> Step | None:
        """One message for some steps."""
        self._symbol(symbol)
        return step_message(self._past, symbol, from_seq, to_seq)

    def _symbol(self, symbol: str) -> SymbolHistory:
        history = self._history.symbols.get(symbol)
        if history is None:
            raise NotFoundError(f"this run has no symbol {symbol[:200]!r}{did_you_mean(symbol, self._history.symbols)}")
        return history

    def _known(self, symbol: str | None) -> str | None:
        if symbol is not None:
            self._symbol(symbol)
        return symbol

    def _book(self, book: str) -> str:
        if book != ALL and book not in self._books:
            raise NotFoundError(f"this run has no book {book[:200]!r}{did_you_mean(book, [ALL, *self._books])}")
        return book


async def _in_turns(count: int) -> AsyncIterator[range]:
    """Ranges of a long loop, with a turn of the event loop between two."""
    for start in range(0, count, TURN_EXAMPLES):
        if start:
            await asyncio.sleep(0)
        yield range(start, min(start + TURN_EXAMPLES, count))
