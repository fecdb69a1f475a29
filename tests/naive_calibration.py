"""The slow obvious twins of calibrators and of the reliability table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from naive_learning import FLOOR, bounded, sigmoid


@dataclass
class NaiveBeta:
    """Newton steps with numpy's solver; negative slopes are set to 0 one at a time, the others solved for anew."""

    exponent: float = 1.0

    def __post_init__(self) -> None:
        self.at = np.array([1.0, 1.0, 0.0])
        self.precision = np.diag([4.0, 4.0, 25.0])

    def features(self, p: float) -> np.ndarray:
        p = bounded(p, FLOOR, 1.0 - FLOOR)
        return np.array([math.log(p), -math.log(1.0 - p), 1.0])

    def calibrate(self, p: float) -> float:
        return bounded(self.said(p), FLOOR, 1.0 - FLOOR)

    def said(self, p: float) -> float:
        return sigmoid(float(self.at @ self.features(p)))

    def learn(self, p: float, label: int) -> None:
        said, x = self.said(p), self.features(p)
        self.precision = self.precision + self.exponent * max(said * (1.0 - said), 1e-4) * np.outer(x, x)
        best = self.at - np.linalg.solve(self.precision, self.exponent * (said - label) * x)
        fixed: list[int] = []
        while best[[0, 1]].min() < 0.0:
            worst = int(np.argmin(best[[0, 1]]))
            # Minimise (y - best)' P (y - best) over y with the fixed ones and y[worst] at 0.
            fixed.append(worst)
            free = [i for i in range(3) if i not in fixed]
            move = np.zeros(3)
            move[worst] = -best[worst]
            push = self.precision[np.ix_(free, [worst])][:, 0] * move[worst]
            move[free] = -np.linalg.solve(self.precision[np.ix_(free, free)], push)
            best = best + move
            best[fixed] = 0.0
        self.at = np.array([bounded(best[0], 0.0, 10.0), bounded(best[1], 0.0, 10.0), bounded(best[2], -5.0, 5.0)])


@dataclass
class NaiveIsotonic:
    """Keeps every score; fits the newest ``window`` from scratch by pooling the first violator until there is none."""

    window: int
    every: int
    exponent: float = 1.0
    prior: float = 100.0
    scores: list[tuple[float, int]] = field(default_factory=list)
    knots: list[tuple[float, float]] = field(default_factory=list)

    def learn(self, p: float, label: int) -> None:
        self.scores.append((bounded(p, FLOOR, 1.0 - FLOOR), label))
        if len(self.scores) % self.every == 0:
            self.knots = self.fit(self.scores[-self.window :])

    def fit(self, held: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
        shrink = self.prior / (self.exponent * len(held))
        blocks = [list(tied) for _, tied in groupby(sorted(held), key=lambda score: score[0])]

        def value(block: list[tuple[float, int]]) -> float:
            return math.fsum((label + shrink * p) / (1.0 + shrink) for p, label in block) / len(block)

        k = 0
        while k + 1 < len(blocks):
            if value(blocks[k]) >= value(blocks[k + 1]):
                blocks[k : k + 2] = [blocks[k] + blocks[k + 1]]
                k = 0
            else:
                k += 1
        return [(math.fsum(p for p, _ in block) / len(block), value(block)) for block in blocks]

    def calibrate(self, p: float) -> float:
        p = bounded(p, FLOOR, 1.0 - FLOOR)
        if not self.knots:
            return p
        return bounded(float(np.interp(p, [x for x, _ in self.knots], [y for _, y in self.knots])), FLOOR, 1.0 - FLOOR)


def naive_bins(said: Sequence[float], labels: Sequence[int], bins: int) -> list[list[tuple[float, int]]]:
    """Distinct probabilities in turn, until the next multiple of n / bins is reached."""
    n, found, open_, seen, closed = len(said), [], list[tuple[float, int]](), 0, 0
    for _, tied in groupby(sorted(zip(said, labels, strict=True)), key=lambda pair: pair[0]):
        group = list(tied)
        open_, seen = open_ + group, seen + len(group)
        if seen * bins >= (closed + 1) * n:
            found.append(open_)
            open_, closed = [], seen * bins // n
    return found


def naive_wilson(share: float, n: float) -> tuple[float, float]:
    """The two p with (share - p)^2 = z^2 p (1 - p) / n."""
    square = 1.959963984540054**2 / n
    low, high = sorted(np.roots([1.0 + square, -2.0 * share - square, share**2]).real.tolist())
    return low, high
