"""A Hoeffding tree as its authors describe it: objects, dicts and lists, nothing saved, nothing packed."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = -1e300


def entropy(weights: Sequence[float]) -> float:
    total = sum(weights)
    return -sum(w / total * math.log2(w / total) for w in weights if w > 0.0) if total > 0.0 else 0.0


class Gaussian:
    """What one class has shown of one feature."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    def add(self, value: float, weight: float) -> None:
        self.seen.append((value, weight))

    @property
    def weight(self) -> float:
        return sum(w for _, w in self.seen)

    @property
    def mean(self) -> float:
        return sum(v * w for v, w in self.seen) / self.weight

    @property
    def variance(self) -> float:
        if self.weight <= 1.0 or len({v for v, _ in self.seen}) < 2:
            return 0.0
        mean = self.mean
        return sum(w * (v - mean) ** 2 for v, w in self.seen) / (self.weight - 1.0)

    def log_density(self, value: float) -> float:
        variance = self.variance
        if variance <= 0.0:
            return 0.0
        return -0.5 * (math.log(2.0 * math.pi * variance) + (value - self.mean) ** 2 / variance)

    def left_of(self, threshold: float) -> float:
        if not self.seen or threshold < min(v for v, _ in self.seen):
            return 0.0
        if threshold >= max(v for v, _ in self.seen):
            return self.weight
        away = (threshold - self.mean) / math.sqrt(self.variance)
        return self.weight * 0.5 * (1.0 + math.erf(away / math.sqrt(2.0)))


class Node:
    def __init__(self, counts: list[float], d: int) -> None:
        self.counts = counts
        self.feature: int | None = None
        self.threshold = 0.0
        self.children: list[Node] = []
        self.seen = sum(counts)
        self.last_try = sum(counts)
        self.majority_right = 0.0
        self.bayes_right = 0.0
        self.observers = [[Gaussian() for _ in range(d)] for _ in counts]


class NaiveTree:
    """Numeric features only."""

    def __init__(self, d: int, classes: int, delta: float = 1e-7, tau: float = 0.05, grace: float = 200.0) -> None:
        self.d, self.classes = d, classes
        self.delta, self.tau, self.grace = delta, tau, grace
        self.root = Node([0.0] * classes, d)

    def path(self, x: Sequence[float]) -> list[Node]:
        nodes = [self.root]
        while nodes[-1].feature is not None:
            node = nodes[-1]
            left, right = node.children
            value = x[node.feature or 0]
            goes_left = left.seen >= right.seen if value <= MISSING else value <= node.threshold
            nodes.append(left if goes_left else right)
        return nodes

    @staticmethod
    def span(values: Sequence[float]) -> float:
        return max(values) - min(values) if values else 0.0

    def bayes(self, leaf: Node, x: Sequence[float]) -> list[float]:
        scores = []
        ranges = [self.span([value for observers in leaf.observers for value, _ in observers[k].seen]) for k in range(self.d)]
        for count, observers in zip(leaf.counts, leaf.observers, strict=True):
            if count <= 1e-9:
                scores.append(-math.inf)
                continue
            known = [(k, o, v) for k, (o, v) in enumerate(zip(observers, x, strict=True)) if v > MISSING and o.variance > 0.0]
            scores.append(math.log(count) + sum(o.log_density(v) + math.log(10.0 * ranges[k]) for k, o, v in known))
        return scores

    def predict(self, x: Sequence[float]) -> list[float]:
        leaf = self.path(x)[-1]
        scores = self.bayes(leaf, x)
        if sum(leaf.counts) > 0.0 and leaf.bayes_right + 0.5 >= leaf.majority_right:
            shares = [math.exp(s - max(scores)) for s in scores]
        else:
            shares = [count + 1.0 for count in leaf.counts]
        return [share / sum(shares) for share in shares]

    def learn(self, x: Sequence[float], label: int, weight: float) -> None:
        path = self.path(x)
        for node in path:
            node.seen += weight
        leaf = path[-1]
        empty = sum(leaf.counts) == 0.0
        scores = self.bayes(leaf, x)
        if not empty and scores.index(max(scores)) == label:
            leaf.bayes_right += weight
        if empty or leaf.counts.index(max(leaf.counts)) == label:
            leaf.majority_right += weight
        leaf.counts[label] += weight
        for observer, value in zip(leaf.observers[label], x, strict=True):
            if value > MISSING:
                observer.add(value, weight)
        if sum(leaf.counts) - leaf.last_try >= self.grace:
            leaf.last_try = sum(leaf.counts)
            self.try_split(leaf)

    def try_split(self, leaf: Node) -> None:
        total = sum(leaf.counts)
        met = sum(1 for count in leaf.counts if count > 0.0)
        if met < 2:
            return
        if max(leaf.counts) / total > 0.99:
            leaf.observers = [[Gaussian() for _ in range(self.d)] for _ in leaf.counts]
            return
        bound = math.sqrt(math.log2(met) ** 2 * math.log(1.0 / self.delta) / (2.0 * total))
        candidates = sorted((self.best_of(leaf, j) for j in range(self.d)), key=lambda found: -found[0])
        best = candidates[0]
        second = max([0.0, *(found[0] for found in candidates[1:])])
        if best[0] <= 0.0 or (best[0] - second <= bound and bound >= self.tau):
            return
        _, leaf.feature, leaf.threshold = best
        left = [observers[leaf.feature].left_of(leaf.threshold) for observers in leaf.observers]
        right = [o[leaf.feature].weight - w for o, w in zip(leaf.observers, left, strict=True)]
        leaf.children = [Node(left, self.d), Node(right, self.d)]

    def best_of(self, leaf: Node, feature: int) -> tuple[float, int, float]:
        """(gain, feature, threshold)."""
        observers = [of_class[feature] for of_class in leaf.observers]
        values = [v for o in observers for v, _ in o.seen]
        best = (-1.0, feature, 0.0)
        if not values:
            return best
        low, high = min(values), max(values)
        for k in range(1, 11):
            threshold = low + (high - low) / 11.0 * k
            left = [o.left_of(threshold) for o in observers]
            right = [o.weight - w for o, w in zip(observers, left, strict=True)]
            total = sum(left) + sum(right)
            if not low < threshold < high or min(sum(left), sum(right)) <= 0.01 * total:
                continue
            before = entropy([o.weight for o in observers])
            gain = before - (sum(left) * entropy(left) + sum(right) * entropy(right)) / total
            if gain > best[0]:
                best = (gain, feature, threshold)
        return best
