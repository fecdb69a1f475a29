"""The compiled loop of one target against its slow twin: labels, scores, what is served, and all state, bit for bit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import NonFiniteError, SessionError
from alpha_pulse.core.types import Prediction
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.models.linear import Logistic
from learning_samples import poison
from naive_target import NaiveResolved, NaiveTarget
from target_samples import (
    CAPACITY,
    TRAIN_BARS,
    BarInput,
    Called,
    Resolved,
    Served,
    Setting,
    TargetRun,
    bar,
    closes,
    load_rows,
    vector,
)

ACTIONS = ("", "", "", "", "", "", "faster", "forget", "end", "end", "poison", "poison control", "resume")


class Step(NamedTuple):
    """What happens at one bar."""

    move: float = 0.01
    opens: float = 0.0
    late: int = 0
    served: bool = True
    median: float = 0.01
    realised: float = 0.012
    action: str = ""


steps = st.lists(
    st.builds(
        Step,
        move=st.sampled_from([-0.03, -0.01, 0.0, 0.0, 0.0004, 0.01, 0.02]),
        opens=st.sampled_from([-0.002, 0.0, 0.003]),
        late=st.sampled_from([0, 0, 0, 0, 0, 0, 1, 4]),
        served=st.sampled_from([True, True, True, False]),
        median=st.sampled_from([0.0, 0.01, 0.01, 0.02]),
        realised=st.sampled_from([0.0, 0.005, 0.01, 0.015, 0.03]),
        action=st.sampled_from(ACTIONS),
    ),
    min_size=1,
    max_size=110,
)
made_of = st.builds(
    Setting,
    target=st.sampled_from(["direction", "volatility"]),
    model=st.sampled_from(["logistic", "market_default"]),
    horizon=st.integers(1, 5),
    tolerance=st.sampled_from([None, None, 1, 2]),
    entry=st.sampled_from(["close", "next_open"]),
    min_move_bps=st.sampled_from([0.0, 5.0]),
    calibration=st.sampled_from(["platt", "platt", "beta", "isotonic"]),
    strategy=st.sampled_from(["ensemble", "champion_challenger"]),
    batch=st.booleans(),
    n_features=st.integers(1, 4),
    called=st.booleans(),
    train_bars=st.just(TRAIN_BARS),
    symbol=st.just("X"),
    detector=st.sampled_from(["adwin", "page_hinkley"]),
    drift_threshold=st.just(0.5),
)


def inputs(steps: list[Step], n_features: int, seed: int) -> Iterator[BarInput]:
    generator, close, late = np.random.default_rng(seed), 100.0, 0
    for number, step in enumerate(steps):
        opens = close * (1.0 + step.opens)
        close *= 1.0 + step.move
        late += step.late
        made = bar(number, close, opens, late)
        values = generator.normal(size=n_features) + 20.0 * step.move
        yield BarInput(made, step.realised, vector(values, made.ts_event) if step.served else None, step.median)


def inner(model: OnlineModel) -> OnlineModel:
    return model.inner if isinstance(model, Called) else model


def act(action: str, run: TargetRun | NaiveTarget) -> None:
    session = run.session
    if action in ("faster", "forget") and not session.in_trial:
        run.begin_trial(4.0 if action == "faster" else None)
    if action == "end" and session.in_trial:
        session.end_trial()
    if action == "poison":
        poison(inner(session.model))
    if action == "poison control" and session.trial is not None:
        poison(inner(session.trial.control))


def text(struct: object) -> str:
    """Every digit of every number."""
    return msgspec.json.encode(struct).decode()


def shown(resolved: Resolved | NaiveResolved) -> str:
    scored = resolved.scored
    if scored is None:
        return text((resolved.label, resolved.expired))
    example = [getattr(scored.example, name) for name in ("prediction_id", "label", "label_ts", "weight")]
    return text((resolved.label, resolved.expired, example, scored.values, scored.trial))


def differing(run: TargetRun, twin: NaiveTarget | TargetRun) -> list[str]:
    """The parts of the state that differ; their bytes would be no help."""
    state, expected = run.state(), twin.state()
    assert list(state) == list(expected)
    return [name for name, value in state.items() if value != expected[name]]


def divided(count: int, sizes: list[int], ends: set[int]) -> Iterator[range]:
    """Rows 0 to ``count``, in blocks of ``sizes`` in turn; a block also ends with each row of ``ends``."""
    first = 0
    for size in itertools.cycle(sizes):
        last = min([first + size, count, *(end + 1 for end in ends if end >= first)])
        if first < last:
            yield range(first, last)
        first = last
        if first == count:
            return


class TwinRow(NamedTuple):
    """What the twin gave at a row."""

    resolved: NaiveResolved
    prediction: Prediction | None
    forecast: float
    threshold: float


def one_by_one(twin: NaiveTarget, given: BarInput, action: str) -> TwinRow:
    resolved = twin.resolve(given)
    act(action, twin)
    prediction = twin.serve(given)
    return TwinRow(resolved, prediction, twin.forecast, twin.threshold_at_serving)


def all_shown(row: Served | TwinRow) -> tuple[str, ...]:
    return shown(row.resolved), text(row.prediction), repr((row.forecast, row.threshold))


def between(run: TargetRun, steps: list[Step]) -> dict[int, Callable[[], None]]:
    return {row: partial(act, step.action, run) for row, step in enumerate(steps) if step.action}


def compare(setting: Setting, steps: list[Step], sizes: list[int], seed: int = 1) -> tuple[TargetRun, NaiveTarget]:
    """Run the loop in blocks of these sizes and the twin row by row; the whole state is compared after each block."""
    run, twin = TargetRun.of(setting), NaiveTarget(setting)
    rows = list(inputs(steps, setting.n_features, seed))
    resumes = {number for number, step in enumerate(steps) if step.action == "resume"}
    for block in divided(len(rows), sizes, resumes | {TRAIN_BARS - 1}):
        mine = slice(block.start, block.stop)
        found = run.block(rows[mine], between(run, steps[mine]))
        expected = [one_by_one(twin, rows[number], steps[number].action) for number in block]
        assert [all_shown(one) for one in found] == [all_shown(one) for one in expected]
        assert differing(run, twin) == []
        if block[-1] in resumes:
            run = run.resumed(setting)
    return run, twin


block_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(setting=made_of, steps=steps, sizes=block_sizes, seed=st.integers(0, 9))
def test_the_compiled_loop_in_any_blocks_is_equal_to_its_twin(
    setting: Setting, steps: list[Step], sizes: list[int], seed: int
) -> None:
    compare(setting, steps, sizes, seed)


def many_steps(count: int, seed: int, actions: dict[int, str]) -> list[Step]:
    generator = np.random.default_rng(seed)
    moves = generator.choice([-0.02, -0.01, 0.01, 0.02], size=count)
    realised = generator.choice([0.004, 0.012, 0.02], size=count)
    return [
        Step(float(move), realised=float(value), action=actions.get(number, ""))
        for number, (move, value) in enumerate(zip(moves, realised, strict=True))
    ]


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("target", ["direction", "volatility"])
def test_through_thresholds_health_checks_and_trials_of_full_length(target: str, called: bool) -> None:
    actions = {200: "faster", 320: "end", 499: "resume", 1_004: "resume", 1_050: "forget", 1_300: "end", 1_400: "poison"}
    setting = Setting(target, "market_default", 4, calibration="beta", batch=True, called=called)
    run, _ = compare(setting, many_steps(1_450, 3, actions), sizes=[97, 1, 128, 40])
    assert run.mix.threshold is not None
    assert run.session.quarantines == 1
    assert run.batch is not None
    assert run.batch.ready is not None


@pytest.mark.parametrize("sizes", [[1], [7], [128], [3, 90]])
@pytest.mark.parametrize("detector", ["adwin", "page_hinkley"])
def test_alarms_of_a_block_are_those_of_its_rows(detector: str, sizes: list[int]) -> None:
    """Features that meant a rise mean a fall from row 400 on. One detector lies in arrays, the other is called back."""
    setting = Setting(horizon=1, detector=detector)
    moves = np.random.default_rng(8).choice([-0.02, 0.02], size=700)
    steps = [Step(float(move)) for move in moves]
    run, twin = TargetRun.of(setting), NaiveTarget(setting)
    rows = list(inputs(steps, 3, 1))
    for number, (row, move) in enumerate(zip(rows, np.append(moves[1:], 0.02), strict=True)):
        assert row.features is not None
        row.features.values[0] = np.sign(move) * (1.0 if number < 400 else -1.0)
    for block in divided(len(rows), sizes, set()):
        found = run.block(rows[block.start : block.stop])
        expected = [one_by_one(twin, rows[number], "") for number in block]
        assert [all_shown(one) for one in found] == [all_shown(one) for one in expected]
    assert differing(run, twin) == []
    assert {alarm.detector for alarm in run.alarms if alarm.monitored == "errors"} == {detector}


@pytest.mark.parametrize("size", [1, 50, 128])
def test_an_unhealthy_model_is_found_after_1000_labels_although_it_still_predicts(size: int) -> None:
    setting = Setting(horizon=1)
    run, twin = TargetRun.of(setting), NaiveTarget(setting)
    rows = list(inputs(many_steps(1_100, 5, {}), setting.n_features, 1))
    ill = 900

    def fall_ill(each: TargetRun | NaiveTarget) -> None:
        saved = each.session.model.snapshot()
        saved.arrays["state"][-1] = math.nan
        each.session.model.restore(saved)
        assert not each.session.model.healthy()

    for block in divided(len(rows), [size], set()):
        acts = {ill - block.start: partial(fall_ill, run)} if ill in block else {}
        found = run.block(rows[block.start : block.stop], acts)
        for number, one in zip(block, found, strict=True):
            assert shown(one.resolved) == shown(twin.resolve(rows[number]))
            if number == ill:
                fall_ill(twin)
            assert text(one.prediction) == text(twin.serve(rows[number]))
    assert differing(run, twin) == []
    assert run.session.quarantines >= 1
    assert run.session.model.healthy()


@pytest.mark.parametrize("target", ["direction", "volatility"])
@pytest.mark.parametrize("model", ["logistic", "market_default"])
def test_a_model_that_is_called_back_gives_what_its_kernels_give(model: str, target: str) -> None:
    setting = Setting(target, model, 2, batch=True)
    steps = many_steps(300, 7, {60: "faster", 140: "end", 180: "poison", 210: "forget"})
    rows = list(inputs(steps, setting.n_features, 2))
    compiled, called = TargetRun.of(setting), TargetRun.of(setting._replace(called=True))
    for block in divided(len(rows), [30, 1, 71], set()):
        mine = slice(block.start, block.stop)
        one, other = (run.block(rows[mine], between(run, steps[mine])) for run in (compiled, called))
        assert [all_shown(row) for row in one] == [all_shown(row) for row in other]
    assert differing(compiled, called) == []


def test_a_bar_that_was_left_out_is_an_error_not_a_wrong_label() -> None:
    run = TargetRun.of(Setting(horizon=2))
    rows = list(inputs([Step()] * 4, 3, 1))
    run.step(rows[0])
    run.bars += 2
    with pytest.raises(SessionError, match="prediction 'X/direction/0' of direction was due at bar 3, but bar 4 came"):
        run.step(rows[3])


def test_a_block_pauses_before_rows_and_after_all() -> None:
    """At a pause all rows before it are served, and none after it is learned from."""
    run = TargetRun.of(Setting(horizon=1))
    load_rows(run.rows, list(inputs([Step()] * 4, 3, 1)), 0)
    seen: list[tuple[int, int]] = []
    run.loop.run(lambda _: None, [0, 2, 2, 4], lambda place: seen.append((place, run.loop.ring.counts.predictions)))
    assert seen == [(0, 0), (1, 2), (2, 2), (3, 4)]
    assert run.session.labels_used == 3


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_features_that_are_not_finite_are_refused(bad: float, called: bool) -> None:
    run = TargetRun.of(Setting(called=called))
    row = next(inputs([Step()], 3, 1))
    assert row.features is not None
    row.features.values[1] = bad
    with pytest.raises(NonFiniteError, match="the features of prediction 'X/direction/0' are not finite; mask missing values"):
        run.step(row)
    assert len(run.loop.ring) == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_realised_volatility_that_is_not_finite_is_refused(bad: float) -> None:
    run = TargetRun.of(Setting("volatility", horizon=1))
    first, second = inputs([Step()] * 2, 3, 1)
    run.step(first)
    with pytest.raises(NonFiniteError, match=r"a realised volatility is .* times its median"):
        run.step(second._replace(realised=bad))


def test_a_target_uses_the_first_part_of_the_features() -> None:
    wide, narrow = TargetRun.of(Setting()), TargetRun.of(Setting())
    wide.rows.arrays["features"] = np.zeros((CAPACITY, 5))
    wide.loop._table.put("features", wide.rows.arrays["features"])
    for row in inputs(many_steps(40, 1, {}), 3, 1):
        assert row.features is not None
        narrow.step(row)
        values = np.append(row.features.values, [99.0, math.nan])
        more = row._replace(features=msgspec.structs.replace(row.features, values=values))
        wide.step(more)
    assert differing(wide, narrow) == []


def test_an_override_in_python_takes_the_place_of_the_kernels_that_it_inherits() -> None:
    class Halved(Logistic):
        def predict(self, features: Row, outputs: Row) -> float:
            return 0.5 * super().predict(features, outputs)

    run = TargetRun.of(Setting())
    run.session.model = Halved(3)
    served = run.step(next(inputs([Step()], 3, 1))).prediction
    assert served is not None
    assert served.members[0].probability == 0.25


def test_closes_give_the_labels_that_they_were_made_for() -> None:
    labels = [1, 0, 0, 1, 1, 0, 1]
    run = TargetRun.of(Setting(horizon=2))
    found = []
    for number, close in enumerate(closes(labels, 2)):
        made = bar(number, close)
        resolved = run.step(BarInput(made, 0.0, vector(np.ones(3), made.ts_event), 0.0)).resolved
        found += [] if resolved.label is None else [resolved.label.label]
    assert found == labels


def test_settings_of_the_layout_do_not_overlap() -> None:
    assert layout.SCORED_ROW + 2 * (layout.SERVED_ROW - layout.SCORED_ROW) == layout.VALUE_COLUMNS
    assert len(set(layout.TABLE)) == len(layout.TABLE)
