"""Scaler and logistic regression, predict then learn, compared with River's pipeline of the same two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from river import linear_model, optim, preprocessing

from alpha_pulse.evaluation.streams.base import Floats, Stream
from alpha_pulse.evaluation.streams.generated import hyperplane, sea
from alpha_pulse.evaluation.streams.open import read_stream
from alpha_pulse.kernels.linear import linear as kernels
from alpha_pulse.metrics.batch import binary_metrics
from alpha_pulse.models.linear import Logistic
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

RATE = 0.01
RIVER = "River"
BARS = {"rows, two kernel calls": 8.0, "compiled loop": 75.0}
ROUNDS = 9
SAME = 1e-9


class Contest:
    """All contenders on one stream, each from an untrained model; ``outputs`` contains the newest probabilities of each."""

    def __init__(self, stream: Stream) -> None:
        self.features = stream.features
        self.labels = stream.labels
        self.weights = np.ones(stream.labels.size)
        self.width = stream.features.shape[1]
        self.rows = list(stream.features)
        self.answers = stream.labels.tolist()
        names = [f"x{j}" for j in range(self.width)]
        self.dicts = [dict(zip(names, row, strict=True)) for row in stream.features.tolist()]
        self.outputs: dict[str, Floats] = {}

    def works(self) -> dict[str, Callable[[], None]]:
        """The contenders, by their names in the table."""
        return {
            RIVER: self.river,
            "rows, two kernel calls": self.kernel_calls,
            "rows, two calls of Logistic": self.rows_of_class,
            "compiled loop": self.loop,
        }

    def _keep(self, name: str, probabilities: list[float]) -> None:
        self.outputs[name] = np.asarray(probabilities)

    def river(self) -> None:
        model = preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(RATE))
        predict, learn = model.predict_proba_one, model.learn_one
        out = []
        for row, label in zip(self.dicts, self.answers, strict=True):
            out.append(predict(row).get(True, 0.5))
            learn(row, label == 1)
        self._keep(RIVER, out)

    def kernel_calls(self) -> None:
        state, scratch = Logistic(self.width, rate=RATE).snapshot().arrays["state"], np.zeros(self.width)
        predict, learn = kernels.predict, kernels.learn
        out = []
        for row, label in zip(self.rows, self.answers, strict=True):
            out.append(predict(state, row))
            learn(state, row, label, 1.0, scratch)
        self._keep("rows, two kernel calls", out)

    def rows_of_class(self) -> None:
        model, outputs = Logistic(self.width, rate=RATE), np.zeros(1)
        predict, learn = model.predict, model.learn
        out = []
        for row, label in zip(self.rows, self.answers, strict=True):
            out.append(predict(row, outputs))
            learn(row, label, 1.0, outputs)
        self._keep("rows, two calls of Logistic", out)

    def loop(self) -> None:
        model = Logistic(self.width, rate=RATE)
        self.outputs["compiled loop"] = model.learn_many(self.features, self.labels, self.weights)


def run(options: Options) -> list[Table]:
    """One table per stream."""
    size = 50 if options.quick else 1
    first = read_stream(options.arff) if options.arff is not None else sea(45_000 // size, 6, seed=1)
    return [_contest(stream) for stream in (first, hyperplane(20_000 // size, 50, seed=2))]


def _contest(stream: Stream) -> Table:
    contest = Contest(stream)
    speeds = interleave(contest.works(), stream.labels.size, ROUNDS)
    outputs = contest.outputs
    apart = np.max([np.abs(outputs[RIVER] - other) for other in outputs.values()], axis=0)
    return rate_table(
        f"Scaler + logistic SGD({RATE:g}), predict then learn: {stream.title}",
        speeds,
        unit="examples",
        baseline=RIVER,
        reach=BARS,
        extra={
            "accuracy": {name: binary_metrics(p, stream.labels).accuracy for name, p in outputs.items()},
            "AUC": {name: binary_metrics(p, stream.labels).auc for name, p in outputs.items()},
        },
        notes=[f"{int((apart > SAME).sum()):,} of {apart.size:,} probabilities differ from River's by more than {SAME:g}."],
    )
