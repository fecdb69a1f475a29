"""The compiled loop of one target against its slow twin: labels, scores, what is served, and all state, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import NonFiniteError, SessionError
from alpha_pulse.engine.target import Resolved
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.models.linear import Logistic
from learning_samples import poison
from naive_target import NaiveResolved, NaiveTarget
from target_samples import BarInput, Called, Setting, TargetRun, bar, closes, vector

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
    train_bars=st.just(40),
    symbol=st.just("X"),
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


def compare(setting: Setting, steps: list[Step], seed: int = 1, every: int = 1) -> tuple[TargetRun, NaiveTarget]:
    """Run both; the whole state is compared at each ``every``-th row."""
    run, twin = TargetRun.of(setting), NaiveTarget(setting)
    for number, (step, row) in enumerate(zip(steps, inputs(steps, setting.n_features, seed), strict=True)):
        assert shown(run.resolve(row)) == shown(twin.resolve(row))
        for each in (run, twin):
            act(step.action, each)
        assert text(run.serve(row)) == text(twin.serve(row))
        if number % every == 0:
            assert differing(run, twin) == []
        if step.action == "resume":
            run = run.resumed(setting)
    return run, twin


@settings(max_examples=100, deadline=None)
@given(setting=made_of, steps=steps, seed=st.integers(0, 9))
def test_the_compiled_loop_is_equal_to_its_twin(setting: Setting, steps: list[Step], seed: int) -> None:
    compare(setting, steps, seed)


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
    run, twin = compare(setting, many_steps(1_450, 3, actions), every=97)
    assert differing(run, twin) == []
    assert run.mix.threshold is not None
    assert run.session.quarantines == 1
    assert run.batch is not None
    assert run.batch.ready is not None


def test_an_unhealthy_model_is_found_after_1000_labels_although_it_still_predicts() -> None:
    setting = Setting(horizon=1)
    run, twin = TargetRun.of(setting), NaiveTarget(setting)
    ill = 900
    for number, row in enumerate(inputs(many_steps(1_100, 5, {}), setting.n_features, 1)):
        assert shown(run.resolve(row)) == shown(twin.resolve(row))
        if number == ill:
            for session in (run.session, twin.session):
                saved = session.model.snapshot()
                saved.arrays["state"][-1] = math.nan
                session.model.restore(saved)
                assert not session.model.healthy()
        assert text(run.serve(row)) == text(twin.serve(row))
    assert differing(run, twin) == []
    assert run.session.quarantines >= 1
    assert run.session.model.healthy()


@pytest.mark.parametrize("target", ["direction", "volatility"])
@pytest.mark.parametrize("model", ["logistic", "market_default"])
def test_a_model_that_is_called_back_gives_what_its_kernels_give(model: str, target: str) -> None:
    setting = Setting(target, model, 2, batch=True)
    rows = many_steps(300, 7, {60: "faster", 140: "end", 180: "poison", 210: "forget"})
    compiled, called = TargetRun.of(setting), TargetRun.of(setting._replace(called=True))
    for step, row in zip(rows, inputs(rows, setting.n_features, 2), strict=True):
        outcomes = [shown(run.resolve(row)) for run in (compiled, called)]
        assert outcomes[0] == outcomes[1]
        for each in (compiled, called):
            act(step.action, each)
        assert text(compiled.serve(row)) == text(called.serve(row))
    assert differing(compiled, called) == []


def test_a_bar_that_was_left_out_is_an_error_not_a_wrong_label() -> None:
    run = TargetRun.of(Setting(horizon=2))
    rows = list(inputs([Step()] * 4, 3, 1))
    run.step(rows[0])
    run.bars += 2
    with pytest.raises(SessionError, match="prediction 'X/direction/0' of direction was due at bar 3, but bar 4 came"):
        run.resolve(rows[3])


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
    rows = list(inputs(many_steps(40, 1, {}), 3, 1))
    for row in rows:
        assert row.features is not None
        narrow.step(row)
        values = np.append(row.features.values, [99.0, math.nan])
        more = row._replace(features=msgspec.structs.replace(row.features, values=values))
        wide.rows.features = np.zeros((1, 5)) if wide.bars == 0 else wide.rows.features
        wide.loop._table.put("features", wide.rows.features)
        wide.step(more)
    assert differing(wide, narrow) == []


def test_an_override_in_python_takes_the_place_of_the_kernels_that_it_inherits() -> None:
    class Halved(Logistic):
        def predict(self, features: Row, outputs: Row) -> float:
            return 0.5 * super().predict(features, outputs)

    run = TargetRun.of(Setting())
    run.session.model = Halved(3)
    _, served = run.step(next(inputs([Step()], 3, 1)))
    assert served is not None
    assert served.members[0].probability == 0.25


def test_closes_give_the_labels_that_they_were_made_for() -> None:
    labels = [1, 0, 0, 1, 1, 0, 1]
    run = TargetRun.of(Setting(horizon=2))
    found = []
    for number, close in enumerate(closes(labels, 2)):
        made = bar(number, close)
        resolved, _ = run.step(BarInput(made, 0.0, vector(np.ones(3), made.ts_event), 0.0))
        found += [] if resolved.label is None else [resolved.label.label]
    assert found == labels


def test_settings_of_the_layout_do_not_overlap() -> None:
    assert layout.SCORED_ROW + 2 * (layout.SERVED_ROW - layout.SCORED_ROW) == layout.VALUE_COLUMNS
    assert len(set(layout.TABLE)) == len(layout.TABLE)
