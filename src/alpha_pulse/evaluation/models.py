"""Runs a model on a stream: it predicts each example before its label is known, and learns each label when it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.errors import ConfigError, UnknownNameError
from alpha_pulse.core.plugins import load, names, prefix_of
from alpha_pulse.core.stateful import digest
from alpha_pulse.evaluation.baselines import Predictions
from alpha_pulse.evaluation.delays import Timeline
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.kernels.base.missing import MISSING
from alpha_pulse.metrics.batch import guesses, of_two
from alpha_pulse.models import MULTICLASS, ONLINE
from alpha_pulse.models.base import MultiClassModel, OnlineModel

Floats = NDArray[np.float64]
Model = OnlineModel | MultiClassModel
Factory = Callable[[int, int, int], Any]
"""A class or function that makes a model: called with the number of features, the horizon (of a model of more than two classes:
the number of classes) and the seed."""
Report = Callable[[int], None]

_LEARNER: tuple[str, ...] = ("n_features", "memory_bytes", "set_boost", "reset", "healthy", "snapshot", "restore")
_LEARNER += ("predict", "learn", "predict_many", "learn_many")
_MEMBERS: dict[type, tuple[str, ...]] = {OnlineModel: (*_LEARNER, "n_outputs"), MultiClassModel: (*_LEARNER, "n_classes")}
WARM_ROWS = 300
"""Examples from the start of the stream for a warm-up model of the same kind, so that compilation is not timed."""
SMALLEST_CHUNK = 1_024
LONGEST_CHUNK_NS = 100_000_000


class Run(msgspec.Struct, frozen=True):
    """The predictions of a model for every example, and facts about its final state.

    ``abstained`` counts predictions that were not finite; equal probabilities replace them. ``seconds`` is the time spent on
    predicting and learning.
    """

    predictions: Predictions
    abstained: int
    seconds: float
    state_sha256: str
    memory_bytes: int


def name_of(model: str | Factory) -> str:
    """The name of a model in scores: its own, or that of its class or function."""
    return model if isinstance(model, str) else str(getattr(model, "__name__", type(model).__name__))


def make_model(model: str | Factory, stream: Stream, horizon: int, seed: int) -> Model:
    """A new model for ``stream``: of a class or function, or by name from `models.ONLINE` for two classes, from
    `models.MULTICLASS` for more.

    Raises
    ------
    ConfigError
        The stream has missing values, and the model does not support them; or a class or function gives no such model.
    UnknownNameError
        There is no such model, or it does not support this number of classes.
    """
    name, made = name_of(model), _made(model, stream, horizon, seed)
    if bool((stream.features <= MISSING).any()) and not getattr(made, "takes_missing", False):
        raise ConfigError(
            f"stream {stream.name} has missing values, which model {name!r} does not support; "
            "leave such rows out (missing: drop)"
        )
    return made


def _made(model: str | Factory, stream: Stream, horizon: int, seed: int) -> Model:
    if isinstance(model, str):
        return _named(model, stream, horizon, seed)
    if not callable(model):
        raise ConfigError(
            f"{model!r} is no model; give the name of one, such as logistic or river:linear_model.LogisticRegression, or a "
            "class or function that makes one"
        )
    expected: type[Model] = OnlineModel if stream.n_classes == 2 else MultiClassModel
    second = "the horizon" if stream.n_classes == 2 else "the number of classes"
    try:
        made = model(stream.features.shape[1], horizon if stream.n_classes == 2 else stream.n_classes, seed)
    except TypeError as error:
        raise ConfigError(
            f"model {name_of(model)!r} cannot be made ({error}); it is called with the number of features, {second} and "
            "the seed"
        ) from None
    if not isinstance(made, expected):
        missing = [name for name in _MEMBERS[expected] if not hasattr(made, name)]
        raise ConfigError(
            f"model {name_of(model)!r} has no {', '.join(missing)}, which {expected.__name__} of alpha_pulse.models.base has "
            f"and a stream of {stream.n_classes} classes needs; add what is missing (docs/how-to/own-model.md)"
        )
    return made


def _named(name: str, stream: Stream, horizon: int, seed: int) -> Model:
    features = stream.features.shape[1]
    if stream.n_classes == 2:
        binary: OnlineModel = load("models", ONLINE, name)(features, horizon, seed)
        return binary
    if name not in MULTICLASS and (name in names("models", ONLINE) or prefix_of(ONLINE, name) is not None):
        raise UnknownNameError(
            f"model {name!r} learns two classes, but stream {stream.name} has {stream.n_classes}; "
            f"models for more classes: {', '.join(sorted(MULTICLASS))}"
        )
    several: MultiClassModel = load("models", MULTICLASS, name)(features, stream.n_classes, seed)
    return several


def run_model(name: str | Factory, stream: Stream, known: Timeline, seed: int = 1, report: Report | None = None) -> Run:
    """Predict every example of ``stream`` in order, and learn each label when it becomes known.

    If labels are known at once, this calls `learn_many` in chunks, which is bit-equal to single calls.

    >>> from alpha_pulse.evaluation.delays import timeline
    >>> from alpha_pulse.evaluation.streams.generated import sea
    >>> stream = sea(500)
    >>> run = run_model("logistic", stream, timeline(stream.labels))
    >>> run.predictions.probabilities.shape, run.abstained
    ((500, 2), 0)
    """
    report = report or (lambda done: None)
    report(0)
    _warm(name, stream, known, seed)
    model = make_model(name, stream, known.horizon, seed)
    go = _at_once if known.immediate else _in_order
    out = np.empty((len(stream.labels), stream.n_classes))
    took = go(model, stream.features, known, out, report)
    silent = ~np.isfinite(out).all(axis=1)
    out[silent] = 1.0 / stream.n_classes
    return Run(
        predictions=Predictions(out, guesses(out)),
        abstained=int(silent.sum()),
        seconds=took / 1e9,
        state_sha256=digest({"model": model.snapshot()}),
        memory_bytes=model.memory_bytes,
    )


def _warm(name: str | Factory, stream: Stream, known: Timeline, seed: int) -> None:
    """Compile: call each method of a throw-away model once with the first rows."""
    model = make_model(name, stream, known.horizon, seed)
    rows, labels = stream.features[:WARM_ROWS], stream.labels[:WARM_ROWS]
    model.learn_many(rows, labels, np.ones(len(labels)))
    if not known.immediate:
        predict, learn = _calls(model, stream.n_classes)
        learn(rows[0], int(labels[0]), predict(rows[0])[1])


def _at_once(model: Model, features: Floats, known: Timeline, out: Floats, report: Report) -> int:
    """Learn in chunks, which grow until one takes a tenth of a second; returns the nanoseconds taken."""
    done, chunk, total = 0, SMALLEST_CHUNK, 0
    while done < len(out):
        rows = slice(done, min(done + chunk, len(out)))
        labels = known.labels[rows]
        start = elapsed_ns()
        predictions = model.learn_many(features[rows], labels, np.ones(len(labels)))
        took = elapsed_ns() - start
        out[rows] = predictions if predictions.ndim == 2 else of_two(predictions)
        total += took
        done = rows.stop
        report(done)
        chunk *= 2 if took < LONGEST_CHUNK_NS else 1
    return total


def _in_order(model: Model, features: Floats, known: Timeline, out: Floats, report: Report) -> int:
    """Learn one example at a time, with the model outputs stored at its prediction; returns the nanoseconds taken."""
    predict, learn = _calls(model, out.shape[1])
    labels_to_come = np.bincount(known.examples, minlength=len(out)).tolist()
    steps, examples, labels = known.steps.tolist(), known.examples.tolist(), known.labels.tolist()
    stored: dict[int, Floats] = {}
    step, started = 0, elapsed_ns()
    took = 0
    for example in range(len(out)):
        out[example], outputs = predict(features[example])
        if labels_to_come[example]:
            stored[example] = outputs
        while step < len(steps) and steps[step] == example:
            other = examples[step]
            labels_to_come[other] -= 1
            learn(features[other], labels[step], stored[other] if labels_to_come[other] else stored.pop(other))
            step += 1
        if example % SMALLEST_CHUNK == 0:
            took += elapsed_ns() - started
            report(example + 1)
            started = elapsed_ns()
    took += elapsed_ns() - started
    report(len(out))
    return took


def _calls(
    model: Model, classes: int
) -> tuple[Callable[[Floats], tuple[Floats, Floats]], Callable[[Floats, int, Floats], None]]:  # fmt: skip
    """(predict, learn): ``predict`` returns class probabilities and the model outputs to store for ``learn``."""
    if isinstance(model, OnlineModel):
        binary, zeros = model, np.zeros(model.n_outputs)

        def predict_two(row: Floats) -> tuple[Floats, Floats]:
            outputs = zeros.copy()
            p = binary.predict(row, outputs)
            return np.array([1.0 - p, p]), outputs

        return predict_two, lambda row, label, outputs: binary.learn(row, label, 1.0, outputs)
    several = model

    def predict(row: Floats) -> tuple[Floats, Floats]:
        probability = np.empty(classes)
        several.predict(row, probability)
        return probability, probability

    return predict, lambda row, label, outputs: several.learn(row, label, 1.0)
