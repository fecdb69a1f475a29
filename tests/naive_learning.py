"""The slow obvious twins of the learning kernels: lists, one formula per line, everything kept and summed anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

FLOOR = 1e-6


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def logit(p: float) -> float:
    p = bounded(p, FLOOR, 1.0 - FLOOR)
    return math.log(p / (1.0 - p))


def log_loss(p: float, label: int) -> float:
    p = bounded(p, FLOOR, 1.0 - FLOOR)
    return -math.log(p if label == 1 else 1.0 - p)


def bounded(x: float, low: float, high: float) -> float:
    return low if x < low else high if x > high else x


@dataclass
class NaiveScaler:
    """Mean and variance of each column: plain over all rows until 1/n falls below ``step``, exponential from there on. A row
    counts as ``share`` of one.
    """

    d: int
    step: float
    max_z: float
    seen: float = 0.0
    mean: list[float] = field(default_factory=list)
    variance: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mean, self.variance = [0.0] * self.d, [0.0] * self.d

    def learn(self, row: Sequence[float], share: float = 1.0) -> None:
        self.seen += share
        step = max(share / self.seen, self.step * share)
        for j, x in enumerate(row):
            gap = x - self.mean[j]
            self.mean[j] = self.mean[j] + step * gap
            self.variance[j] = (1.0 - step) * (self.variance[j] + step * gap**2)

    def standard(self, row: Sequence[float]) -> list[float]:
        return [
            bounded((x - m) / math.sqrt(v), -self.max_z, self.max_z) if v > (1e-12 * m) ** 2 else 0.0
            for x, m, v in zip(row, self.mean, self.variance, strict=True)
        ]


@dataclass
class NaiveLogistic:
    d: int
    rate: float = 0.01
    l2: float = 0.0
    step: float = 0.0

    def __post_init__(self) -> None:
        self.scaler = NaiveScaler(self.d, self.step, max_z=50.0)
        self.weights = [0.0] * self.d
        self.bias = 0.0

    def predict(self, row: Sequence[float]) -> float:
        z = self.scaler.standard(row)
        return sigmoid(self.bias + sum(w * value for w, value in zip(self.weights, z, strict=True)))

    def learn(self, row: Sequence[float], label: int, weight: float = 1.0) -> None:
        if weight == 0.0:
            return
        counted = min(weight, 1.0)
        self.scaler.learn(row, counted)
        gradient = bounded((self.predict(row) - label) * weight, -10.0, 10.0)
        z = self.scaler.standard(row)
        live = [v > 0.0 for v in self.scaler.variance]
        self.weights = [
            bounded(w - self.rate * (gradient * value + self.l2 * counted * w), -50.0, 50.0) if alive else w
            for w, value, alive in zip(self.weights, z, live, strict=True)
        ]
        self.bias = bounded(self.bias - self.rate * gradient, -50.0, 50.0)


def share(
    weights: Sequence[float], probabilities: Sequence[float | None], label: int, exponent: float, alpha: float
) -> list[float]:
    """Herbster and Warmuth's two lines; an expert that sleeps (None) is taken to have said what the mixture said."""
    said = mix(weights, probabilities)
    likelihood = [math.exp(-exponent * log_loss(said if p is None else p, label)) for p in probabilities]
    posterior = [w * one for w, one in zip(weights, likelihood, strict=True)]
    total = math.fsum(posterior)
    return [(1.0 - alpha) * w / total + alpha / len(weights) for w in posterior]


def mix(weights: Sequence[float], probabilities: Sequence[float | None]) -> float:
    awake = [(w, p) for w, p in zip(weights, probabilities, strict=True) if p is not None]
    return math.fsum(w * p for w, p in awake) / math.fsum(w for w, _ in awake) if awake else 0.5


