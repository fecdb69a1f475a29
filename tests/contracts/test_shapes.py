"""No kernel trusts a caller's shape: whatever hands arrays to one refuses what does not fit, and is as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import DataError
from alpha_pulse.core.stateful import digest
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS
from alpha_pulse.metrics.comparison import PairedComparison
from alpha_pulse.metrics.reliability import reliability_table
from alpha_pulse.models import BATCH, MULTICLASS, ONLINE, REGRESSION
from alpha_pulse.models.calibration import CALIBRATORS
from alpha_pulse.models.margin import AROW

D, CLASSES = 4, 3
SMALLER: dict[str, dict[str, int]] = {"sgbt": {"trees": 3}, "adaptive_random_forest": {"trees": 2}}
Calls = Iterator[tuple[str, Callable[[], Any]]]


def misshapen(n: int, dtype: type[np.generic] = np.float64) -> list[Any]:
    """What is given for an array of shape (n,) and does not fit."""
    other = np.float32 if dtype == np.float64 else np.float64
    return [
        np.zeros(n + 1, dtype),
        np.zeros(n + 1_000, dtype),
        np.zeros(n - 1, dtype),
        np.zeros(0, dtype),
        np.zeros((n, 1), dtype),
        np.zeros((1, n), dtype),
        np.zeros(n, other),
        np.zeros(n, np.int32),
        [0.0] * n,
        None,
        *([] if dtype == np.bool_ else [np.zeros(n, np.dtype(dtype).newbyteorder())]),
    ]


def refused(calls: Calls, state: Callable[[], str]) -> None:
    before = state()
    for what, call in calls:
        with pytest.raises(DataError):
            call()
        assert state() == before, f"{what} was refused but had changed the state"


def calls_of_online(model: Any) -> Calls:
    row, outputs = np.zeros(D), np.zeros(model.n_outputs)
    for bad in misshapen(D):
        yield f"predict({bad!r})", partial(model.predict, bad, outputs)
        yield f"learn({bad!r})", partial(model.learn, bad, 1, 1.0, outputs)
    for bad in misshapen(model.n_outputs):
        yield f"predict(outputs={bad!r})", partial(model.predict, row, bad)
        if model.n_outputs > 1:
            yield f"learn(outputs={bad!r})", partial(model.learn, row, 1, 1.0, bad)
    yield from calls_of_many(model, np.zeros(3, np.int64), np.int64)


def calls_of_classes(model: Any) -> Calls:
    row, out = np.zeros(D), np.zeros(CLASSES)
    for bad in misshapen(D):
        yield f"predict({bad!r})", partial(model.predict, bad, out)
        yield f"learn({bad!r})", partial(model.learn, bad, 1, 1.0)
    for bad in misshapen(CLASSES):
        yield f"predict(probabilities={bad!r})", partial(model.predict, row, bad)
    for label in (-1, CLASSES, 0.5, "1", None, [1], np.nan):
        yield f"learn(label={label!r})", partial(model.learn, row, label, 1.0)
    yield from calls_of_many(model, np.zeros(3, np.int64), np.int64)


def calls_of_numbers(model: Any) -> Calls:
    row = np.zeros(D)
    for bad in misshapen(D):
        yield f"predict({bad!r})", partial(model.predict, bad)
        yield f"learn({bad!r})", partial(model.learn, bad, 1.0, 1.0)
    for target in ("abc", None, [1.0], 10**400, np.inf):
        yield f"learn(target={target!r})", partial(model.learn, row, target, 1.0)
    for weight in (None, "1", -1.0, np.nan):
        yield f"learn(weight={weight!r})", partial(model.learn, row, 1.0, weight)
    yield from calls_of_many(model, np.zeros(3), np.float64)


def calls_of_many(model: Any, targets: NDArray[Any], dtype: type[np.generic]) -> Calls:
    rows, ones = np.zeros((3, D)), np.ones(3)
    wrong = (
        np.zeros((3, D + 1)),
        np.zeros((3, D - 1)),
        np.zeros(D),
        np.zeros((3, D, 1)),
        np.zeros((3, D), np.float32),
        [[0.0] * D] * 3,
    )
    for bad in wrong:
        yield f"predict_many({bad!r})", partial(model.predict_many, bad)
        yield f"learn_many({bad!r})", partial(model.learn_many, bad, targets, ones)
    for bad in misshapen(3, dtype):
        yield f"learn_many(targets={bad!r})", partial(model.learn_many, rows, bad, ones)
    for bad in misshapen(3):
        yield f"learn_many(weights={bad!r})", partial(model.learn_many, rows, targets, bad)


@pytest.mark.parametrize("name", [*plugins.names("models", ONLINE), "mixture:logistic + arow", "river:naive_bayes.GaussianNB"])
def test_online_models(name: str) -> None:
    model = plugins.load("models", ONLINE, name)(n_features=D, seed=1, **SMALLER.get(name, {}))
    refused(calls_of_online(model), lambda: digest({"model": model.snapshot()}))


@pytest.mark.parametrize("name", sorted(MULTICLASS))
def test_models_of_classes(name: str) -> None:
    model = plugins.load("models", MULTICLASS, name)(n_features=D, n_classes=CLASSES, seed=1, **SMALLER.get(name, {}))
    refused(calls_of_classes(model), lambda: digest({"model": model.snapshot()}))


@pytest.mark.parametrize("name", sorted(REGRESSION))
def test_models_of_numbers(name: str) -> None:
    model = plugins.load("models", REGRESSION, name)(n_features=D, seed=1, **SMALLER.get(name, {}))
    refused(calls_of_numbers(model), lambda: digest({"model": model.snapshot()}))


@pytest.mark.parametrize("name", sorted(BATCH))
def test_batch_models(name: str) -> None:
    rows = np.random.default_rng(1).normal(size=(300, D))
    smaller = {"trees": 2, "seed": 1} if name == "lightgbm" else {}
    model: Any = plugins.load("models", BATCH, name)(n_features=D, **smaller)
    model.fit(rows, (rows[:, 0] > 0.0).astype(np.int64), np.ones(300))
    refused(((f"predict({bad!r})", partial(model.predict, bad)) for bad in misshapen(D)), lambda: str(model.version))


def test_the_uncertainty_of_arow() -> None:
    model = AROW(D)
    refused(
        ((f"uncertainty({bad!r})", partial(model.uncertainty, bad)) for bad in misshapen(D)),
        lambda: digest({"model": model.snapshot()}),
    )


@pytest.mark.parametrize("name", plugins.names("detectors", DETECTORS))
def test_detectors_of_one_number(name: str) -> None:
    detector: Any = plugins.load("detectors", DETECTORS, name)()
    wrong = (np.zeros((3, 2)), np.zeros(3, np.float32), np.zeros(3, np.int64), [0.0], 0.0, None)
    calls = ((f"update_many({bad!r})", partial(detector.update_many, bad)) for bad in wrong)
    refused(calls, lambda: digest({"detector": detector.snapshot()}))


def calls_of_features(detector: Any) -> Calls:
    row, rows = np.zeros(2), np.zeros((3, 2))
    for bad in misshapen(2):
        yield f"update({bad!r})", partial(detector.update, bad)
    for bad in misshapen(2, np.bool_):
        if bad is not None:  # None: all are known
            yield f"update(known={bad!r})", partial(detector.update, row, bad)
    for bad in (np.zeros((3, 50)), np.zeros((3, 1)), np.zeros(2), np.zeros((3, 2), np.float32), [[0.0, 0.0]]):
        yield f"update_many({bad!r})", partial(detector.update_many, bad)
    for bad in (np.ones((2, 2), np.bool_), np.ones((3, 1), np.bool_), np.ones(2, np.bool_), np.ones((3, 2))):
        yield f"update_many(known={bad!r})", partial(detector.update_many, rows, bad)


@pytest.mark.parametrize("name", FEATURE_DETECTORS)
def test_detectors_of_features(name: str) -> None:
    detector = FEATURE_DETECTORS[name](("a", "b"))
    refused(calls_of_features(detector), lambda: digest({"detector": detector.snapshot()}))


@pytest.mark.parametrize("name", CALIBRATORS)
def test_calibrators(name: str) -> None:
    calibrator: Any = CALIBRATORS[name]()
    scores, labels = np.full(3, 0.5), np.zeros(3, np.int64)

    def calls() -> Calls:
        for bad in (np.full((3, 1), 0.5), np.full(3, 0.5, np.float32), [0.5] * 3, np.full(3, np.nan), np.full(3, 1.5)):
            yield f"learn_many({bad!r})", partial(calibrator.learn_many, bad, labels)
        for bad in (*misshapen(3, np.int64), np.full(3, 2), np.full(3, -1)):
            yield f"learn_many(labels={bad!r})", partial(calibrator.learn_many, scores, bad)
        for score in (np.nan, -0.1, 1.1, np.inf):
            yield f"learn({score!r})", partial(calibrator.learn, score, 1)
        for label in (2, -1, 0.5, None, "1"):
            yield f"learn(label={label!r})", partial(calibrator.learn, 0.5, label)

    refused(calls(), lambda: digest({"calibrator": calibrator.snapshot()}))


def test_comparisons_and_tables_of_reliability() -> None:
    comparison, three = PairedComparison(), np.full(3, 0.5)

    def calls() -> Calls:
        for bad in misshapen(3):
            yield f"comparison({bad!r})", partial(comparison.update_many, three, bad)
        for bad in misshapen(3, np.bool_):
            yield f"reliability({bad!r})", partial(reliability_table, three, bad)

    refused(calls(), lambda: digest({"comparison": comparison.snapshot()}))
