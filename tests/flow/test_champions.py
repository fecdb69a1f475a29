"""With ``champion_challenger`` the champion serves alone, and another member replaces it only by evidence."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError, ConflictError
from alpha_pulse.core.types import Prediction
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.synthetic import planted_signal
from alpha_pulse.kernels.linear import linear
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.serving.ladder import Moment
from alpha_pulse.stores.base import Store
from flow.runs import LEAN, Done, assert_equal, begun, divided

BARS, TURN = 1_800, 160
MOMENT = Moment("SYN", "direction", 1)
SETTINGS: dict[str, Any] = {
    **LEAN,
    "learning.model": "even",
    "learning.direction_horizon_bars": 1,
    "serving.strategy": "champion_challenger",
    "serving.promotion_alpha": 0.9,
    "serving.promotion_labels": 200,
    "serving.canary_labels": 60,
    "serving.canary_share": 0.25,
    "serving.challengers": {"good": {"model": "turncoat"}},
    "adaptation.enabled": False,
    "store.checkpoint_steps": 170,
}


class Even(Logistic):
    """Learns nothing."""

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1) -> None:
        super().__init__(n_features, horizon, seed, rate=0.0)


class Turncoat(Logistic):
    """Learns quickly, and says the opposite of what it has learned from its `TURN`-th label on."""

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1) -> None:
        super().__init__(n_features, horizon, seed, rate=0.05)

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1), or the opposite."""
        probability = super().predict(features, outputs)
        return probability if self._state[linear.N] < TURN else 1.0 - probability


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ONLINE, "even", "flow.test_champions:Even")
    monkeypatch.setitem(ONLINE, "turncoat", "flow.test_champions:Turncoat")


def begin(store: Store) -> System:
    """A market with a signal."""
    return begun(planted_signal(BARS, 5, [], strength=0.9), SETTINGS, store, resume=True)


@cache
def whole() -> Done:
    """The run in blocks of its own size."""
    return divided(begin, {}, [4_096])


def server(prediction: Prediction) -> str:
    """The member that served."""
    (alone,) = [each for each in prediction.members if each.weight > 0.0]
    assert alone.weight == 1.0
    assert alone.probability == prediction.probability
    return alone.model_id


def served_by(first_ts: int, last_ts: int) -> list[str]:
    """Who served the directions after one time and up to another."""
    return [server(each) for each in whole().predictions if each.target == "direction" and first_ts < each.ts <= last_ts]


def times() -> list[int]:
    """When the run began, the canary started, it was promoted, it was rolled back, and the run ended."""
    opened, promoted, rolled_back = whole().adaptations
    assert promoted.closed_ts is not None
    return [0, opened.ts, promoted.closed_ts, rolled_back.ts, whole().predictions[-1].ts]


def test_a_challenger_is_promoted_by_evidence_and_rolled_back_by_evidence() -> None:
    opened, promoted, rolled_back = whole().adaptations
    assert (opened.kind, opened.status, opened.effect) == ("promote", "open", None)
    assert promoted == msgspec.structs.replace(
        opened, status="accepted", closed_ts=promoted.closed_ts, effect=promoted.effect, effect_samples=200
    )
    assert opened.reason.startswith("good is better than online: its squared error is 0.1")
    assert (rolled_back.kind, rolled_back.status, rolled_back.cause) == ("rollback", "accepted", "evidence")
    assert {each.target for each in (opened, rolled_back)} == {"direction"}


def test_nobody_but_the_champion_and_the_canarys_share_serves() -> None:
    start, opened, promoted, rolled_back, end = times()
    assert set(served_by(start, opened - 1)) == {"even"}
    tried = served_by(opened, promoted - 1)
    assert len(tried) > 200
    assert tried.count("good") / len(tried) == pytest.approx(0.25, abs=0.08)
    assert set(served_by(promoted, rolled_back - 1)) == {"good"}
    assert set(served_by(rolled_back, end)) == {"even"}


@pytest.mark.parametrize(
    ("sizes", "stops"), [([1], frozenset[int]()), ([7], frozenset[int]()), ([300, 41], frozenset({233, 333, 900}))]
)
def test_any_division_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    assert_equal(divided(begin, {}, sizes, stops), whole())


def test_where_everybody_stands_is_told() -> None:
    ladder = whole().system.serving.target("SYN", "direction").mix.ladder
    standings = {each.member: each for each in ladder.standings(0.0002)}
    assert {name: each.stage for name, each in standings.items()} == {
        "online": "champion", "batch": "candidate", "base": "candidate", "good": "retired"
    }  # fmt: skip
    earned = standings["good"].shadow_return
    assert earned.labels > 1_700
    assert earned.net == pytest.approx(earned.gross - 0.0002 * earned.turnover)
    assert standings["batch"].shadow_return.gross == 0.0
    with pytest.raises(ConflictError, match="is the champion already"):
        ladder.promote("online", MOMENT)
    with pytest.raises(ConflictError, match="there is no former champion"):
        ladder.roll_back(MOMENT)


def test_a_member_earns_in_the_shadow_what_its_signs_earn() -> None:
    earned = whole().system.serving.target("SYN", "direction").mix.ladder.standings(0.0)[-1].shadow_return
    served = {one.prediction_id: {each.model_id: each.probability for each in one.members} for one in whole().predictions}
    gross, turnover, held = 0.0, 0.0, 0.0
    for label in whole().labels:
        if label.target == "direction":
            assert label.next_open_return is not None
            position = float(np.sign(served[label.prediction_id]["good"] - 0.5))
            gross += position * math.expm1(label.next_open_return)
            turnover += abs(position - held)
            held = position
    assert earned.gross == pytest.approx(gross, abs=1e-9)
    assert earned.turnover == pytest.approx(turnover)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"serving.order": ["online", "good", "base"]}, "serving.order names a member twice, or the base rate"),
        ({"serving.order": ["online", "online"]}, "serving.order names a member twice"),
        ({"serving.order": ["onlin"]}, "serving.order names 'onlin'; did you mean 'online'"),
        ({"serving.weights": {"god": 1.0}}, "serving.weights names 'god'; did you mean 'good'"),
    ],
)
def test_unknown_and_repeated_members_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        begun(planted_signal(10, 5, []), {**SETTINGS, **settings})