@dataclass
class NaiveBaselines:
    """Keeps (label, last label known when it was predicted, share of one that it counts as) of everything settled."""

    settled: list[tuple[int, int | None, float]] = field(default_factory=list)

    @property
    def last(self) -> int | None:
        return self.settled[-1][0] if self.settled else None

    @property
    def base_rate(self) -> float:
        return (sum(label * share for label, _, share in self.settled) + 1) / (sum(share for *_, share in self.settled) + 2)

    @property
    def no_change(self) -> float:
        if self.last is None:
            return 0.5
        chances = [(label == known, share) for label, known, share in self.settled if known is not None]
        repeat = (sum(same * share for same, share in chances) + 1) / (sum(share for _, share in chances) + 2)
        return repeat if self.last == 1 else 1.0 - repeat


@dataclass
class NaiveNewton:
    """Newton steps on the log loss with the curvature itself gathered, forgotten and solved for by numpy."""

    inputs: int
    forgetting: float
    prior: float
    boost: float = 1.0

    def __post_init__(self) -> None:
        self.weights = np.zeros(self.inputs)
        self.curvature = self.prior * np.eye(self.inputs)

    def score(self, z: Sequence[float]) -> float:
        return float(self.weights @ np.array(z))

    def learn(self, z: Sequence[float], label: int, weight: float) -> None:
        along, taken = np.array(z), min(weight, 10.0)
        p = sigmoid(self.score(z))
        seen = taken * max(p * (1.0 - p), 1e-3) * np.outer(along, along)
        sure = np.trace(np.linalg.inv(self.curvature)) < self.inputs / self.prior
        forgetting = 1.0 - (1.0 - self.forgetting) * min(weight, 1.0)
        old = (forgetting if sure else 1.0) * self.curvature
        step = np.linalg.solve(old / self.boost + seen, taken * (label - p) * along)
        self.weights = np.clip(self.weights + step, -50.0, 50.0)
        self.curvature = old + seen


@dataclass
class NaiveLadder:
    d: int
    sgd: Sequence[float]
    adagrad: Sequence[float]
    horizon: int = 1
    alpha: float = 1e-3
    step: float = 1.0 / 20_000
    boost: float = 1.0
    newtons: Sequence[tuple[float, float]] = ()

    def __post_init__(self) -> None:
        members = len(self.sgd) + len(self.adagrad)
        self.curved = [NaiveNewton(self.d + 1, forgetting, prior, self.boost) for forgetting, prior in self.newtons]
        self.scaler = NaiveScaler(self.d, self.step, max_z=8.0)
        self.weights = [[0.0] * (self.d + 1) for _ in range(members)]
        self.squares = [[0.0] * (self.d + 1) for _ in range(members)]
        experts = members + len(self.newtons) + 2
        self.mixture = [1.0 / experts] * experts
        self.baselines = NaiveBaselines()

    def members(self, row: Sequence[float]) -> list[float]:
        z = [*self.scaler.standard(row), 1.0]
        return [sigmoid(sum(w * value for w, value in zip(weights, z, strict=True))) for weights in self.weights]

    def predict(self, row: Sequence[float]) -> tuple[float, list[float], int | None]:
        """(probability, every expert's, the last label known)."""
        z = [*self.scaler.standard(row), 1.0]
        curved = [sigmoid(newton.score(z)) for newton in self.curved]
        said = [*self.members(row), *curved, self.baselines.base_rate, self.baselines.no_change]
        return mix(self.mixture, said), said, self.baselines.last

    def learn(self, row: Sequence[float], label: int, weight: float, said: Sequence[float], known: int | None) -> None:
        counted = min(weight, 1.0)
        alpha = min(self.alpha / self.horizon * self.boost, 0.5) * counted
        self.mixture = share(self.mixture, said, label, counted / self.horizon, alpha)
        self.scaler.learn(row, counted)
        z = [*self.scaler.standard(row), 1.0]
        for m, p in enumerate(self.members(row)):
            error = bounded((p - label) * weight, -10.0, 10.0)
            for j, value in enumerate(z):
                gradient = error * value
                if m < len(self.sgd):
                    change = self.sgd[m] * gradient
                else:
                    self.squares[m][j] += gradient**2
                    change = self.adagrad[m - len(self.sgd)] * gradient / math.sqrt(self.squares[m][j] + 1e-8)
                self.weights[m][j] = bounded(self.weights[m][j] - self.boost * change, -50.0, 50.0)
        for newton in self.curved:
            newton.learn(z, label, weight)
        self.baselines.settled.append((label, known, counted))


