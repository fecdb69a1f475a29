"""Prequential evaluation: predict each example, score the stored prediction and learn when the label arrives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError, StateError
from alpha_pulse.evaluation.baselines import Baselines, Predictions, baselines
from alpha_pulse.evaluation.curves import AccuracyCurve, curve
from alpha_pulse.evaluation.delays import LABELLED, Timeline, timeline
from alpha_pulse.evaluation.drift import DriftMark, drift_marks, samples_per_false_alarm
from alpha_pulse.evaluation.models import Factory, Run, make_model, name_of, run_model
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.metrics.batch import Evaluated, Metrics, fading_metrics, losses, metrics, squared_errors
from alpha_pulse.metrics.comparison import Comparison, compare
from alpha_pulse.metrics.intervals import Interval, mean_interval

WINDOW = 1_000
ALPHA = 0.05

Floats = NDArray[np.float64]
Progress = Callable[[str, int], None]


class StreamScore(Metrics, frozen=True, kw_only=True):
    """Metrics over the whole run and over the newest labels, 95 % intervals of two of them, and the accuracy curve.

    Intervals are clipped to the range of the metric: 0 to 1 for an accuracy, 0 or more for a log loss.

    ``window`` contains the metrics of the newest labels. In ``fading`` each label weighs 1 - 1/window of the next one.
    """

    accuracy_interval: Interval | None
    log_loss_interval: Interval | None
    window: Metrics
    fading: Metrics
    curve: AccuracyCurve


class ModelScore(StreamScore, frozen=True, kw_only=True):
    """A model's scores. ``predictions = labelled + pending + expired``; ``abstained`` counts those that were not finite."""

    model: str
    examples: int
    examples_per_second: float
    predictions: int
    labelled: int
    pending: int
    expired: int
    abstained: int
    drift_marks: list[DriftMark]
    memory_bytes: int
    state_sha256: str


class ModelComparison(msgspec.Struct, frozen=True):
    """The squared errors of ``model`` compared with those of ``against``: see `alpha_pulse.metrics.comparison`.

    Errors use the labels as they first became known, because the comparison relies on each label being known ``horizon``
    examples later; revisions may come at any time. For more than two classes the squared errors are summed over classes and
    halved, so that they lie between 0 and 1.
    """

    model: str
    against: str
    horizon: int
    alpha: float
    result: Comparison


class StreamFacts(msgspec.Struct, frozen=True):
    """Facts about the stream; ``counts`` has the number of examples of each class, ``dropped`` the number of dropped rows."""

    name: str
    examples: int
    features: int
    classes: tuple[str, ...]
    counts: list[int]
    change_points: tuple[int, ...]
    drifting: bool
    dropped: int = 0


class Evaluation(msgspec.Struct, frozen=True):
    """The result of an evaluation; a baseline is None if it is undefined for this number of classes.

    ``samples_per_false_alarm``: the drift marks have at most one false alarm in this many labels.
    """

    stream: StreamFacts
    horizon: int
    window: int
    seed: int
    samples_per_false_alarm: int
    models: list[ModelScore]
    baselines: dict[str, StreamScore | None]
    comparisons: list[ModelComparison]


def evaluate(
    stream: Stream,
    models: Sequence[str | Factory],
    *,
    known: Timeline | None = None,
    window: int = WINDOW,
    seed: int = 1,
    alpha: float = ALPHA,
    report: Progress | None = None,
) -> Evaluation:
    """Evaluate a new model of each name in ``models``, and every baseline, on one stream.

    Parameters
    ----------
    stream
        The examples.
    models
        Names from `models.ONLINE`, or from `models.MULTICLASS` for more than two classes; or classes or functions, see
        `alpha_pulse.evaluation.models.Factory`.
    known
        When labels become known; by default before the next prediction. See `alpha_pulse.evaluation.delays`.
    window
        Number of labels in the sliding window and in the moving average.
    seed
        Seed of the models and of the intervals.
    alpha
        Probability that any model is called better or worse than the first by mistake; the models share it.
    report
        Called with the name of the model and the number of examples done.

    Raises
    ------
    ConfigError
        No model, a model named twice, an empty window, or no label that becomes known.
    DataError
        A label that becomes known is not a class of the stream.
    UnknownNameError
        There is no such model.

    Examples
    --------
    >>> from alpha_pulse.evaluation.streams.generated import sea
    >>> result = evaluate(sea(2_000), ["logistic", "naive_bayes"])
    >>> [model.labelled for model in result.models], result.models[0].accuracy > result.baselines["majority"].accuracy
    ([2000, 2000], True)

    References
    ----------
    Gama, Sebastião and Rodrigues (2013), "On evaluating stream learning algorithms", Machine Learning 90,
    doi 10.1007/s10994-012-5320-9.
    """
    known = timeline(stream.labels) if known is None else known
    _check_settings(stream, names := [name_of(model) for model in models], known, window, alpha)
    _check_models(models, stream, known.horizon, seed)
    rules = baselines(known, stream.n_classes, window)
    scored: list[Evaluated] = []
    results: list[ModelScore] = []
    for name, model in zip(names, models, strict=True):
        run = run_model(model, stream, known, seed, None if report is None else partial(report, name))
        scored.append(_scored(run.predictions, rules, known))
        results.append(_model_score(name, run, scored[-1], stream, known, window, seed))
    return Evaluation(
        stream=_facts(stream), horizon=known.horizon, window=window, seed=seed,
        samples_per_false_alarm=samples_per_false_alarm(known.horizon, stream.generated), models=results,
        baselines={
            name: None if rule is None else StreamScore(**_score(_scored(rule, rules, known), known, window, seed))
            for name, rule in rules.by_name().items()
        },
        comparisons=_model_comparisons(names, scored, known, alpha),
    )  # fmt: skip


