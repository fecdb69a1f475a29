from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, StateError, UnknownNameError
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.models.mixture import METHODS, Mixture
from alpha_pulse.testing.checks import ModelFactory, yield_model_checks
from learning_samples import stream


class Sleeper(Logistic):
    """Says nothing on rows whose last feature is negative."""

    def predict(self, features: Row, outputs: Row) -> float:
        said = super().predict(features, outputs)
        return said if features[-1] >= 0.0 else math.nan


def made(method: str, horizon: int = 1) -> Mixture:
    name = f"mixture:{method}(logistic + logistic + hoeffding_tree)"
    model: Mixture = plugins.load("models", ONLINE, name)(n_features=5, horizon=horizon, seed=1)
    return model


@pytest.mark.parametrize("check", list(yield_model_checks()), ids=lambda check: check.__name__)
@pytest.mark.parametrize("method", METHODS)
def test_a_mixture_keeps_the_promises_of_a_model(method: str, check: Callable[[ModelFactory], None]) -> None:
    check(lambda: made(method))


@pytest.mark.parametrize("method", METHODS)
def test_it_is_close_to_its_best_member(method: str) -> None:
    rows, labels = stream(4_000, 3, seed=1)
    weights = np.ones(len(labels))
    members = {"none": Logistic(3, rate=1e-9), "fast": Logistic(3, rate=0.03)}
    alone = Logistic(3, rate=0.03).learn_many(rows, labels, weights)
    served = Mixture(members, method=method).learn_many(rows, labels, weights)
    losses = [-np.log(np.where(labels == 1, p, 1.0 - p)).mean() for p in (alone, served)]
    assert losses[1] < losses[0] + 0.005


def test_fixed_share_leaves_a_member_that_has_become_wrong() -> None:
    rows, labels = stream(6_000, 2, seed=2, turns_at=3_000)
    frozen = Logistic(2, rate=0.05)
    frozen.learn_many(rows[:1_000], labels[:1_000], np.ones(1_000))
    frozen.set_boost(0.0)
    model = Mixture({"frozen": frozen, "slow": Logistic(2, rate=3e-4)}, method="fixed_share")
    model.learn_many(rows[1_000:3_000], labels[1_000:3_000], np.ones(2_000))
    assert model.expert_names[int(model.weights.argmax())] == "frozen"
    model.learn_many(rows[3_000:3_300], labels[3_000:3_300], np.ones(300))
    assert model.weights[0] < 0.01


def test_a_sleeping_member_has_no_vote_and_keeps_its_weight() -> None:
    rows, labels = stream(500, 2, seed=3)
    model = Mixture({"sleeper": Sleeper(2), "awake": Logistic(2)}, horizon=3)
    served = model.learn_many(rows, labels, np.ones(500))
    assert np.isfinite(served).all()
    assert model.weights.min() > 0.0
    outputs = np.zeros(model.n_outputs)
    model.predict(np.array([0.5, -1.0]), outputs)
    assert math.isnan(outputs[0])


def test_two_of_a_name_get_two_names_and_two_seeds() -> None:
    assert made("hedge").expert_names == ("logistic", "logistic 1", "hoeffding_tree", "base_rate")
    twice: Mixture = plugins.load("models", ONLINE, "mixture:adaptive_random_forest + adaptive_random_forest")(5, 1, 1)
    rows, labels = stream(600, 5, seed=6)
    twice.learn_many(rows, labels, np.ones(600))
    outputs = np.zeros(twice.n_outputs)
    twice.predict(rows[0], outputs)
    assert outputs[0] != outputs[1]


class Constant(Logistic):
    """Says one of two numbers: the first until it has learned ``turn`` examples."""

    def __init__(self, first: float, later: float, turn: int) -> None:
        super().__init__(1)
        self._says, self._turn, self._learned = (first, later), turn, 0

    def predict(self, features: Row, outputs: Row) -> float:
        outputs[:] = 0.0
        return self._says[self._learned >= self._turn]

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        self._learned += 1


@pytest.mark.parametrize("method", ["hedge", "adahedge"])
def test_the_bound_holds_where_a_member_far_behind_comes_back(method: str) -> None:
    n = 20_000
    members = {"early": Constant(0.9, 0.1, n // 3), "late": Constant(0.1, 0.9, n // 3)}
    labels, rows = np.ones(n, dtype=np.int64), np.zeros((n, 1))
    served = Mixture(members, method=method).learn_many(rows, labels, np.ones(n))
    lost = -np.log(served).sum()
    late = -np.log(np.where(np.arange(n) < n // 3, 0.1, 0.9)).sum()
    bound = math.log(3) if method == "hedge" else 10.0
    assert lost <= late + bound


def test_a_member_that_mends_itself_leaves_the_mixture_healthy() -> None:
    class WarmingUp(Logistic):
        warming_up = True

        def healthy(self) -> bool:
            return False

    assert Mixture({"warming": WarmingUp(2), "awake": Logistic(2)}).healthy()


@pytest.mark.parametrize(
    ("path", "said"),
    [("logistic", "names 1 model"), ("logistic + logistik", "logistik"), ("vote(sgd + arow)", "mixes by 'vote'")],
)
def test_what_cannot_be_mixed_is_refused(path: str, said: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        plugins.load("models", ONLINE, f"mixture:{path}")


def test_spaces_around_the_plus_are_not_needed() -> None:
    assert plugins.load("models", ONLINE, "mixture:logistic+sgd")(n_features=2).expert_names[:2] == ("logistic", "sgd")


def test_members_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="two or more"):
        Mixture({"one": Logistic(1)})
    with pytest.raises(ConfigError, match=r"\[1, 2\] features"):
        Mixture({"one": Logistic(1), "two": Logistic(2)})
    with pytest.raises(ConfigError, match="'vote'"):
        Mixture({"one": Logistic(1), "two": Logistic(1)}, method="vote")


def test_a_state_whose_last_member_is_damaged_leaves_the_mixture_as_it_was() -> None:
    model, other = made("fixed_share"), made("fixed_share")
    rows, labels = stream(100, 5, seed=4)
    other.learn_many(rows, labels, np.ones(100))
    saved, before = other.snapshot(), model.predict_many(rows).tolist()
    saved.scalars["members"][2] = {}
    with pytest.raises(StateError):
        model.restore(saved)
    assert model.predict_many(rows).tolist() == before
