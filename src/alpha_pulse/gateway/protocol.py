"""The interface between the API and the engine: queries and commands of a running system.

All methods are called on the event loop of the system. A method that waits for the disk or for a step is ``async``; the others
return at once. Errors are those of `alpha_pulse.core.errors`: NotFoundError for an unknown name or id, ConflictError for a
request that conflicts with the state of the run, NotReadyError and StoreError when the engine is starting or has failed,
NoSpaceError when the disk is full, and another AlphaPulseError for invalid input. Each message is one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from alpha_pulse.gateway.messages import (
    Compiling,
    Control,
    DriftStatus,
    Features,
    Page,
    PredictResponse,
    Series,
    SessionConfig,
    SessionScores,
    SessionStatus,
    SystemStatus,
    UpdateResult,
)
from alpha_pulse.gateway.models import Models
from alpha_pulse.gateway.serving import Serving
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
from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.metrics.reliability import ReliabilityTable

__all__ = [
    "Adaptations",
    "Compiling",
    "Control",
    "DriftStatus",
    "Features",
    "Fills",
    "Gateway",
    "Inspection",
    "Models",
    "OutcomeIn",
    "OutcomesResult",
    "Page",
    "Positions",
    "PredictResponse",
    "Regimes",
    "Series",
    "Serving",
    "SessionConfig",
    "SessionScores",
    "SessionStatus",
    "Step",
    "SystemStatus",
    "Trades",
    "UpdateResult",
]

MAX_LIMIT = 10_000
MAX_POINTS = 5_000
MAX_WINDOW = 100_000
MAX_STEPS = 1_000
MAX_EXAMPLES = 2_000
MAX_OUTCOMES = 100
ALL = "all"
"""Selects every book."""


class Gateway(Protocol):
    """Queries, commands and notifications of one run.

    A ``session_id`` is ``SYMBOL/target``; a ``prediction_id`` is ``SYMBOL/target/number``, where the number counts the slices
    of the feed. ``seq`` counts the steps of the journal, those of commands included. Times are integer milliseconds since
    the Unix epoch (UTC), money is in units of cash, and undefined values are None.
    """

    # The run.

    @property
    def version(self) -> str:
        """The version of the program."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of the feed."""
        ...

    @property
    def compiling(self) -> Compiling | None:
        """How far the compilation of the engine is, at the first start on a machine; None when there is nothing to wait for.

        Meanwhile all but `version`, `symbols`, `ready`, `control` and `listen` raises StartingError.
        """
        ...

    async def ready(self) -> None:
        """Return when the run has started, which means that its history has been read, or when it cannot start. Before, queries
        of history raise StartingError.
        """
        ...

    def control(self) -> Control:
        """The state, the speed (bars per second) and the newest step of the run."""
        ...

    def status(self) -> SystemStatus:
        """The state, the feed, the counts and the result of the run."""
        ...

    def config(self) -> dict[str, Any]:
        """The configuration in effect."""
        ...

    def pause(self) -> Control:
        """Stop between two steps until `resume`. Raises ConflictError when the run has ended."""
        ...

    def resume(self) -> Control:
        """Resume the run. Raises ConflictError when the run has ended."""
        ...

    async def step(self, steps: int = 1) -> Control:
        """Run ``steps`` steps, 1 to 1,000. Raises ConflictError unless the run is paused."""
        ...

    def set_speed(self, bars_per_second: float) -> Control:
        """Set the speed in bars per second; 0: as fast as possible. Raises ConfigError unless it is 0 or from 0.001 to 1e9."""
        ...

    # Learning.

    async def start_session(self, symbol: str, model_type: str, config: SessionConfig) -> str:
        """Start an external session: one whose examples come from the caller. Returns its id when the start is durable.

        Parameters
        ----------
        symbol
            A symbol of the feed, or any name when ``config.source`` is ``api``.
        model_type
            The name of an online model.
        config
            The target, the number of features and the horizon in bars.

        Raises
        ------
        ConflictError
            The session exists already, or there are too many external sessions.
        NotFoundError
            The feed has no such symbol.
        UnknownNameError
            There is no such model.
        ConfigError
            A field of ``config`` is invalid.
        """
        ...

    def sessions(self) -> list[SessionStatus]:
        """All sessions."""
        ...

    def session_scores(self, session_id: str) -> SessionScores:
        """One session's scores."""
        ...

    def predict(self, session_id: str, features: Features) -> PredictResponse:
        """Predict, without any change of state.

        ``features`` are a list in the order of the schema, or a dict that contains every name of the schema. Raises
        NotFoundError for an unknown session, DataError and NonFiniteError for invalid features.
        """
        ...

    async def update(self, session_id: str, examples: Sequence[LabelledExample]) -> UpdateResult:
        """Predict, score and learn 1 to 2,000 examples, each id once. Returns when they are durable in the journal.

        Raises ConflictError for a session of the engine, or for an id that was sent with other content; DataError for an
        invalid example.
        """
        ...

    async def stop_session(self, session_id: str) -> None:
        """End an external session, durably. Raises ConflictError for a session of the engine."""
        ...

    async def adapt(self, session_id: str, drift_type: str) -> None:
        """Request an adaptation (``performance`` or ``regime``), durably. It starts at the next slice.

        Raises ConflictError when it cannot start: a running trial, a cool-down, disabled adaptation, the end of the data.
        """
        ...

    def drift(self) -> list[DriftStatus]:
        """The state of the drift monitor of every session."""
        ...

    # Reading. Raises NotFoundError for a symbol that is not in the feed, ConfigError for an invalid page.

    def bars(self, symbol: str, page: Page) -> Series:
        """Bars: seq, ts_ms, open, high, low, close, volume. Downsampled, each bucket becomes one bar."""
        ...

    def equity(self, page: Page) -> Series:
        """seq, ts_ms and the equity of each book, in units of cash."""
        ...

    def predictions(self, symbol: str, target: str, page: Page) -> Series:
        """Served predictions with their numbers, members, weights and labels."""
        ...

    def metrics_history(self, symbol: str, target: str, page: Page, window: int | None = None) -> Series:
        """Skill (mnat) and accuracy of each member over the window (None: `learning.window`), one row per label."""
        ...

    def reliability(self, symbol: str, target: str) -> ReliabilityTable:
        """Served probabilities against the labels in the window."""
        ...

    def fills(self, symbol: str | None, book: str, page: Page) -> Fills:
        """Fills of one book or of `ALL`, of one symbol or of all."""
        ...

    def trades(self, symbol: str | None, book: str, page: Page) -> Trades:
        """Closed lots of one book or of `ALL`, of one symbol or of all."""
        ...

    async def report_outcomes(self, outcomes: Sequence[OutcomeIn]) -> OutcomesResult:
        """Report 1 to 100 trades made elsewhere on combined signals. Returns when they are durable in the journal.

        They are learned at the next slice, each id of a book once. If one is invalid, none is accepted. Raises NotFoundError
        for a signal that is no longer stored, ConflictError for a book of this run, DataError for invalid values.
        """
        ...

    def positions(self) -> Positions:
        """The open positions and the results of all books."""
        ...

    def adaptations(self) -> Adaptations:
        """All alarms and adaptations."""
        ...

    def regimes(self, symbol: str) -> Regimes:
        """The regimes and regime changes of a symbol."""
        ...

    def inspect(self, prediction_id: str) -> Inspection:
        """One prediction with its members, features, label, orders, fills and trades. Raises NotFoundError."""
        ...

    def inspect_fill(self, fill_id: str) -> Inspection:
        """The direction prediction of the step in which the order of a fill was decided. Raises NotFoundError."""
        ...

    @property
    def models(self) -> Models:
        """The registry of models."""
        ...

    @property
    def serving(self) -> Serving:
        """Who serves, and commands about it."""
        ...

    # Listening.

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call ``listener`` after committed steps, and after every other change of `control`.

        It is called on the event loop, must return at once and must not raise. One call may stand for several steps. Returns a
        function that unsubscribes the listener.
        """
        ...

    @property
    def oldest_step(self) -> int:
        """The first step that `steps` can return; at least the newest 1,000. Above the newest one when there is none."""
        ...

    def steps(self, symbol: str, from_seq: int, to_seq: int) -> Step | None:
        """One message for the steps ``from_seq`` to ``to_seq`` (both included), for streaming.

        Several steps give their newest values and all their events. Steps that are no longer stored are skipped. Returns None
        when no step concerns the symbol.
        """
        ...