def _facts(stream: Stream) -> StreamFacts:
    return StreamFacts(
        name=stream.name,
        examples=len(stream.labels),
        features=stream.features.shape[1],
        classes=stream.classes,
        counts=np.bincount(stream.labels, minlength=stream.n_classes).tolist(),
        change_points=stream.change_points,
        drifting=stream.drifting,
        dropped=stream.dropped,
    )


def _check_settings(stream: Stream, models: Sequence[str], known: Timeline, window: int, alpha: float) -> None:
    if not models or len(set(models)) < len(models):
        raise ConfigError(
            f"the models {', '.join(models) or 'none'} were given for evaluation; expected one or more, each once"
        )
    if window < 1:
        raise ConfigError(f"the window is {window}; expected one label or more")
    if not 0.0 < alpha < 1.0:
        raise ConfigError(f"the level alpha is {alpha}; expected a number between 0 and 1, such as {ALPHA}")
    if len(known.final) != len(stream.labels):
        raise ConfigError(f"labels of {len(known.final)} examples become known, but the stream has {len(stream.labels)}")
    if not (known.status == LABELLED).any():
        raise ConfigError(
            f"no label becomes known within the {len(stream.labels)} examples of stream {stream.name}; shorten the delay"
        )
    for i in np.flatnonzero((known.labels < 0) | (known.labels >= stream.n_classes))[:1]:
        raise DataError(
            f"example {known.examples[i]} has the class {known.labels[i]} from step {known.steps[i]} on, but "
            f"stream {stream.name} has {stream.n_classes} classes; expected a label from 0 to {stream.n_classes - 1}"
        )


def _check_models(models: Sequence[str | Factory], stream: Stream, horizon: int, seed: int) -> None:
    """Make each model once, which reports an unknown name before hours of work."""
    for model in models:
        make_model(model, stream, horizon, seed)


def _scored(predictions: Predictions, rules: Baselines, known: Timeline) -> Evaluated:
    """The predictions whose labels are known, in order, with the labels known at the end."""
    labelled = np.flatnonzero(known.status == LABELLED)
    labels = known.final[labelled]
    return Evaluated(
        predictions.probabilities[labelled], predictions.guesses[labelled], labels, rules.no_change.guesses[labelled] == labels,
        rules.majority.guesses[labelled] == labels,
    )  # fmt: skip


def _score(scored: Evaluated, known: Timeline, window: int, seed: int) -> dict[str, Any]:
    """The fields of a `StreamScore`."""
    return {
        **msgspec.structs.asdict(metrics(scored)),
        "accuracy_interval": mean_interval(scored.hits.astype(np.float64), seed, (0.0, 1.0)),
        "log_loss_interval": mean_interval(losses(scored), seed, (0.0, math.inf)),
        "window": metrics(scored.newest(window)),
        "fading": fading_metrics(scored, 1.0 - 1.0 / window),
        "curve": curve(np.flatnonzero(known.status == LABELLED), scored.hits, window),
    }


def _model_score(
    name: str, run: Run, scored: Evaluated, stream: Stream, known: Timeline, window: int, seed: int
) -> ModelScore:  # fmt: skip
    n = len(stream.labels)
    labelled, pending, expired = known.counts()
    if n != labelled + pending + expired:
        raise StateError(f"{n} predictions were made, but {labelled} are labelled, {pending} pending and {expired} expired")
    first = known.before < 0
    order = known.examples[first]
    wrong = run.predictions.guesses[order] != known.labels[first]  # a later revision is not known yet
    return ModelScore(
        **_score(scored, known, window, seed),
        model=name, examples=n, examples_per_second=n / run.seconds if run.seconds else 0.0, predictions=n,
        labelled=labelled, pending=pending, expired=expired, abstained=run.abstained,
        drift_marks=drift_marks(wrong, known.steps[first], known.horizon, stream.generated), memory_bytes=run.memory_bytes,
        state_sha256=run.state_sha256,
    )  # fmt: skip


def _model_comparisons(models: Sequence[str], scored: list[Evaluated], known: Timeline, alpha: float) -> list[ModelComparison]:
    """Compare each other model with the first, on the labels as they first became known; they share ``alpha``."""
    horizon, labels = known.horizon, known.first[known.status == LABELLED]
    scored = [msgspec.structs.replace(evaluated, labels=labels) for evaluated in scored]
    bounded = [
        squared_errors(evaluated) if evaluated.probabilities.shape[1] == 2 else 0.5 * squared_errors(evaluated)
        for evaluated in scored
    ]
    share = alpha / max(len(models) - 1, 1)
    bounded = [np.clip(errors, 0.0, 1.0) for errors in bounded]
    return [
        ModelComparison(name, models[0], horizon, share, compare(bounded[0], errors, horizon, share))
        for name, errors in zip(models[1:], bounded[1:], strict=True)
    ]


def to_json(evaluation: Evaluation) -> bytes:
    """An evaluation as JSON, with the model's name and count first in each of ``models``; undefined values are null."""
    plain: dict[str, Any] = msgspec.to_builtins(evaluation)
    leading = ("model", "examples", "examples_per_second")
    plain["models"] = [{**{key: model[key] for key in leading}, **model} for model in plain["models"]]
    return msgspec.json.format(msgspec.json.encode({"models": plain.pop("models"), **plain}), indent=2) + b"\n"
