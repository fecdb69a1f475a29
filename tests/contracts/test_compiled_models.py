"""Every model that ships kernels keeps the promises of that form, and the checks catch models that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.stateful import State
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import CompiledModel, OnlineModel, Row
from alpha_pulse.models.linear import Logistic
from alpha_pulse.testing.checks import CompiledFactory, yield_compiled_model_checks

CHECKS = list(yield_compiled_model_checks())


def made(name: str, horizon: int = 1) -> OnlineModel:
    model: OnlineModel = plugins.load("models", ONLINE, name)(n_features=5, horizon=horizon, seed=1)
    return model


SHIPPED = [name for name in plugins.names("models", ONLINE) if isinstance(made(name), CompiledModel)]


def test_the_models_of_the_default_configuration_ship_kernels() -> None:
    assert {"market_default", "logistic"} <= set(SHIPPED)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("horizon", [1, 12])
@pytest.mark.parametrize("name", SHIPPED)
def test_compiled_model(name: str, horizon: int, check: Callable[[CompiledFactory], None]) -> None:
    check(lambda: made(name, horizon))


class Overriding(Logistic):
    """Predicts otherwise in Python than by its kernel."""

    def predict(self, features: Row, outputs: Row) -> float:
        return 0.5 * super().predict(features, outputs)


class Otherwise(Logistic):
    """Learns otherwise by its kernel than in Python."""

    @staticmethod
    def learn_kernel(state: Row, x: Row, label: int, weight: float, outputs: Row, scratch: Row) -> None:
        Logistic.learn_kernel(state, x, 1 - label, weight, outputs, scratch)


class Counting(Logistic):
    """Its predicting kernel changes the state."""

    @staticmethod
    def predict_kernel(state: Row, x: Row, outputs: Row) -> float:
        state[-1] += 1.0
        return Logistic.predict_kernel(state, x, outputs)


class Replacing(Logistic):
    """Has another array after a restore."""

    def restore(self, state: State) -> None:
        super().restore(state)
        self._state = self._state.copy()


class Partial(Logistic):
    """Keeps a part of its state beside the array."""

    def __init__(self) -> None:
        super().__init__(5)
        self._examples = np.zeros(1)
        self._arrays["examples"] = self._examples

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        self._examples += len(features)
        return super().learn_many(features, labels, weights)


@pytest.mark.parametrize(
    ("factory", "check", "message"),
    [
        (lambda: Overriding(5), "check_compiled_model_satisfies_the_protocol", "overrides predict or learn"),
        (lambda: Overriding(5), "check_compiled_model_kernels_equal_its_methods", "predict_kernel gave"),
        (lambda: Otherwise(5), "check_compiled_model_kernels_equal_its_methods", "gave"),
        (lambda: Counting(5), "check_compiled_model_predict_kernel_is_pure", "predict_kernel changed the state"),
        (lambda: Replacing(5), "check_compiled_model_state_is_one_array", "another array"),
        (Partial, "check_compiled_model_state_is_one_array", "not the whole state"),
    ],
)
def test_a_model_that_breaks_its_promise_is_caught(factory: CompiledFactory, check: str, message: str) -> None:
    (one,) = (each for each in CHECKS if each.__name__ == check)
    with pytest.raises(AssertionError, match=message):
        one(factory)
