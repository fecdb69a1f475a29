from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.models.base import Row
from alpha_pulse.models.python_model import MAX_WEIGHT, PythonModel, sigmoid
from alpha_pulse.testing.checks import ModelFactory, yield_model_checks


class Linear(PythonModel):
    """Logistic regression without a constant."""

    def begin(self, rate: float = 0.05) -> None:
        self.rate, self.weights = rate, np.zeros(self.n_features)
        self.heaviest = np.zeros(1)

    def probability(self, x: Row) -> float:
        return sigmoid(float(x @ self.weights))

    def update(self, x: Row, label: int, weight: float) -> None:
        self.weights += self.rate * weight * (label - self.probability(x)) * x
        self.heaviest[0] = max(self.heaviest[0], weight)


class Assigning(Linear):
    """Assigns new arrays in place of changing them."""

    def update(self, x: Row, label: int, weight: float) -> None:
        self.weights = self.weights + self.rate * weight * (label - self.probability(x)) * x


class Growing(Linear):
    def update(self, x: Row, label: int, weight: float) -> None:
        self.weights = np.append(self.weights, 0.0)


class Stateless(PythonModel):
    def begin(self) -> None:
        pass

    def probability(self, x: Row) -> float:
        return 0.5

    def update(self, x: Row, label: int, weight: float) -> None:
        pass


class Textual(Stateless):
    def begin(self) -> None:
        self.names = np.array(["a"])


class Returning(Linear):
    """Predicts what it is told, whether that is a probability or not."""

    answer: Any = float("nan")

    def probability(self, x: Row) -> float:
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [Linear, Assigning])
@pytest.mark.parametrize("check", list(yield_model_checks()), ids=lambda check: check.__name__)
def test_a_few_lines_fulfil_the_contract(kind: type[PythonModel], check: Callable[[ModelFactory], None]) -> None:
    check(lambda: kind(n_features=5, horizon=1, seed=1))


def taught(model: PythonModel, weight: float = 1.0) -> PythonModel:
    rows = np.random.default_rng(1).normal(50.0, 10.0, size=(300, 2))
    model.learn_many(rows, (rows[:, 0] > 50.0).astype(np.int64), np.full(300, weight))
    return model


def test_rows_are_standardised_and_a_missing_feature_is_the_mean() -> None:
    model = taught(Linear(2))
    outputs = np.zeros(1)
    assert model.predict(np.array([65.0, 50.0]), outputs) > 0.9
    assert model.predict(np.array([MISSING, MISSING]), outputs) == 0.5


def test_a_parameter_reaches_begin_and_the_weight_is_bounded() -> None:
    model = Linear(2, rate=0.0)
    model.set_boost(4.0)
    taught(model, 1e6)
    assert model.heaviest.tolist() == [MAX_WEIGHT]
    assert not model.weights.any()


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), 2.0, -0.1, None, "0.5"])
def test_what_is_no_probability_is_refused(answer: Any) -> None:
    model = Returning(2)
    model.answer = answer
    sentence = f"model Returning: its probability returned {answer!r}; expected a number from 0 to 1"
    with pytest.raises(DataError, match=re.escape(sentence)):
        model.predict(np.zeros(2), np.zeros(1))


def test_a_model_that_has_diverged_gives_nan_for_its_session_to_restore_it() -> None:
    model = Linear(2)
    model.weights[:] = np.nan
    assert np.isnan(model.predict(np.ones(2), np.zeros(1)))


class NotBegun(Linear):
    def begin(self, rate: float = 0.05) -> None:
        self.weights = np.zeros(self.features)  # type: ignore[attr-defined]  # the fault it shows


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stateless(2), "begin of Stateless creates no array; expected the state as arrays of float64 or int64"),
        (lambda: Textual(2), "begin of Textual creates 'names' as <U1"),
        (lambda: Linear(0), "n_features is 0"),
        (lambda: NotBegun(2), r"NotBegun: its begin raised AttributeError: .* \(test_python_model.py, line \d+\)"),
        (lambda: Linear(2, speed=1.0), r"Linear: its begin raised TypeError: .*unexpected keyword argument 'speed'$"),
    ],
)
def test_what_is_no_state_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_state_that_grows_is_refused() -> None:
    with pytest.raises(DataError, match=r"Growing changed 'weights' to \(3,\) of float64; expected \(2,\) of float64"):
        taught(Growing(2))


class Failing(Linear):
    def probability(self, x: Row) -> float:
        return self.missing  # type: ignore[attr-defined, no-any-return]  # the fault it shows


def test_an_error_of_a_method_is_one_sentence_with_its_place() -> None:
    for act, method in ((lambda model: model.predict(np.zeros(2), np.zeros(1)), "probability"), (taught, "probability")):
        with pytest.raises(DataError, match=rf"Failing: its {method} raised AttributeError: .* \(test_python_model.py, line"):
            act(Failing(2))
