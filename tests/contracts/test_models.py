"""Every model in the tables keeps every promise of its family, and the checks catch models that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.models import BATCH, ONLINE
from alpha_pulse.models.base import BatchModel, OnlineModel, Row
from alpha_pulse.models.gbm import LightGBM
from alpha_pulse.models.linear import Logistic
from alpha_pulse.testing.checks import BatchModelFactory, ModelFactory, yield_batch_model_checks, yield_model_checks

ONLINE_CHECKS = list(yield_model_checks())
BATCH_CHECKS = list(yield_batch_model_checks())


@pytest.mark.parametrize("check", ONLINE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("horizon", [1, 12])
@pytest.mark.parametrize("name", plugins.names("models", ONLINE))
def test_online_model(name: str, horizon: int, check: Callable[[ModelFactory], None]) -> None:
    kind = plugins.load("models", ONLINE, name)

    def factory() -> OnlineModel:
        model: OnlineModel = kind(n_features=5, horizon=horizon, seed=1)
        return model

    check(factory)


@pytest.mark.parametrize("check", BATCH_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(BATCH))
def test_batch_model(name: str, check: Callable[[BatchModelFactory], None]) -> None:
    kind = plugins.load("models", BATCH, name)

    def factory(n_features: int) -> BatchModel:
        model: BatchModel = kind(n_features=n_features, trees=30, seed=1)
        return model

    check(factory)


class Impure(Logistic):
    """Learns while it predicts."""

    def predict(self, features: Row, parts: Row) -> float:
        probability = super().predict(features, parts)
        self._state[-1] += 0.01
        return probability


class Deaf(Logistic):
    """Learns nothing; takes what it should refuse; cannot be boosted."""

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        return np.full(len(features), 0.5)

    def set_boost(self, factor: float) -> None:
        pass


class Sharing(Logistic):
    """Gives its own array away as its snapshot, and does not forget."""

    def snapshot(self):  # type: ignore[no-untyped-def]  # as short as the fault it shows
        state = super().snapshot()
        state.arrays["state"] = self._state
        return state

    def reset(self) -> None:
        pass


class Aimless(LightGBM):
    """Has one version for whatever it was trained on, and serves before it was."""

    def predict(self, features: Row) -> float:
        return super().predict(features) if self._text else 0.5

    def _take(self, text: str) -> None:
        super()._take(text)
        self.version = "0" * 64


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Impure, "predict_is_pure"),
        (Deaf, "learns_above_base_rate"),
        (Deaf, "learn_many_equals_the_loop"),
        (Deaf, "refuses_non_finite_features"),
        (Deaf, "boost_changes_learning"),
        (Sharing, "snapshot_is_a_copy"),
        (Sharing, "reset_forgets"),
    ],
)
def test_checks_catch_a_bad_online_model(kind: type[Logistic], name: str) -> None:
    check = {check.__name__: check for check in ONLINE_CHECKS}[f"check_model_{name}"]
    with pytest.raises(AssertionError):
        check(lambda: kind(n_features=5, horizon=1, seed=1))


@pytest.mark.parametrize("name", ["version_names_the_artefact", "refuses_to_serve_untrained"])
def test_checks_catch_a_bad_batch_model(name: str) -> None:
    check = {check.__name__: check for check in BATCH_CHECKS}[f"check_batch_model_{name}"]
    with pytest.raises(AssertionError):
        check(lambda n_features: Aimless(n_features, trees=5))
