"""Challengers predict, learn and are scored beside the online model, however a run is divided, and whatever fails."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.errors import ConfigError, UnknownNameError
from alpha_pulse.engine.system import System
from alpha_pulse.journal.export.frames import tables
from alpha_pulse.kernels.session.member_layout import REST_BARS
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.stores.base import Store
from flow.runs import LEAN, Done, assert_equal, begun, divided, restless, run

BARS = 1_200
SETTINGS: dict[str, Any] = {
    **LEAN,
    "serving.challengers": {
        "fast": {"model": "sgd", "parameters": {"rate": 0.05}},
        "tree": {"model": "hoeffding_tree", "targets": ["direction"]},
        "called": {"model": "failing"},
    },
    "adaptation.drift_threshold": 0.5,
    "adaptation.boost_labels": 40,
    "adaptation.cooldown_labels": 20,
    "store.checkpoint_steps": 170,
}


class Failing(Logistic):
    """Called back, since it overrides `predict`. At rare features it raises an error, has no probability, or cannot learn."""

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1), or trouble."""
        if features[0] > 2.5:
            raise ValueError("no idea")
        return math.nan if features[1] > 2.5 else super().predict(features, outputs)

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Learn, or trouble."""
        if features[0] < -2.5:
            raise ValueError("no")
        super().learn(features, label, weight, outputs)


@pytest.fixture(autouse=True)
def _failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ONLINE, "failing", "flow.test_challengers:Failing")


def begin(store: Store) -> System:
    return begun(restless(BARS), SETTINGS, store, resume=True)


@cache
def whole() -> Done:
    """The run slice by slice."""
    return divided(begin, {}, [1])


@pytest.mark.parametrize(
    ("sizes", "stops"), [([512], frozenset[int]()), ([7], frozenset[int]()), ([300, 41], frozenset({333, 900}))]
)
def test_any_division_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    assert_equal(divided(begin, {}, sizes, stops), whole())


def test_a_challenger_is_the_same_model_as_alone() -> None:
    alone = run(restless(BARS), {**LEAN, "learning.model": "hoeffding_tree", "adaptation.enabled": False}, sizes=[512])
    online = [each.probability for one in alone.predictions for each in one.members if each.source == "online"]
    beside = [each.probability for one in whole().predictions for each in one.members if each.model_id == "tree"]
    of_direction = [one for one in alone.predictions if one.target == "direction"]
    tree = [each.probability for one in of_direction for each in one.members if each.source == "online"]
    assert len(online) > len(tree) == len(beside) > 1_000
    assert beside == tree


def test_all_members_serve_together() -> None:
    for prediction in whole().predictions:
        members = prediction.members
        assert sum(each.weight for each in members) == pytest.approx(1.0, abs=1e-8)
        assert prediction.probability == pytest.approx(sum(each.weight * each.probability for each in members), abs=1e-8)
        assert prediction.target == "direction" or "tree" not in {each.model_id for each in members}


def test_a_label_scores_what_was_served() -> None:
    served = {one.prediction_id: {each.model_id: each for each in one.members} for one in whole().predictions}
    names, count = {"direction": ["fast", "tree", "called"], "volatility": ["fast", "called"]}, 0
    for label in whole().labels:
        if label.scores:
            members = served[label.prediction_id]
            expected = [members[name].probability if name in members else None for name in names[label.target]]
            assert label.challengers == expected
            count += 1
    assert count > 2_000


def test_a_challenger_that_fails_is_left_out_and_comes_back() -> None:
    of_called = tables(whole().system.store, "challengers")["challengers"].filter(challenger="called")
    reasons = of_called.drop_nulls("missing")
    assert reasons["probability"].null_count() == len(reasons)
    begins = f"; it begins again after {REST_BARS} bars"
    assert set(reasons["missing"]) == {
        f"it raised ValueError: no idea (test_challengers.py, line {line('no idea')}){begins}",
        f"it raised ValueError: no (test_challengers.py, line {line('no')}){begins}",
        f"it diverged{begins}",
    }
    told = {each.reason for one in whole().predictions for each in one.missing if each.model_id == "called"}
    assert told == {*reasons["missing"], f"it failed less than {REST_BARS} bars ago, or is stopped"}
    spoke = ["called" in {each.model_id for each in one.members} for one in whole().predictions if one.target == "direction"]
    changes = np.flatnonzero(np.diff(spoke))
    lengths = {end - start for start, end in pairwise(changes.tolist()) if not spoke[start + 1]}
    assert REST_BARS in lengths
    assert all(length >= REST_BARS for length in lengths)
    assert spoke[-1] or BARS - changes[-1] < REST_BARS


def line(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, each in enumerate(lines, 1) if f'ValueError("{text}")' in each)


def test_exported_challengers_are_those_of_the_predictions() -> None:
    frame = tables(whole().system.store, "challengers")["challengers"]
    expected = [
        (one.prediction_id, each.model_id, each.probability, each.weight, int(each.version))
        for one in whole().predictions
        for each in one.members
        if each.source == "challenger"
    ]
    columns = ("prediction_id", "challenger", "probability", "weight", "labels_used")
    spoken = frame.drop_nulls("probability").select(pl.col(columns))
    assert sorted(spoken.iter_rows()) == sorted(expected)
    of_direction = sum(one.target == "direction" for one in whole().predictions)
    assert len(frame) == 2 * len(whole().predictions) + of_direction


@pytest.mark.parametrize(
    ("challengers", "error", "sentence"),
    [
        ({"fast": {"model": "sgdd"}}, UnknownNameError, "unknown model 'sgdd'"),
        ({"fast": {"model": "sgd", "parameters": {"rat": 1.0}}}, ConfigError, "rat"),
        ({"online": {"model": "sgd"}}, ConfigError, "serving.challengers names 'online'"),
        ({"a b": {"model": "sgd"}}, ConfigError, "serving.challengers names 'a b'"),
        ({"fast": {"model": "sgd", "targets": ["dirction"]}}, ConfigError, "did you mean 'direction'"),
    ],
)
def test_a_wrong_challenger_is_refused(challengers: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        begun(restless(10), {**LEAN, "serving.challengers": challengers})
