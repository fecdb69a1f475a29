from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.config import BatchConfig
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.core.types import Bar
from alpha_pulse.engine.events import Events
from alpha_pulse.engine.training.rounds import BEGIN, POSTPONE, REFUSE, TrainingRounds
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import RowCollector
from alpha_pulse.journal.rows import from_row
from alpha_pulse.learning.commands import EVERY, Command
from alpha_pulse.learning.training import BatchMember, Examples, ModelReady, Trained, train
from alpha_pulse.models.gbm import LightGBM
from learning_samples import START_NS, STEP_NS, stream

FIRST = 1_500
ROWS, LABELS = stream(60, 2, seed=1)


class Called:
    """Trains on as many examples as the round has steps before it, at most 60, and notes when it was called."""

    def __init__(self, absent: int = -1) -> None:
        self.begun: list[int] = []
        self.taken: list[int] = []
        self.absent = absent

    def begin(self, end: int) -> None:
        self.begun.append(end)

    def take(self, end: int) -> dict[str, Trained]:
        self.taken.append(end)
        n = 20 + end % 40
        return {} if end == self.absent else {"X/direction": train(model(), Examples(ROWS[:n], LABELS[:n], np.ones(n)))}


def model() -> LightGBM:
    return LightGBM(2, trees=2)


def time_of(slice_: int) -> int:
    return START_NS + (slice_ + 1) * STEP_NS


def bars(first: int, last: int) -> BarBlock:
    slices = [(Bar("X", time_of(each), STEP_NS, 1.0, 1.0, 1.0, 1.0, seq=each),) for each in range(first, last)]
    return BarBlock.of(slices, ("X",))


class Run:
    """Slices in blocks, cut as the pipeline cuts them; each step is one slice, after ``commands`` others."""

    def __init__(self, trainer: Called, commands: int = 0, **settings: Any) -> None:
        self.member = BatchMember("X/direction", "lightgbm", 2, model, FIRST)
        config = msgspec.structs.replace(BatchConfig(), train_bars=FIRST, **settings)
        self.rounds = TrainingRounds(config, {(0, 1): self.member}, trainer)
        self.trainer = trainer
        self.commands = commands
        self.slice = 0
        self.models: dict[int, ModelReady] = {}

    def advance(self, to: int, size: int = 10_000) -> None:
        while self.slice < to:
            block = bars(self.slice, min(to, self.slice + size))
            events, into = Events(), RowCollector()
            done = self.rounds.before(block, self.slice + self.commands, time_of(self.slice - 1), events)
            events.put(self.slice, 1, into)
            for row in into.rows.get("models", ()):
                self.models[int(row[0] or 0)] = from_row("models", row)
            self.slice += len(done)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_each_round_takes_place_at_twice_the_slices_of_the_one_before(size: int) -> None:
    run = Run(Called(), retrain_bars=None, ready_delay_bars=50)
    run.advance(8_000, size)
    assert run.trainer.begun == run.trainer.taken == [1_500, 3_000, 6_000]
    assert list(run.models) == [1_550, 3_050, 6_050]
    for slice_, ready in run.models.items():
        assert (ready.trained_ts, ready.ready_ts) == (time_of(slice_ - 51), time_of(slice_))
    assert run.rounds.completed == 3


def test_a_fixed_distance_and_none() -> None:
    fixed, once = Run(Called(), retrain_bars=400, ready_delay_bars=0), Run(Called(), retrain_bars=0)
    for run in (fixed, once):
        run.advance(3_000, 512)
    assert list(fixed.models) == fixed.trainer.begun == [1_500, 1_900, 2_300, 2_700]
    assert once.trainer.begun == [1_500]


def test_the_training_set_ends_before_the_step_of_the_slice() -> None:
    run = Run(Called(), commands=3)
    run.advance(1_501)
    assert run.trainer.begun == [1_503]


@pytest.mark.parametrize(("bars_", "seconds", "first"), [(5, 0.0, 1_505), (0, 7.5, 1_507), (9, 7.5, 1_509), (0, 7.0, 1_506)])
def test_both_delays_pass_before_a_model_predicts(bars_: int, seconds: float, first: int) -> None:
    run = Run(Called(), ready_delay_bars=bars_, ready_delay_s=seconds * STEP_NS / 1e9)
    run.advance(1_600)
    assert list(run.models) == [first]


def test_a_round_that_is_due_during_another_follows_it() -> None:
    run = Run(Called(), retrain_bars=10, ready_delay_bars=25)
    run.advance(1_560)
    assert run.trainer.begun == [1_500, 1_525, 1_550]
    assert list(run.models) == [1_525, 1_550]


def test_a_session_with_too_few_examples_keeps_what_it_has() -> None:
    run = Run(Called(absent=1_600), retrain_bars=100, ready_delay_bars=0)
    run.advance(1_650)
    (ready,) = run.models.values()
    assert run.member.ready == ready
    run.advance(1_750)
    assert run.member.ready != ready


@pytest.mark.parametrize("at", [1_400, 1_500, 1_520, 1_550, 1_650])
def test_a_restored_schedule_goes_on_alike(at: int) -> None:
    run, twin = (Run(Called(), retrain_bars=100, ready_delay_bars=40) for _ in range(2))
    run.advance(at)
    blob = pack({"rounds": run.rounds.snapshot(), "member": run.member.snapshot()})
    states, _ = unpack(blob)
    twin.rounds.restore(states["rounds"])
    twin.member.restore(states["member"])
    twin.slice = at
    in_progress = [] if run.rounds.round is None else [run.rounds.round.end]
    assert twin.trainer.begun == in_progress
    before = len(run.models)
    for each in (run, twin):
        each.advance(1_900, 70)
    assert list(twin.models.items()) == list(run.models.items())[before:]
    assert pack({"rounds": run.rounds.snapshot()}) == pack({"rounds": twin.rounds.snapshot()})


def test_without_members_nothing_is_trained() -> None:
    rounds = TrainingRounds(BatchConfig(), {}, Called())
    assert len(rounds.before(bars(0, 3_000), 0, 0, Events())) == 3_000


def command(setting: str, value: str | float | None = None) -> Command:
    return Command("set", EVERY, setting=setting, value=value)


def test_a_requested_round_takes_place_before_the_next_slice_and_leaves_the_schedule_alone() -> None:
    run = Run(Called(), retrain_bars=None, ready_delay_bars=10)
    run.advance(700)
    run.rounds.apply_command(command(BEGIN), time_of(699))
    run.advance(3_100)
    assert run.trainer.begun == [700, 1_500, 3_000]
    assert list(run.models) == [710, 1_510, 3_010]


def test_a_round_that_is_requested_during_another_follows_it() -> None:
    run = Run(Called(), retrain_bars=0, ready_delay_bars=10)
    run.advance(1_505)
    run.rounds.apply_command(command(BEGIN), time_of(1_504))
    run.advance(1_600)
    assert run.trainer.begun == [1_500, 1_510]


def test_a_postponed_round_completes_later_and_a_refused_one_never() -> None:
    run = Run(Called(), retrain_bars=100, ready_delay_bars=10)
    run.advance(1_509)
    run.rounds.apply_command(command(POSTPONE, 1_530.0), time_of(1_508))
    run.advance(1_605)
    assert list(run.models) == [1_530]
    run.rounds.apply_command(command(REFUSE, "it failed"), time_of(1_604))
    assert run.member.status.refused == "it failed"
    assert run.member.ready == run.models[1_530]
    run.advance(1_720)
    assert list(run.models) == [1_530, 1_710]
    assert run.member.status.refused == ""
