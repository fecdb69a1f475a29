"""A classifier of River in the loop: it serves and learns, every run of it is the same, and a resumed one goes on alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import linear_model

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StateError, UnknownNameError
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import planted_signal
from alpha_pulse.integrations import retrained, river
from alpha_pulse.learning.caller_input import LabelledRow
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.stores import open_store
from flow.runs import LEAN, Done, begun, finished, run

SCALED = "river:preprocessing.StandardScaler | linear_model.LogisticRegression(l2=0.001)"
TREE = "river:tree.HoeffdingTreeClassifier(grace_period=50)"
SETTINGS = {
    **LEAN,
    "learning.model": SCALED,
    "adaptation.drift_threshold": 0.3,
    "adaptation.boost_labels": 150,
    "adaptation.cooldown_labels": 50,
}


def feed(bars: int = 1_500) -> ReplayFeed:
    return planted_signal(bars, 11, [700] if bars > 700 else [], strength=0.8)


@pytest.fixture(scope="module")
def whole() -> Done:
    return run(feed(), SETTINGS)


def test_it_serves_and_learns(whole: Done) -> None:
    session = whole.system.learning.session("SYN", "direction")
    assert isinstance(session.model, river.RiverModel)
    assert session.labels_used > 1_300
    assert session.quarantines == 0
    members = [member for prediction in whole.predictions for member in prediction.members if member.source == "online"]
    assert {member.model_id for member in members} == {SCALED}
    assert len(members) == len(whole.predictions)
    scored = metrics.whole_run(session.scores)
    assert scored["online"].log_loss < scored["base"].log_loss - 0.005


def test_two_runs_are_equal(whole: Done) -> None:
    again = run(feed(), SETTINGS)
    assert again.hashes == whole.hashes
    assert again.steps == whole.steps


def resumed(path: str, settings: dict[str, object] = SETTINGS) -> Done:
    store = open_store(path, StoreConfig())
    try:
        return finished(begun(feed(), settings, store, resume=True))
    finally:
        store.close()


def stopped(path: str, steps: int, settings: dict[str, object] = SETTINGS) -> None:
    store = open_store(path, StoreConfig())
    system = begun(feed(), {**settings, "store.checkpoint_steps": 200}, store)
    for _ in range(steps):
        system.step()
    store.close()


@pytest.mark.parametrize("steps", [90, 1_010, 1_333])
def test_a_resumed_run_goes_on_alike(whole: Done, tmp_path: Path, steps: int) -> None:
    path = str(tmp_path / "run.db")
    stopped(path, steps)
    done = resumed(path)
    assert done.hashes == whole.hashes
    assert done.steps == whole.steps


def test_from_any_checkpoint_also_in_a_trial_and_after_examples_were_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(river.RiverModel.__init__, "__kwdefaults__", {"remembered": 300})
    settings = {**SETTINGS, "learning.model": TREE, "store.checkpoint_steps": 130, "store.keep_checkpoints": 100}
    whole = run(feed(), settings)
    taken = list(whole.system.store.checkpoints())
    nested = [read_checkpoint(blob)[0]["session/SYN/direction"].scalars["nested"] for _, blob in taken]
    in_trial = [place for place, states in enumerate(nested) if "trial" in states]
    assert in_trial, "no checkpoint was taken during a trial: the test must cover one"
    assert max(states["model"]["count"] for states in nested) <= 300
    for place in {0, in_trial[0], len(taken) // 2, len(taken) - 1}:
        seq, blob = taken[place]
        states, _ = read_checkpoint(blob)
        system = begun(feed(), settings)
        for name, component in system.components().items():
            component.restore(states[name])
        done = finished(system)
        assert done.steps == whole.steps[seq + 1 :]
        assert done.state == whole.state


def test_an_error_of_river_leaves_it_out_with_the_reason_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    learn_one: Any = linear_model.LogisticRegression.learn_one
    asked: Any = linear_model.LogisticRegression.predict_proba_one

    def stumbling(self: Any, x: dict[str, float], y: bool, w: float = 1.0) -> None:
        if 0.3 < x["f0"] < 0.31:
            raise ZeroDivisionError("at one row")
        learn_one(self, x, y, w)

    def mute(self: Any, x: dict[str, float]) -> Any:
        if x["f0"] > 2.5:
            raise KeyError("f0")
        return asked(self, x)

    monkeypatch.setattr(linear_model.LogisticRegression, "learn_one", stumbling)
    monkeypatch.setattr(linear_model.LogisticRegression, "predict_proba_one", mute)
    done = run(feed(), SETTINGS)
    session = done.system.learning.session("SYN", "direction")
    reasons = [missing.reason for prediction in done.predictions for missing in prediction.missing]
    assert "River could not learn: ZeroDivisionError: at one row" in reasons
    assert "River could not predict: KeyError: 'f0'" in reasons
    assert len(reasons) < 0.6 * len(done.predictions)
    assert session.quarantines == 0
    assert all(prediction.quarantined for prediction in done.predictions if prediction.missing)
    path = str(tmp_path / "run.db")
    stopped(path, 1_010)
    assert resumed(path).steps == done.steps


def test_a_run_that_another_river_made_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = str(tmp_path / "run.db")
    stopped(path, 450)
    monkeypatch.setattr(retrained, "version", lambda package: "0.1.0")
    with pytest.raises(StateError, match=r"install river==.* to resume, or begin a new run"):
        resumed(path)


def test_an_unknown_path_is_refused_before_anything_runs() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'LogisticRegression'"):
        begun(feed(50), {**LEAN, "learning.model": "river:linear_model.LogisticRegresion"})


def test_a_session_that_its_caller_feeds_can_be_of_river() -> None:
    system = run(feed(60), LEAN).system

    async def feed_it() -> tuple[str, list[float]]:
        session_id = await system.learning.start_session("SYN", TREE, {"target": "mine"})
        width = system.learning.session("SYN", "mine").spec.n_features
        rng = np.random.default_rng(1)
        examples = [LabelledRow(row, int(row[0] > 0.0)) for row in rng.standard_normal((400, width))]
        return session_id, await system.learning.process_batch(session_id, examples)

    session_id, said = asyncio.run(feed_it())
    assert session_id == "SYN/mine"
    assert said[0] == 0.5
    assert np.std(said[200:]) > 0.05