@dataclass
class NaivePlatt:
    """Newton steps on the log loss, with the information matrix gathered and solved by numpy."""

    exponent: float = 1.0

    def __post_init__(self) -> None:
        self.slope, self.offset = 1.0, 0.0
        self.precision = np.diag([4.0, 25.0])

    def calibrate(self, score: float) -> float:
        return sigmoid(self.slope * score + self.offset)

    def learn(self, score: float, label: int, share: float = 1.0) -> None:
        p, counted = self.calibrate(score), self.exponent * share
        along = np.array([score, 1.0])
        self.precision = self.precision + counted * max(p * (1.0 - p), 1e-4) * np.outer(along, along)
        down, across = np.linalg.solve(self.precision, counted * (p - label) * along)
        self.slope = bounded(self.slope - float(down), 0.0, 10.0)
        self.offset = bounded(self.offset - float(across), -5.0, 5.0)


@dataclass(frozen=True)
class NaiveRecord:
    """One settled prediction: a member's probability, the base rate's, the label, the last label known (None: none yet)."""

    p: float
    base: float
    label: int
    known: int | None
    no_change: float

    @property
    def guess(self) -> int:
        return int(self.p >= 0.5)

    @property
    def repeated(self) -> int:
        return int(self.no_change >= 0.5) if self.known is None else self.known


def accuracy(records: Sequence[NaiveRecord]) -> float:
    return sum(r.guess == r.label for r in records) / len(records)


def mean_log_loss(records: Sequence[NaiveRecord]) -> float:
    return math.fsum(log_loss(r.p, r.label) for r in records) / len(records)


def brier(records: Sequence[NaiveRecord]) -> float:
    return math.fsum((r.p - r.label) ** 2 for r in records) / len(records)


def both_classes(records: Sequence[NaiveRecord]) -> bool:
    return len({r.label for r in records}) == 2


def auc(records: Sequence[NaiveRecord]) -> float | None:
    """The share of (positive, negative) pairs that are ranked right; ties count half."""
    pairs = [(a.p, b.p) for a in records if a.label == 1 for b in records if b.label == 0]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs) if pairs else None


def kappa(records: Sequence[NaiveRecord]) -> float | None:
    n = len(records)
    said, true = sum(r.guess for r in records) / n, sum(r.label for r in records) / n
    by_chance = said * true + (1.0 - said) * (1.0 - true)
    return (accuracy(records) - by_chance) / (1.0 - by_chance) if both_classes(records) else None


def kappa_temporal(records: Sequence[NaiveRecord]) -> float | None:
    repeated = sum(r.repeated == r.label for r in records) / len(records)
    return (accuracy(records) - repeated) / (1.0 - repeated) if repeated < 1.0 and both_classes(records) else None


def skill_millinats(records: Sequence[NaiveRecord]) -> float:
    return 1_000.0 * math.fsum(log_loss(r.base, r.label) - log_loss(r.p, r.label) for r in records) / len(records)


def realised_volatility(closes: Sequence[float], at: int, horizon: int) -> float:
    """Root of the summed squared log returns of the ``horizon`` bars that end at bar ``at`` (counted from 0)."""
    return math.sqrt(math.fsum(math.log(closes[i] / closes[i - 1]) ** 2 for i in range(max(at - horizon + 1, 1), at + 1)))
