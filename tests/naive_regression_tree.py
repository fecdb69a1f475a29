"""Slow, obvious twins of the regression tree and of boosted trees: objects, lists, recursion; and a stream of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alpha_pulse.models.base import Row

MISSING = -1e300


@dataclass
class Histogram:
    """Weight and sum of targets in bins of one width, over a range that doubles until a value lies within it."""

    bins: int
    least: float = 0.0
    per_width: float = 0.0
    weights: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.weights = [0.0] * self.bins
        self.sums = [0.0] * self.bins

    def place(self, value: float) -> int:
        if self.per_width == 0.0:
            if self.weights[0] == 0.0:
                self.least = value
                return 0
            width = abs(value - self.least) / (self.bins - 1.0)
            if width <= 1e-13 * max(abs(value), abs(self.least)):
                return 0
            self.per_width = 1.0 / width
            if value > self.least:
                return self.bins - 1
            self.least = value
            self.weights.reverse()
            self.sums.reverse()
            return 0
        while not 0.0 <= (value - self.least) * self.per_width < self.bins:
            down = value < self.least
            if down:
                self.least -= self.bins / self.per_width
            weights, sums = [0.0] * self.bins, [0.0] * self.bins
            for b in range(self.bins):
                to = (b + (self.bins if down else 0)) // 2
                weights[to] += self.weights[b]
                sums[to] += self.sums[b]
            self.weights, self.sums = weights, sums
            self.per_width *= 0.5
        return int((value - self.least) * self.per_width)

    def add(self, value: float, weight: float, target: float) -> None:
        b = self.place(value)
        self.weights[b] += weight
        self.sums[b] += weight * target

    def best(self) -> tuple[float, float, float, float]:
        """(gain, threshold, weight to the left, sum to the left)."""
        found = (0.0, 0.0, 0.0, 0.0)
        if self.per_width == 0.0:
            return found
        weight, total = sum(self.weights), sum(self.sums)
        for cut in range(1, self.bins):
            left, left_sum = sum(self.weights[:cut]), sum(self.sums[:cut])
            right, right_sum = weight - left, total - left_sum
            if self.weights[cut - 1] > 0.0 and left > 0.01 * weight and right > 0.01 * weight:
                gain = left_sum**2 / left + right_sum**2 / right - total**2 / weight
                if gain > found[0]:
                    empty = 0
                    while cut + empty < self.bins - 1 and self.weights[cut + empty] == 0.0:
                        empty += 1
                    found = (gain, self.least + (cut + 0.5 * empty) / self.per_width, left, left_sum)
        return found

    def narrowed(self) -> Histogram:
        new = Histogram(self.bins)
        used = [b for b in range(self.bins) if self.weights[b] > 0.0]
        if self.per_width and used:
            new.least = self.least + used[0] / self.per_width
            new.per_width = self.per_width * self.bins / (used[-1] - used[0] + 1.0)
        return new

    def cut(self, threshold: float, below: bool) -> None:
        if self.per_width:
            low, high = (self.least, threshold) if below else (threshold, self.least + self.bins / self.per_width)
            if high - low > 1e-13 * max(abs(low), abs(high)):
                self.least, self.per_width = low, self.bins / (high - low)


@dataclass
class Node:
    """A leaf, or after a split an inner node."""

    histograms: list[Histogram]
    line: list[float]
    value: float = 0.0
    known: float = 0.0
    came: float = 0.0
    count: float = 0.0
    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    offset: float = 0.0
    tried: float = 0.0
    mean_error: float = 0.0
    line_error: float = 0.0
    feature: int = -1
    threshold: float = 0.0
    children: list[Node] = field(default_factory=list)


class NaiveRegressionTree:
    """See `alpha_pulse.kernels.trees.regression_tree`; every leaf observes every feature."""

    def __init__(
        self,
        d: int,
        *,
        bins: int,
        leaves: int,
        delta: float,
        tau: float,
        grace: int,
        least_f: float,
        linear: bool,
        span: float = 1e15,
        window: float = 1e15,
        prior: float = 0.0,
    ) -> None:
        self.d, self.max_leaves, self.linear = d, leaves, linear
        self.delta, self.tau, self.grace, self.least_f = delta, tau, grace, least_f
        self.span, self.window, self.prior, self.bins = span, window, prior, bins
        self.means, self.variances, self.seen = [0.0] * d, [0.0] * d, [0.0] * d
        self.start()

    def start(self) -> None:
        self.root = Node([Histogram(self.bins) for _ in range(self.d)], [0.0] * (self.d + 1), known=self.prior)
        self.leaves = 1

    def child(self, node: Node, x: list[float]) -> Node:
        left, right = node.children
        if x[node.feature] <= MISSING:
            return left if left.came >= right.came else right
        return left if x[node.feature] < node.threshold else right

    def scores(self, x: list[float]) -> list[float]:
        out = []
        for f in range(self.d):
            known = x[f] > MISSING and self.variances[f] > 0.0
            out.append(max(-5.0, min(5.0, (x[f] - self.means[f]) / math.sqrt(self.variances[f]))) if known else 0.0)
        return out

    def on_line(self, leaf: Node, x: list[float]) -> float:
        return sum((w * z for w, z in zip(leaf.line, self.scores(x), strict=False)), leaf.line[-1])

    def speak(self, leaf: Node, x: list[float]) -> float:
        return self.on_line(leaf, x) if self.linear and leaf.line_error < leaf.mean_error else leaf.value

    def predict(self, x: list[float]) -> float:
        node = self.root
        while node.children:
            node = self.child(node, x)
        return self.speak(node, x)

    def learn(self, x: list[float], target: float, weight: float, share: float | None = None) -> float:
        share = min(weight, 1.0) if share is None else share
        if self.linear:
            for f in range(self.d):
                if x[f] > MISSING:
                    self.seen[f] = min(self.seen[f] + share, 1e4)
                    step = share / self.seen[f]
                    gap = x[f] - self.means[f]
                    self.means[f] += step * gap
                    self.variances[f] += step * (gap * gap * (1.0 - step) - self.variances[f])
        node = self.root
        node.came += weight
        while node.children:
            node = self.child(node, x)
            node.came += weight
        said = self.speak(node, x)
        self.observe(node, x, target, weight, share)
        if node.count - node.tried >= self.grace:
            node.tried = node.count
            if not self.split(node) and node.count >= self.window:
                self.fade(node)
        return said

    def observe(self, leaf: Node, x: list[float], target: float, weight: float, share: float) -> None:
        if self.linear:
            error, off = target - self.on_line(leaf, x), target - leaf.value
            leaf.mean_error = (1.0 - 0.005 * share) * leaf.mean_error + share * off * off
            leaf.line_error = (1.0 - 0.005 * share) * leaf.line_error + share * error * error
            scores = self.scores(x)
            rate = (
                max(1.0 / math.sqrt(0.3 * leaf.count + 4.0), 0.03)
                * min(weight, 1.0)
                * error
                / (1.0 + sum(z * z for z in scores))
            )
            leaf.line = [w + rate * z for w, z in zip(leaf.line, [*scores, 1.0], strict=True)]
        known = leaf.known + weight
        leaf.value += weight / known * (target - leaf.value)
        leaf.known = min(known, self.span)
        if leaf.count == 0.0:
            leaf.offset = leaf.value
        target -= leaf.offset
        leaf.count += share
        leaf.weight += weight
        leaf.total += weight * target
        leaf.squares += weight * target * target
        for value, histogram in zip(x, leaf.histograms, strict=True):
            if value > MISSING:
                histogram.add(value, weight, target)

    def fade(self, leaf: Node) -> None:
        leaf.count *= 0.5
        leaf.tried = leaf.count
        leaf.weight, leaf.total, leaf.squares = leaf.weight / 2, leaf.total / 2, leaf.squares / 2
        for histogram in leaf.histograms:
            histogram.weights = [w / 2 for w in histogram.weights]
            histogram.sums = [s / 2 for s in histogram.sums]

    def split(self, leaf: Node) -> bool:
        spread = leaf.squares - leaf.total**2 / leaf.weight
        if self.leaves >= self.max_leaves or not spread > 1e-13 * leaf.squares:
            return False
        found = [histogram.best() for histogram in leaf.histograms]
        chosen = max(range(self.d), key=lambda f: found[f][0])
        gain, threshold, weight, total = found[chosen]
        second = max((found[f][0] for f in range(self.d) if f != chosen), default=0.0)
        bound = math.sqrt(math.log(1.0 / self.delta) / (2.0 * leaf.count))
        if gain == 0.0 or gain * (leaf.count - 2.0) < self.least_f * (spread - gain):
            return False
        if second > gain * (1.0 - bound) and bound >= self.tau:
            return False
        histogram = leaf.histograms[chosen]
        parts = [(weight, total), (sum(histogram.weights) - weight, sum(histogram.sums) - total)]
        leaf.feature, leaf.threshold = chosen, threshold
        for side, (share, part) in enumerate(parts):
            child = Node([h.narrowed() for h in leaf.histograms], list(leaf.line))
            child.histograms[chosen].cut(threshold, side == 0)
            child.value = child.offset = leaf.offset + part / share
            child.known = min(share, self.span)
            child.came = share / max(leaf.weight, share) * leaf.came
            child.mean_error, child.line_error = leaf.mean_error, leaf.line_error
            leaf.children.append(child)
        self.leaves += 1
        return True


class NaiveBoosting:
    """See `alpha_pulse.kernels.trees.boosting`, for two classes."""

    def __init__(self, trees: list[NaiveRegressionTree], rate: float, period: float) -> None:
        self.trees, self.rate, self.period = trees, rate, period
        self.clock, self.turn = 0.0, 0

    def predict(self, x: list[float]) -> float:
        return 1.0 / (1.0 + math.exp(-sum(self.rate * tree.predict(x) for tree in self.trees)))

    def learn(self, x: list[float], label: int, weight: float) -> None:
        score = 0.0
        for tree in self.trees:
            p = 1.0 / (1.0 + math.exp(-score))
            hessian = max(p * (1.0 - p), 0.01)
            score += self.rate * tree.learn(x, max(-4.0, min(4.0, (label - p) / hessian)), weight * hessian, min(weight, 1.0))
        self.clock += min(weight, 1.0)
        if self.clock >= self.period:
            self.clock = 0.0
            tree, self.turn = self.trees[self.turn], (self.turn + 1) % len(self.trees)
            if tree.leaves == tree.max_leaves:
                tree.start()


def friedman(n: int, seed: int) -> tuple[Row, Row, Row]:
    """Friedman's first function (1991) of five features, noise of 1."""
    generator = np.random.default_rng(seed)
    x = generator.random((n, 5))
    y = 10.0 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20.0 * (x[:, 2] - 0.5) ** 2 + 10.0 * x[:, 3] + 5.0 * x[:, 4]
    return x, y + generator.normal(size=n), generator.uniform(0.5, 2.0, n)


def error(y: Row, served: Row) -> float:
    return float(np.abs(y - served)[len(y) // 2 :].mean())


def predicted_by_river(model: Any, x: Row, y: Row) -> Row:
    """The predictions of an estimator of River, each before it learns the row."""
    predictions = []
    for row, target in zip(x.tolist(), y.tolist(), strict=True):
        example = dict(enumerate(row))
        predictions.append(model.predict_one(example))
        model.learn_one(example, target)
    return np.asarray(predictions)
