"""START HERE. The loop: nine stages in one order, the same for replay, paper and live trading.

1. trade: resting orders meet the new bars; closed lots teach the trade-quality models and the agents' weights
2. learn: predictions that are due get their labels; each is scored as it was served, and learned
3. detect: errors, features and regimes are tested for change
4. adapt: alarms, decay and requests begin trials; trials end
5. extract: the features of the bars
6. serve: the predictions from them
7. decide: agents read the predictions and state directions
8. gate: each book's orders are sized, and pass the limits or are refused
9. record: the journal contains all of this; then it leaves the process

The order prevents look-ahead: a slice (the bars of one instant) first resolves earlier decisions, then the models learn from
that, and only then a new decision is made. Nothing leaves before stage 9, except that the simulated venue, which is part of
the process and the only one today, receives the orders of earlier slices of a block; a real one needs blocks of one.

Slices are processed in blocks; a slice that comes alone is a block of one. No decision can change stages 2 to 6, so they run
for each symbol over the whole block, several symbols at once, before the block's stage 1: the *learning pass*, see
`alpha_pulse.engine.symbol_state`. What shares cash, weights and limits (1, 7 and 8) runs slice by slice: the *decision
pass*. Neither looks past its row. Where Python has to act, a pass pauses at that row, and goes on there. The learning pass
keeps for each row what was served (`SymbolState.hand_on` gives it to `DecisionPass.load`); decisions read that and no model,
since the models are at the end of the block by then. Commands come between two blocks, as do trainings of batch models
(`alpha_pulse.engine.training.rounds`). Where an agent requests an adaptation, which begins with the next slice, the block is
cut after the agent's slice: all that the learning pass changed goes back to the start of the block, the pass is repeated up
to the cut, and the other slices are a new block. So the size of a block changes no result.

How a label reaches a model: `learn` runs each symbol's `TargetLoop` (`alpha_pulse.engine.target`), whose kernel
(`alpha_pulse.kernels.session.target`) computes the label at the bar on which it is due, and lets the model of that
prediction learn it. The label of a trade comes from its closed lot, in `alpha_pulse.engine.quality_pass`.
How an order is refused: `gate` (limits, stale data) or, at the price of its fill, `trade`. Both journal the reasons.
Where Python is called back, each at its own row: an agent within `DecisionPass.run`; a model of trade quality within
`QualityPass.process`; any other model, or a detector, within `TargetLoop.run`; an own feature or target in
`SymbolState.learn`. If one fails in the learning pass, nothing of its block is written; the next start resumes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.adaptation import AdaptiveModelManager
from alpha_pulse.core.clock import ReplayClock
from alpha_pulse.core.errors import NoSpaceError
from alpha_pulse.engine.block_record import BlockRecorder
from alpha_pulse.engine.decision_pass import DecisionPass
from alpha_pulse.engine.events import Events
from alpha_pulse.engine.learning_state import LearningState
from alpha_pulse.engine.quality_pass import QualityPass
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.engine.training.rounds import TrainingRounds
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.feedback import TradingFeedbackService
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import Journal, JournalBlock
from alpha_pulse.kernels.decisions.layout import DECIDE, RELEASE
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.online_learning_service import OnlineLearningService
from alpha_pulse.models.member_threads import member_threads
from alpha_pulse.serving import ModelServingService

Requests = list[tuple[str, str]]


@dataclass(eq=False)
class Pipeline:
    """Market data in, orders out, every outcome back. `on_block` is called with consecutive instants of market time."""

    clock: ReplayClock
    symbols: dict[str, SymbolState]
    learning: OnlineLearningService
    serving: ModelServingService
    execution: ExecutionService
    feedback: TradingFeedbackService
    adaptation: AdaptiveModelManager
    regimes: RegimeMonitor
    training: TrainingRounds
    quality: QualityPass
    decisions: DecisionPass
    learning_state: LearningState
    recorder: BlockRecorder
    journal: Journal
    committed: Callable[[JournalBlock], None]
    """Called with each block, once the journal contains it."""
    held: tuple[JournalBlock, bool] | None = field(default=None, init=False)
    """The block that found no space on the disk, and whether orders are released with it; see `publish_held`."""

    def on_block(self, block: BarBlock) -> None:
        """Process slices in order; the journal contains them before the last orders are released.

        A slice at which an agent requests an adaptation ends its block. The next block is at most as long, so requests at many
        slices cost little. Where a decision fails, the slices before it are committed first, as if each had been a block.
        Raises NoSpaceError when the disk is full: then call `publish_held` once the store has written the piece, and go on
        with the slices after it.
        """
        first, most = 0, len(block)
        while first < len(block):
            piece = block.part(first, min(first + most, len(block)))
            done = self.process(piece)
            first, most = first + done, done if done < len(piece) else 2 * done

    def process(self, block: BarBlock) -> int:
        """All stages, up to the next training or requested adaptation; returns how many slices that were."""
        requests, events = self.learning.take_requests(), Events()
        block = self.training.before(block, self.journal.next_seq, self.clock.now_ns(), events)
        if any(session_id == EVERY for session_id, _ in requests):
            self.adaptation.fire_at_once(int(block.times[0]))
        if len(block) > 1 and self.decisions.may_request:
            self.learning_state.keep()
        fires = self.learn(block, requests, events)
        try:
            self.decide(block, fires, requests, events)
        except Exception:
            with contextlib.suppress(NoSpaceError):
                self.write(block, self.decisions.slices_done(block), requests, events, release=False)
            raise
        done = self.decisions.slices
        if done < len(block):  # the learning pass is ahead; its events are known, and those after the cut are not recorded
            self.learning_state.restore()
            self.learn(block.part(0, done), requests, Events())
        self.learning.requests += self.decisions.requests
        self.write(block, done, requests, events, release=True)
        return done

    def on_commands(self, commands: list[Command]) -> None:
        """Apply users' commands as a step of their own, without a decision. Raises NoSpaceError as `on_block` does."""
        ts, moved = self.clock.now_ns(), []
        for command in commands:
            for service in (self.learning, self.feedback, self.adaptation, self.training):
                service.apply_command(command, ts)
            moved += self.serving.apply_command(command, ts)
        self._commit(self.recorder.commands(self.journal.next_seq, ts, commands, moved), release=False)

    def learn(self, block: BarBlock, requests: Requests, events: Events) -> NDArray[np.bool_]:
        """2 to 6 of all slices, symbol by symbol; returns with which slices the timer of adaptation fires."""
        fires = self.adaptation.timer_fires(block.times)
        others, states = self.regimes.others_of_rows(block), tuple(self.symbols.values())
        found = [Events() for _ in states]

        def learn_symbol(number: int) -> None:
            state = states[number]
            state.learn(block, others, fires, _own(requests, state.symbol), self.adaptation, found[number])

        # Threads share nothing that they change. What others wrote in Python may share something, so it gets no threads.
        rows = len(block.code) if all(state.compiled for state in states) else 0
        with member_threads(len(states), rows) as run_symbols:
            run_symbols(learn_symbol)
        for each in found:
            events.take(each)
        return fires

    def decide(self, block: BarBlock, fires: NDArray[np.bool_], requests: Requests, events: Events) -> None:
        """1, 7 and 8 of each slice in turn: orders trade and closed lots teach, agents decide, new orders pass the gate."""
        planned = self.quality.begin(block.times, fires, requests)

        def learn_from_trades(index: int) -> None:
            self.quality.process(index, self.decisions.result(index).outcomes, events)

        self.decisions.load(block, planned)
        self.decisions.run(DECIDE, learn_from_trades)

    def write(self, block: BarBlock, slices: int, requests: Requests, events: Events, *, release: bool) -> None:
        """9: one block of the journal contains all of the above, of the first ``slices`` slices.

        Only then do predictions reach their listeners, and with ``release`` the last orders the venue.
        """
        if slices:
            self._commit(self.recorder.slices(self.journal.next_seq, block, slices, events, requests), release=release)

    def publish_held(self) -> None:
        """Let out what belongs to the block that found no space, now that the journal contains it."""
        if self.held is not None:
            (block, release), self.held = self.held, None
            self._publish(block, release=release)

    def _commit(self, block: JournalBlock, *, release: bool) -> None:
        try:
            self.journal.append(block)
        except NoSpaceError:
            self.held = block, release
            self.clock.advance_to(block.last_ts)  # which the state has reached: ages are read from it meanwhile
            raise
        self._publish(block, release=release)

    def _publish(self, block: JournalBlock, *, release: bool) -> None:
        self.committed(block)
        self.clock.advance_to(block.last_ts)
        if release:
            self.decisions.run(RELEASE, lambda _: None)


def _own(requests: Requests, symbol: str) -> list[tuple[int, str, str]]:
    """The requests for a symbol's sessions, whose ids are ``symbol/target``: (number among all, target, drift type)."""
    split = [(number, *session_id.rpartition("/")[::2], drift_type) for number, (session_id, drift_type) in enumerate(requests)]
    return [(number, target, drift_type) for number, name, target, drift_type in split if name == symbol]
