"""Each learner and River's on the same stream, predict then learn: two calls per event, the compiled loop, and accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from river import forest, linear_model, naive_bayes, optim, preprocessing, tree

from alpha_pulse.core import plugins
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.evaluation.streams.agrawal import agrawal
from alpha_pulse.evaluation.streams.base import Floats, Stream
from alpha_pulse.evaluation.streams.generated import hyperplane, rbf_drift, sea
from alpha_pulse.evaluation.streams.open import read_stream
from alpha_pulse.metrics.batch import binary_metrics
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import OnlineModel
from benchmarks.measure import Options, interleave
from benchmarks.report import Cell, Column, Table, verdict

ROUNDS = 3
FULL = 20_000
POINTS = 0.5
"""Percentage points by which the accuracy of a learner may be below that of its peer."""


class Pair(msgspec.Struct, frozen=True):
    """A learner by name, its peer, the target ratios of speed (per event, in the loop), and the number of timed examples."""

    name: str
    peer: Callable[[], Any]
    events: int = FULL
    per_event: float | None = None
    loop: float | None = None
    parameters: dict[str, Any] = {}

    def make(self, stream: Stream) -> OnlineModel:
        """The untrained learner."""
        model: OnlineModel = plugins.load("models", ONLINE, self.name)(stream.features.shape[1], 1, 1, **self.parameters)
        return model


def _scaled(model: Any) -> Any:
    return preprocessing.StandardScaler() | model


PAIRS = (
    Pair("sgd", lambda: _scaled(linear_model.LogisticRegression(optim.SGD(0.01)))),
    Pair("adagrad", lambda: _scaled(linear_model.LogisticRegression(optim.AdaGrad(0.03)))),
    Pair("ftrl", lambda: _scaled(linear_model.LogisticRegression(optim.FTRLProximal(alpha=0.05, beta=1.0)))),
    Pair("passive_aggressive", lambda: _scaled(linear_model.PAClassifier(C=0.01))),  # type: ignore[no-untyped-call]
    Pair("naive_bayes", naive_bayes.GaussianNB, parameters={"span": 0}),
    Pair("hoeffding_tree", tree.HoeffdingTreeClassifier, per_event=7.0, loop=25.0),
    Pair("hoeffding_adaptive_tree", lambda: tree.HoeffdingAdaptiveTreeClassifier(seed=1)),
    Pair("adaptive_random_forest", lambda: forest.ARFClassifier(n_models=10, seed=1), 4_000, per_event=30.0, loop=40.0),
)


def streams(options: Options) -> list[Stream]:
    """The streams on which accuracy is compared; speed is measured on the first."""
    n = FULL // 100 if options.quick else FULL
    made = [sea(n, 3, seed=1), agrawal(n, (1, 4, 6, 8), seed=1), rbf_drift(n, 10, 50, 1e-3, seed=1), hyperplane(n, 10, seed=1)]
    return [read_stream(options.arff), *made] if options.arff is not None else made


def run(options: Options) -> list[Table]:
    """Speed on the first stream, then accuracy on all streams."""
    all_streams = streams(options)
    return [_speeds(all_streams[0], 100 if options.quick else 1), _accuracies(all_streams)]


def _peer(pair: Pair, stream: Stream) -> Floats:
    model, probabilities = pair.peer(), np.zeros(stream.labels.size)
    chances = getattr(model, "predict_proba_one", None) if pair.name != "passive_aggressive" else None
    for i, (row, label) in enumerate(zip(stream.features.tolist(), stream.labels.tolist(), strict=True)):
        example = dict(enumerate(row))
        probabilities[i] = chances(example).get(True, 0.0) if chances is not None else float(bool(model.predict_one(example)))
        model.learn_one(example, label == 1)
    return probabilities


def _loop(pair: Pair, stream: Stream) -> Floats:
    return pair.make(stream).learn_many(stream.features, stream.labels, np.ones(stream.labels.size))


def _events(pair: Pair, stream: Stream, micros: list[float] | None = None) -> None:
    model = pair.make(stream)
    outputs = np.zeros(model.n_outputs)
    predict, learn = model.predict, model.learn
    rows, labels = list(stream.features), stream.labels.tolist()
    if micros is None:
        for row, label in zip(rows, labels, strict=True):
            predict(row, outputs)
            learn(row, label, 1.0, outputs)
        return
    for row, label in zip(rows, labels, strict=True):
        start = elapsed_ns()
        predict(row, outputs)
        learn(row, label, 1.0, outputs)
        micros.append((elapsed_ns() - start) / 1e3)


def _speeds(whole: Stream, smaller: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for pair in PAIRS:
        n = min(max(pair.events // smaller, 50), whole.labels.size)
        stream = Stream(whole.name, np.ascontiguousarray(whole.features[:n]), whole.labels[:n], whole.classes)
        works = {
            "River": lambda pair=pair, stream=stream: _peer(pair, stream),
            "events": lambda pair=pair, stream=stream: _events(pair, stream),
            "loop": lambda pair=pair, stream=stream: _loop(pair, stream),
        }
        speeds = interleave(works, n, ROUNDS)
        micros: list[float] = []
        _events(pair, stream, micros)
        half, most = np.quantile(micros, [0.5, 0.99]).tolist()
        by_event, by_loop = (speeds["River"].median / speeds[name].median for name in ("events", "loop"))
        rates = [speeds[name].per_second for name in works]
        reached = [verdict(by_event, pair.per_event), verdict(by_loop, pair.loop)]
        rows.append((pair.name, n, *rates, by_event, pair.per_event, reached[0], by_loop, pair.loop, reached[1], half, most))
    columns = (
        Column("learner"),
        Column("examples"),
        *(Column(f"{name}/s") for name in ("River", "per event", "loop")),
        Column("x per event", "{:,.1f}"),
        Column("to reach", "{:g}"),
        Column("reached"),
        Column("x loop", "{:,.1f}"),
        Column("to reach", "{:g}"),
        Column("reached"),
        Column("p50 µs", "{:.1f}"),
        Column("p99 µs", "{:.1f}"),
    )
    notes = [
        "Ratios of medians. p50 and p99 are times of one prediction and one learning step together, as two calls from Python."
    ]
    return Table(f"Learners and River's, {whole.name}, {whole.features.shape[1]} features", columns, tuple(rows), tuple(notes))


def _accuracies(all_streams: list[Stream]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for pair in PAIRS:
        for stream in all_streams:
            ours, theirs = (
                binary_metrics(probabilities, stream.labels) for probabilities in (_loop(pair, stream), _peer(pair, stream))
            )
            points = 100.0 * ((ours.accuracy or 0.0) - (theirs.accuracy or 0.0))
            scores = [ours.accuracy, theirs.accuracy, ours.kappa, theirs.kappa]
            rows.append((pair.name, stream.title, *scores, f"{points:+.2f}", verdict(points, -POINTS)))
    columns = (
        Column("learner"),
        Column("stream"),
        *(Column(name, "{:.4f}") for name in ("accuracy", "River's", "kappa", "River's")),
        Column("points"),
        Column("within 0.5"),
    )
    return Table("Accuracy, each example predicted before it is learned", columns, tuple(rows))
