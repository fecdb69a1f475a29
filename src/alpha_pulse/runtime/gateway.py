"""Where the API and the engine meet: what may be asked of a running system, and what it answers.

Everything here is called on the event loop that the system runs on. What never waits is a plain method; what waits for the
disk or for a step is ``async``. Errors are `alpha_pulse.core.errors`: NotFoundError for a name or id that is not there,
ConflictError for a request that does not fit what is going on, NotReadyError and StoreError when the engine has failed, and any
other AlphaPulseError for an input that cannot be used. Each is one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from alpha_pulse.learning.commands import LabelledExample
from alpha_pulse.metrics.reliability import ReliabilityTable
from alpha_pulse.runtime.messages import (
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
from alpha_pulse.runtime.trading_messages import (
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

__all__ = [
    "Adaptations",
    "Control",
    "DriftStatus",
    "Features",
    "Fills",
    "Gateway",
    "Inspection",
    "OutcomeIn",
    "OutcomesResult",
    "Page",
    "Positions",
    "PredictResponse",
    "Regimes",
    "Series",
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
MAX_STEPS = 1_000
MAX_EXAMPLES = 2_000
MAX_OUTCOMES = 100
ALL = "all"
"""Stands for every book."""


class Gateway(Protocol):
    """Ask, command, listen. ``session_id`` is ``SYMBOL/target``, ``prediction_id`` is ``SYMBOL/target/number``.

    The number is that of the feed's slice, alike for all symbols; ``seq`` counts the journal's rows, commands among them.
    """

    # The run.

    @property
    def version(self) -> str:
        """Of the program."""
        ...

    @property
    def symbols(self) -> tuple[str, ...]:
        """Of the feed."""
        ...

    async def ready(self) -> None:
        """Return when the run has started: until its history has been read, what is made of it is refused."""
        ...

    def control(self) -> Control:
        """How the run stands; costs nothing."""
        ...

    def status(self) -> SystemStatus:
        """Everything about the run."""
        ...

    def config(self) -> dict[str, Any]:
        """The configuration in effect."""
        ...

    def pause(self) -> Control:
        """Stop between two steps until `resume`. ConflictError when the run has ended."""
        ...

    def resume(self) -> Control:
        """Go on. ConflictError when the run has ended."""
        ...

    async def step(self, steps: int = 1) -> Control:
        """Make 1 to 1,000 steps. ConflictError unless paused."""
        ...

    def set_speed(self, bars_per_second: float) -> Control:
        """Change the pace; 0 is as fast as it goes."""
        ...

    # Learning.

    async def start_session(self, symbol: str, model_type: str, config: SessionConfig) -> str:
        """Start a session that its caller feeds; its id, once that is durable.

        ConflictError when (symbol, target) runs already, NotFoundError for a symbol that the feed lacks (unless the source is
        ``api``), UnknownNameError for an unknown model.
        """
        ...

    def sessions(self) -> list[SessionStatus]:
        """All sessions."""
        ...

    def session_scores(self, session_id: str) -> SessionScores:
        """One session's scores."""
        ...

    def predict(self, session_id: str, features: Features) -> PredictResponse:
        """What a session says about these features: a pure query. Features by name must be all of the schema's."""
        ...

    async def update(self, session_id: str, examples: Sequence[LabelledExample]) -> UpdateResult:
        """Predict, score and learn examples, once per id; answers when the journal holds them durably.

        ConflictError for a session of the loop.
        """
        ...

    async def stop_session(self, session_id: str) -> None:
        """End a session that its caller feeds, durably. ConflictError for a session of the loop."""
        ...

    async def adapt(self, session_id: str, drift_type: str) -> None:
        """Ask, durably, for an adaptation (``performance`` or ``regime``), which begins with the next slice.

        ConflictError with the reason when it would not: a trial, a cool-down, adaptation switched off, the end of the data.
        """
        ...

    def drift(self) -> list[DriftStatus]:
        """Every session's drift monitor."""
        ...

    # Reading. ``symbol`` must be the feed's: NotFoundError otherwise.

    def bars(self, symbol: str, page: Page) -> Series:
        """seq, ts_ms, open, high, low, close, volume; thinned out, each bucket becomes one bar."""
        ...

    def equity(self, page: Page) -> Series:
        """seq, ts_ms and each book's equity."""
        ...

    def predictions(self, symbol: str, target: str, page: Page) -> Series:
        """What was served, under which ``number``, by which members at which weights, and what came true."""
        ...

    def metrics_history(self, symbol: str, target: str, page: Page) -> Series:
        """Windowed skills and accuracies, one row per label."""
        ...

    def reliability(self, symbol: str, target: str) -> ReliabilityTable:
        """Served probabilities against their labels in the window."""
        ...

    def fills(self, symbol: str | None, book: str, page: Page) -> Fills:
        """Fills of one book or of `ALL`, of one symbol or of every."""
        ...

    def trades(self, symbol: str | None, book: str, page: Page) -> Trades:
        """Closed lots of one book or of `ALL`, of one symbol or of every."""
        ...

    async def report_outcomes(self, outcomes: Sequence[OutcomeIn]) -> OutcomesResult:
        """Report trades made elsewhere on combined signals, each once; answers when the journal holds them durably.

        They are learnt with the next slice. NotFoundError for a signal that is not known any more, ConflictError for a book of
        the run itself. When one of them cannot be, none is taken.
        """
        ...

    def positions(self) -> Positions:
        """What the books hold and how they do."""
        ...

    def adaptations(self) -> Adaptations:
        """Alarms and actions."""
        ...

    def regimes(self, symbol: str) -> Regimes:
        """Calm, normal and turbulent times, by the regime detector."""
        ...

    def inspect(self, prediction_id: str) -> Inspection:
        """Everything about one prediction."""
        ...

    def inspect_fill(self, fill_id: str) -> Inspection:
        """The direction prediction of the step that a fill was decided in."""
        ...

    # Listening.

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Have ``listener`` called after each stretch of work that committed rows, and whenever `control` changes otherwise.

        It is called on the event loop, must return at once and must not raise; several rows may lie between two calls. Calling
        what is returned ends it.
        """
        ...

    @property
    def oldest_step(self) -> int:
        """The first row that `steps` still knows; at least the newest 1,000 rows are known. Above the newest: none is."""
        ...

    def steps(self, symbol: str, from_seq: int, to_seq: int) -> Step | None:
        """One message for the rows ``from_seq`` to ``to_seq`` (both included), for streaming.

        One row gives one step; more rows give their newest figures and all their events. Rows that are not known are passed
        over; None when none of the known ones concerns the symbol.
        """
        ...
