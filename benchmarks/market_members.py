"""The models compared on bars: the online model, the pipeline's mixture of it with a batch model, and frozen and growing batch
models.

Every model receives a label only after its horizon has passed; every number is a probability from before that time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import BatchConfig, ServingConfig
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.base.scores import LABEL, SERVED
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.kernels.mixing.hedge import fixed_share, mixture
from alpha_pulse.models.experts import MarketDefault
from alpha_pulse.models.gbm import LightGBM
from alpha_pulse.serving.member_mix import MemberMix

NONE = -1
"""A missing label: a tie, or no median yet."""
FIRST_PART = 0.3
"""The fraction of a file on which the frozen model is trained; scores start after it."""
RETRAININGS = 7
"""The number of trainings of the growing model, evenly spaced over the rest; the first equals that of the frozen model."""
SHARE = 1e-3
MEMBERS = ("online", "with batch", "frozen", "hedged frozen", "grow", "hedged grow")

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Bars(msgspec.Struct, frozen=True):
    """The rows of one file: features (n, d), whose ``common`` columns are for direction, and the inputs of labels."""

    name: str
    features: Floats
    common: int
    ready: NDArray[np.bool_]
    closes: Floats
    realised: Floats
    medians: Floats


class Task(msgspec.Struct, frozen=True):
    """One target on one file. Labels (n,) are 0, 1 or `NONE`; the label of row i is known at row i + horizon."""

    features: Floats
    labels: Labels
    horizon: int
    trees: int

    @property
    def cut(self) -> int:
        """The first scored row."""
        return int(len(self.labels) * FIRST_PART)


def read(path: Path, horizon: int) -> Bars:
    """Features and closes of a file of one symbol, from the product's feed and extractor."""
    feed = ReplayFeed.from_file(path)
    (symbol,) = feed.symbols
    extractor = FeatureExtractor(symbol, has_volume=feed.has_volume, has_quotes=feed.has_quotes, volatility_horizon=horizon)
    n = feed.total_bars
    features, ready = np.zeros((n, len(extractor.schema.names))), np.zeros(n, dtype=np.bool_)
    closes, realised, medians = np.zeros((3, n))
    i = 0
    while (bars := feed.next_slice()) is not None:
        for bar in bars:
            vector = extractor.update(bar)
            if vector is not None:
                features[i], ready[i] = vector.values, True
            closes[i], realised[i], medians[i] = bar.close, extractor.realised, extractor.trailing_median
            i += 1
    return Bars(path.stem, features, extractor.schema.n_common, ready, closes, realised, medians)


def task(bars: Bars, target: str, horizon: int) -> Task:
    """Labels and rows of ``volatility`` or ``direction``, as the product defines them."""
    h, batch = horizon, BatchConfig()
    labels = np.full(len(bars.closes), NONE, dtype=np.int64)
    if target == "volatility":
        known = bars.ready[:-h] & (bars.medians[:-h] > 0.0)
        labels[:-h] = np.where(known, bars.realised[h:] > bars.medians[:-h], NONE)
        return Task(bars.features, labels, h, batch.volatility_trees)
    known = bars.ready[:-h] & (bars.closes[h:] != bars.closes[:-h])
    labels[:-h] = np.where(known, bars.closes[h:] > bars.closes[:-h], NONE)
    return Task(np.ascontiguousarray(bars.features[:, : bars.common]), labels, h, batch.direction_trees)


def served(task: Task) -> tuple[dict[str, Floats], Floats]:
    """The probabilities (n,) of each model, NaN where it has none, and those of the running base rate."""
    online, base = _online(task)
    grow = _trained(task, RETRAININGS)
    frozen = _trained(task, 1)
    by_member = {
        "online": online,
        "with batch": _with_batch(task, online, frozen),
        "frozen": frozen,
        "hedged frozen": _hedged(task, frozen, base),
        "grow": grow,
        "hedged grow": _hedged(task, grow, base),
    }
    return by_member, base


def _delayed(task: Task, serve: Callable[[int], None], learn: Callable[[int, int], None]) -> None:
    """For each row first the label that is due, then the prediction."""
    labels = task.labels.tolist()
    for now in range(len(labels)):
        due = now - task.horizon
        if due >= 0 and labels[due] != NONE:
            learn(due, labels[due])
        serve(now)


def _online(task: Task) -> tuple[Floats, Floats]:
    n, d = task.features.shape
    model = MarketDefault(d, task.horizon)
    outputs, probabilities, rows = np.zeros((n, model.n_outputs)), np.zeros(n), list(task.features)

    def serve(i: int) -> None:
        probabilities[i] = model.predict(rows[i], outputs[i])

    _delayed(task, serve, lambda i, label: model.learn(rows[i], label, 1.0, outputs[i]))
    return probabilities, outputs[:, model.expert_names.index("base_rate")]


def _trained(task: Task, trainings: int) -> Floats:
    """A batch model, trained again at evenly spaced rows after the first part on all labels known by then."""
    n = len(task.labels)
    probabilities = np.full(n, math.nan)
    starts = np.linspace(task.cut, n, trainings + 1).astype(np.int64).tolist()
    for start, stop in pairwise(starts):
        known = np.flatnonzero(task.labels[: start - task.horizon + 1] != NONE)
        model = LightGBM(task.features.shape[1], trees=task.trees)
        model.fit(task.features[known], task.labels[known], np.ones(len(known)))
        probabilities[start:stop] = model.predict_many(task.features[start:stop])
    return probabilities


def _with_batch(task: Task, online: Floats, batch: Floats) -> Floats:
    """The mixture of serving: each member is calibrated, then fixed share mixes online model, batch model and base rate."""
    mix, probabilities = MemberMix(task.horizon, ServingConfig(fixed_share=SHARE)), np.zeros(len(online))
    rows = np.full((len(online), ensemble.ROW), math.nan)
    rows[:, ensemble.RAW_ONLINE], rows[:, ensemble.RAW_BATCH] = online, batch

    def serve(i: int) -> None:
        mix.mix(rows[i])
        probabilities[i] = rows[i, SERVED]

    def learn(i: int, label: int) -> None:
        rows[i, LABEL] = label
        mix.update(rows[i])

    _delayed(task, serve, learn)
    return probabilities


def _hedged(task: Task, member: Floats, base: Floats) -> Floats:
    weights, probabilities = np.full(2, 0.5), np.zeros(len(base))
    pairs = np.column_stack([member, base])

    def serve(i: int) -> None:
        probabilities[i] = mixture(weights, 0, pairs[i], 2)

    def learn(i: int, label: int) -> None:
        fixed_share(weights, 0, pairs[i], 2, label, 1.0 / task.horizon, SHARE / task.horizon)

    _delayed(task, serve, learn)
    return probabilities
