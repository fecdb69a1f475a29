"""The only module that constructs services: from a configuration, a feed and a store to a pipeline that is ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.agents.agent_manager import AgentManager
from alpha_pulse.agents.members import build
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core.clock import ReplayClock
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConflictError, NoSpaceError, StateError
from alpha_pulse.core.stateful import Stateful
from alpha_pulse.engine.block_record import BlockRecorder
from alpha_pulse.engine.checkpoint import load_newest, state_sha256, write_checkpoint
from alpha_pulse.engine.decision_pass import DecisionPass
from alpha_pulse.engine.event_rows import EventRows
from alpha_pulse.engine.journal_replay import replay_blocks
from alpha_pulse.engine.learning_state import LearningState
from alpha_pulse.engine.own_sources import pinned
from alpha_pulse.engine.pipeline import Pipeline
from alpha_pulse.engine.quality_pass import QualityPass
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.engine.stored_run import run_identity
from alpha_pulse.engine.symbol_state import TARGETS, SymbolState
from alpha_pulse.engine.target import TargetLoop
from alpha_pulse.engine.training.members import batch_member
from alpha_pulse.engine.training.rounds import BEGIN, Place, TrainingRounds
from alpha_pulse.engine.training.trainers import InlineTrainer, StoredBlocks
from alpha_pulse.engine.volatility_pass import volatility_pass
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.features.own_columns import OwnFeature, load_own
from alpha_pulse.feedback import TradingFeedbackService
from alpha_pulse.feedback.own_labels import load_targets
from alpha_pulse.feedback.trade_quality import MODEL as QUALITY_MODEL
from alpha_pulse.feedback.trade_quality import TARGET
from alpha_pulse.feeds.base import Feed, FeedInfo
from alpha_pulse.journal.block import Journal, JournalBlock, StoreJournal, decoded_blocks
from alpha_pulse.journal.layout import AgentInfo, JournalLayout, make_layout
from alpha_pulse.journal.reader import BlockReader
from alpha_pulse.journal.verifier import ReplayVerifier
from alpha_pulse.kernels.agents.trade_quality import EXTRA_FEATURES
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.serving import ModelServingService
from alpha_pulse.stores.base import Store
from alpha_pulse.venues.simulated import SimulatedVenue

MIN_VERIFIED_STEPS = 200
"""Least number of steps that are replayed, and compared with the journal, before a run resumes."""
MIN_BLOCK, MAX_BLOCK, MAX_ROWS = 40, 4_096, 8_192
"""Slices that are processed at once, at most: as many as have ``MAX_ROWS`` bars, within these limits. A feed may have fewer."""
TRAINED_PART = 10
"""A checkpoint is also written after a training of a batch model, which a resumed run would repeat otherwise, but at most this
many times as often as ``store.checkpoint_steps`` asks for."""


class System:
    """One run: all services around one pipeline, and its life cycle (`begin`, `step`, `command`, `checkpoint`).

    Parameters
    ----------
    config
        All settings.
    feed
        The market data, as slices in order of time.
    store
        The journal and checkpoints are written to it.

    Raises
    ------
    ConfigError
        A setting by symbol names one that is not in the data, the models do not fit into a checkpoint, or a function is no own
        feature or target, or not the one of this configuration.
    UnknownNameError
        A model, detector, agent, own feature or target of the configuration does not exist.

    References
    ----------
    Recovery from a checkpoint and the rest of the journal: Candea and Fox (2003), Crash-only software, HotOS IX.
    """

    def __init__(self, config: Config, feed: Feed, store: Store) -> None:
        self.config = config = pinned(config)
        self.feed = feed
        self.store = store
        self.clock = ReplayClock()
        self.venue = SimulatedVenue(config.venue)
        self.regimes = RegimeMonitor(feed.symbols, feed.interval_ns)
        self.block_slices = min(feed.total_bars, max(MIN_BLOCK, min(MAX_BLOCK, MAX_ROWS // len(feed.symbols))))
        """Slices that are processed at once, at most."""
        own, self._own_targets = load_own(config.features), load_targets(config.targets)
        self.symbols = {symbol: self._symbol_state(index, symbol, own) for index, symbol in enumerate(feed.symbols)}
        self.learning = OnlineLearningService(config, self._n_features)
        self.serving = ModelServingService(
            config, self.learning, partial(batch_member, config) if config.batch.enabled else None
        )
        self.agents = self._agent_manager()
        self.execution = ExecutionService(config, self.venue, feed.symbols)
        self.feedback = TradingFeedbackService(config, self.agents, self.execution.book_names, self.learning)
        self.adaptation = AdaptiveModelManager(config, self.clock, self.learning)
        for symbol in feed.symbols:
            self._open(symbol)
        self.training = TrainingRounds(config.batch, self._batch_members(), InlineTrainer(config, store.blocks))
        self.layout = self._layout()
        """Of the journal's columns."""
        self.pipeline = self._pipeline(StoreJournal(store), self._committed)
        self.skipped_checkpoints: tuple[str, ...] = ()
        self.on_commit: list[Callable[[JournalBlock], None]] = []
        """Called with each block that the journal contains, at the time of its last step; not for replayed ones."""
        self._steps = 0
        self._tried = self._trained = -1
        """The steps of the newest attempt to write a checkpoint, and of the newest model that was trained."""
        self._begun = self._in_step = self._broken = False
        for service in (self.learning, self.serving, self.feedback, self.adaptation):
            service.attach(self)

    def _symbol_state(self, index: int, symbol: str, own: tuple[OwnFeature, ...]) -> SymbolState:
        extractor = FeatureExtractor(
            symbol, has_volume=self.feed.has_volume, has_quotes=self.feed.has_quotes,
            volatility_horizon=self.config.learning.volatility_horizon_bars, own=own,
        )  # fmt: skip
        forecast = volatility_pass(symbol, self.feed.interval_ns, self.config)
        regimes = self.regimes.detectors[symbol]
        return SymbolState(index, extractor, regimes, forecast, self.config, self.block_slices, self._own_targets)

    def _n_features(self, symbol: str, target: str) -> int:
        extra = EXTRA_FEATURES if target == TARGET else 0
        return self.symbols[symbol].n_features(target) + extra

    def _agent_manager(self) -> AgentManager:
        agents, schema = self.config.agents, next(iter(self.symbols.values())).extractor.schema
        return AgentManager(
            [
                MLAwareAgent(
                    build(name, schema.names),
                    self.serving,
                    ml_confidence_threshold=agents.ml_confidence_threshold,
                    weights=(agents.rule_weight, agents.ml_weight),
                )
                for name in agents.members
            ],
            self.feed.symbols,
        )

    def _batch_members(self) -> dict[Place, BatchMember]:
        return {
            (state.index, rank): target.served.batch
            for state in self.symbols.values()
            for rank, target in enumerate(state.targets.values())
            if target.served.batch is not None
        }

    def _open(self, symbol: str) -> None:
        state = self.symbols[symbol]
        own = {each.name: each.target.horizon for each in self._own_targets}
        for target in self.targets:
            session = self.learning.open_session(symbol, target, None, own.get(target), engine_owned=True)
            self.serving.add_session(symbol, target)
            state.targets[target] = TargetLoop(
                self.serving.target(symbol, target),
                state.calibrator,
                self.learning.monitor(symbol, target),
                state.rows,
                self.config,
                self.feed.interval_ns,
            )
            self.adaptation.watch(session)
        quality = self.learning.open_session(symbol, TARGET, QUALITY_MODEL, ordered=False, engine_owned=True)
        self.adaptation.watch(quality)
        self.feedback.add_symbol(symbol, {target: loop.ring for target, loop in state.targets.items()}, quality)

    def _layout(self) -> JournalLayout:
        first = next(iter(self.symbols.values()))
        return make_layout(
            self.feed.symbols,
            FeedInfo(self.feed.interval_ns, self.feed.has_volume, self.feed.has_quotes),
            first.extractor.schema.names,
            first.extractor.schema.schema_id,
            tuple(target.info for target in first.targets.values()),
            self.execution.book_names,
            tuple(
                AgentInfo(agent.name, form is not None and isinstance(agent, MLAwareAgent)) for agent, form in self.agents.forms
            ),
        )

    def _pipeline(self, journal: Journal, committed: Callable[[JournalBlock], None]) -> Pipeline:
        decisions = DecisionPass(self.config, self.symbols, self.agents, self.execution, self.feedback)
        return Pipeline(
            self.clock, self.symbols, self.learning, self.serving, self.execution, self.feedback, self.adaptation, self.regimes,
            self.training,
            QualityPass(self.symbols, self.learning, self.execution, self.feedback, self.adaptation),
            decisions,
            LearningState(self.symbols, self.learning, self.serving, self.adaptation, self.regimes),
            BlockRecorder(self.layout, tuple(self.symbols.values()), decisions, EventRows(self.execution, self.config.risk)),
            journal,
            committed,
        )  # fmt: skip

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of each symbol: the program's own, then those of the user."""
        return (*TARGETS, *(each.name for each in self._own_targets))

    def components(self) -> dict[str, Stateful]:
        """All components with state, by name: the content of a checkpoint, and of `state_sha256`."""
        components: dict[str, Stateful] = {
            "training": self.training,
            "venue": self.venue,
            "execution": self.execution,
            "agents": self.agents,
            "feed": self.feed,
        }
        for symbol, symbol_state in self.symbols.items():
            components.update(symbol_state.components(symbol))
        for service in (self.learning, self.serving, self.feedback, self.adaptation, self.regimes):
            components.update(service.components())
        return components

    def state_sha256(self) -> str:
        """SHA-256, in hex, of the state of all components."""
        return state_sha256(self.components())

    @property
    def settings(self) -> Config:
        """The configuration with the settings that were changed during the run; ``config`` is the one at its start."""
        replace, config = msgspec.structs.replace, self.config
        return replace(
            config,
            serving=replace(config.serving, strategy=self.serving.serving_strategy),
            adaptation=replace(config.adaptation, accuracy_threshold=self.adaptation.accuracy_threshold),
        )

    # Life cycle.

    def begin(self, run_id: str, *, resume: bool, on_replay: Callable[[int, int], None] | None = None) -> None:
        """Start the run, or resume the one in the store: load a checkpoint, then replay the rest of the journal.

        The checkpoint is the newest one at least ``MIN_VERIFIED_STEPS`` steps before the end. So some steps are always replayed
        and compared with the stored ones, which shows that this program decides as the one that wrote them did.

        Parameters
        ----------
        run_id
            A name, which has no influence on decisions.
        resume
            Whether the store may contain the run already.
        on_replay
            Called with (steps replayed, steps to replay) after each block. It may raise an error to stop: nothing is written.

        Raises
        ------
        StoreError
            The store contains another run, or contains this one and ``resume`` is False.
        StateError
            A replayed step differs from the stored one, or the checkpoint has other components.
        """
        self.store.begin(run_identity(run_id, self.config, self.feed), resume)
        refused: list[str] = []
        checkpoint = load_newest(self.store, refused, self.store.head[0] - MIN_VERIFIED_STEPS)
        self.skipped_checkpoints = tuple(refused)
        self._tried = self.store.checkpointed
        first = 0
        if checkpoint is None:
            self.feed.seek(0)
        else:
            # First: it opens the sessions that callers feed by commands, whose state is restored below.
            if "learning" in checkpoint.states:
                self.learning.restore(checkpoint.states["learning"])
            components = self.components()
            if set(components) != set(checkpoint.states):
                raise StateError(
                    f"the checkpoint at step {checkpoint.seq} has other components than this program; "
                    "resume with the version that wrote it, or start a new store"
                )
            for name, component in components.items():
                if component is not self.learning:
                    component.restore(checkpoint.states[name])
            first = checkpoint.seq + 1
            if first > 0:
                # A command after the checkpoint has the time of the step before it.
                self.clock.advance_to(next(self.store.blocks(checkpoint.seq)).last_ts)
        self._steps = first
        steps = self.store.head[0] + 1 - first
        for done in self.replay(decoded_blocks(self.store, first), self.store.location):
            if on_replay is not None:
                on_replay(done - first, steps)
        self._begun = True

    def replay(
        self,
        blocks: Iterable[JournalBlock],
        location: str,
        stops: Iterable[int] = (),
        stored: StoredBlocks | None = None,
    ) -> Iterator[int]:
        """Replay stored blocks, the first of which contains the next step; yields how many steps the state contains.

        ``location`` names their store in errors; ``stored`` gives its blocks from the first on, where it is not the store of
        this system. ``stops`` and DifferenceError as in `alpha_pulse.engine.journal_replay.replay_blocks`.
        """
        if stored is not None:
            self.training.use(InlineTrainer(self.config, stored))
        verifier = ReplayVerifier(location)
        pipeline = self._pipeline(verifier, lambda _: None)
        for piece in replay_blocks(blocks, pipeline, verifier, self._steps, self.block_slices, stops):
            if piece.tables:
                self.feed.seek(self.feed.position + piece.steps)
            self._steps += piece.steps
            yield self._steps

    def step(self) -> bool:
        """Process the next slice of the feed; False at its end."""
        return self.advance(1) > 0

    def advance(self, slices: int) -> int:
        """Process the next ``slices`` slices in blocks; returns how many there were, fewer at the end of the feed.

        After an error the state is that of no step of the journal, so nothing goes on: later calls raise StateError. After
        NoSpaceError a later call goes on: the disk is full, so nothing of the newest block has left the process yet.
        """
        self.complete_block()
        done = 0
        while done < slices:
            checkpoint = self.config.store.checkpoint_steps
            room = min(slices - done, self.block_slices, checkpoint - self._steps % checkpoint)
            block = self.feed.next_block(room)
            if block is None:
                break
            self._in_step = self._broken = True
            try:
                self.pipeline.on_block(block)
                self._broken = False
            except NoSpaceError:
                self._broken = self.pipeline.held is None
                # The slices after the piece that found no space come again.
                self.feed.seek(self.feed.position - len(block) + self.store.head[0] + 1 - self._steps)
                raise
            finally:
                self._in_step = False
            done += len(block)
            self._steps += len(block)
            self._checkpoint_if_due()
        return done

    def complete_block(self) -> None:
        """Write the block that found no space on the disk, if there is one, and publish it. Raises as `advance` does."""
        self._check_between_steps()
        if self.pipeline.held is None:
            return
        self.store.flush()
        self._in_step = self._broken = True
        try:
            self.pipeline.publish_held()
            self._broken = False
        finally:
            self._in_step = False
        self._steps = self.store.head[0] + 1
        self._checkpoint_if_due()

    def _check_between_steps(self) -> None:
        """Raises ConflictError within a step, StateError after one that has failed: the state is that of no step."""
        if self._in_step:
            raise ConflictError("a step is in progress, and commands are journaled between two steps; call after it")
        if self._broken:
            raise StateError(
                "a step has failed, so the state is that of no step of the journal; make a new system and resume from its store"
            )

    def command(self, commands: list[Command]) -> None:
        """Apply validated commands as one step, durable after ``store.flush()``. After NoSpaceError they are applied too."""
        self.complete_block()
        self.pipeline.on_commands(commands)
        self._steps += 1
        self._checkpoint_if_due()

    def carry_out(self, *commands: Command) -> None:
        """See `alpha_pulse.learning.running_system.RunningSystem`: commands of services that users call directly."""
        if not self._begun:
            raise ConflictError("the run has not begun, so its journal cannot record a command yet; call begin first")
        self.check_slice_follows()
        self.command(list(commands))
        self.store.flush()

    def retrain(self) -> None:
        """Train all batch models on the labels so far, beside the schedule. Raises as `carry_out` does."""
        self.carry_out(Command("set", EVERY, setting=BEGIN))

    def now_ns(self) -> int:
        """Market time."""
        return self.clock.now_ns()

    def why_not_adapt(self, session_id: str) -> str:
        """See `alpha_pulse.learning.running_system.RunningSystem`."""
        if any(requested == session_id for requested, _ in self.learning.requests):
            return f"an adaptation of session {session_id} was requested already and begins with the next slice"
        if self.no_slice_follows:
            return f"the data have ended, so no slice follows with which an adaptation of session {session_id} could begin"
        return self.adaptation.why_not(session_id)

    def check_slice_follows(self) -> None:
        """Raises ConflictError when no slice follows on which a command could act."""
        if self.no_slice_follows:
            raise ConflictError("the data have ended, so no slice follows on which a command could act; start another run")

    @property
    def no_slice_follows(self) -> bool:
        """Whether the feed has ended."""
        return sum(state.bars for state in self.symbols.values()) >= self.feed.total_bars

    def _committed(self, block: JournalBlock) -> None:
        """Tell those who listen: of each prediction at its time, and of the block. Records are made only for predictions."""
        if "models" in block.rows:
            self._trained = block.first_seq + block.steps - 1
        if any(self.learning.listeners.values()):
            for step in BlockReader(block):
                self.clock.advance_to(step.ts_event)
                for prediction in step.record.predictions:
                    self.learning.publish(prediction)
        for listener in self.on_commit:
            self.clock.advance_to(block.last_ts)
            listener(block)

    def _checkpoint_if_due(self) -> None:
        every = self.config.store.checkpoint_steps
        unsaved = self._trained > self.store.checkpointed
        if self._steps % every == 0 or (unsaved and self._steps - self._tried > every // TRAINED_PART):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Write a checkpoint after the newest step. The store skips it if it finds no space."""
        self.complete_block()
        self._tried = self.store.head[0]
        write_checkpoint(self.store, self._tried, self.components())

    def checkpoint_if_useful(self) -> None:
        """Write a checkpoint, unless the newest one is less than ``MIN_VERIFIED_STEPS`` steps old.

        A run resumes only from a checkpoint that this many steps follow. If each of several short runs wrote one, they would
        replace the older ones, and the whole journal would have to be replayed.
        """
        self.store.flush()
        if self.store.head[0] - self.store.checkpointed >= MIN_VERIFIED_STEPS:
            self.checkpoint()
