"""The linear learners written down plainly, with numpy vectors and a running list of rows for the scaler."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive_learning import NaivePlatt, sigmoid

Vector = NDArray[np.float64]


def soft(values: Vector, threshold: Any) -> Vector:
    found: Vector = np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)
    return found


class NaiveScaler:
    """Mean and variance of all rows so far, each counted as a share of one."""

    def __init__(self) -> None:
        self.rows: list[Vector] = []
        self.shares: list[float] = []

    def standard(self, row: Vector) -> Vector:
        if not self.rows:
            return np.append(np.zeros(len(row)), 1.0)
        mean = np.average(self.rows, axis=0, weights=self.shares)
        sd = np.sqrt(np.average((np.array(self.rows) - mean) ** 2, axis=0, weights=self.shares))
        z = np.divide(row - mean, sd, out=np.zeros(len(row)), where=sd > 1e-12)
        return np.append(np.clip(z, -50.0, 50.0), 1.0)


class NaiveOutput:
    """One row of weights and its method."""

    def __init__(self, method: str, inputs: int, **parameters: float) -> None:
        self.method, self.p = method, parameters
        self.w = np.zeros(inputs)
        self.sums: list[Vector] = [np.zeros(inputs) for _ in range(4)]
        self.variances = np.ones(inputs)
        self.free = np.append(np.ones(inputs - 1), 0.0)

    def follow(self, z: Vector, g: float, n: float, share: float) -> None:
        p, w, gradient = self.p, self.w, g * z
        rate, l1, l2 = p.get("rate", 0.0), p.get("l1", 0.0), p.get("l2", 0.0)
        if self.method != "ftrl":
            l1, l2 = share * l1, share * l2
        if self.method == "sgd":
            rate *= max(n, 1.0) ** -p.get("decay", 0.0)
            w = soft(w - rate * (gradient + l2 * self.free * w), rate * l1 * self.free)
        elif self.method == "adagrad":
            gradient = gradient + l2 * self.free * w
            self.sums[0] = self.sums[0] + gradient**2
            steps = rate / np.sqrt(self.sums[0] + 1e-8)
            w = np.append(soft(w - steps * gradient, steps * l1)[:-1], w[-1] - 0.01 * g)
        elif self.method == "ftrl":
            z_sum, squares = self.sums[0], self.sums[1]
            more = squares + gradient**2
            self.sums[0] = z_sum + gradient - (np.sqrt(more) - np.sqrt(squares)) / p["alpha"] * w
            self.sums[1] = more
            found = -soft(self.sums[0], l1) / ((p["beta"] + np.sqrt(more)) / p["alpha"] + l2)
            w = np.append(found[:-1], w[-1] - 0.01 * g)
        else:
            theta, total, most, won = self.sums
            most = np.maximum(most, np.abs(gradient))
            won = np.maximum(won - w * gradient, 0.0)
            theta, total = theta - gradient, total + np.abs(gradient)
            self.sums = [theta, total, most, won]
            part = np.divide(theta, most * np.maximum(total + most, 100.0 * most), out=np.zeros_like(w), where=most > 0.0)
            w = part * (most + won)
        self.w = np.clip(w, -50.0, 50.0)

    def insist(self, z: Vector, loss: float, error: float, weight: float, share: float) -> None:
        if self.method == "arow":
            spread = float(self.variances @ z**2)
            lever = self.variances * z
            self.w = self.w + weight * error / (weight * spread + self.p["noise"]) * lever
            shrunk = self.variances - weight / (weight * spread + self.p["noise"]) * lever**2
            self.variances = np.minimum(shrunk / (1.0 - (1.0 - self.p["forgetting"]) * share), 1.0)
        elif loss > 0.0:
            c, length = self.p["aggressiveness"] * weight, float(z @ z)
            step = min(c, loss / length) if self.p["variant"] == 1 else loss / (length + 0.5 / c)
            self.w = self.w + step * math.copysign(1.0, error) * z
        self.w = np.clip(self.w, -50.0, 50.0)


class NaiveLinear:
    """Classes (``classes`` >= 2) or a number (``classes`` = 0)."""

    def __init__(self, method: str, d: int, classes: int, **parameters: float) -> None:
        count = classes if classes > 2 else 1
        self.margin = method in ("passive_aggressive", "arow")
        self.classes = classes
        self.outputs = [NaiveOutput(method, d + 1, **parameters) for _ in range(count)]
        self.platts = [NaivePlatt() for _ in range(count)]
        self.scaler, self.targets = NaiveScaler(), [0.0][:0]

    def scores(self, row: Vector) -> list[float]:
        z = self.scaler.standard(row)
        return [float(output.w @ z) for output in self.outputs]

    def chances(self, row: Vector) -> Vector:
        scores = self.scores(row)
        if self.margin:
            said = np.array([platt.calibrate(score) for platt, score in zip(self.platts, scores, strict=True)])
        elif len(scores) == 1:
            said = np.array([sigmoid(scores[0])])
        else:
            said = np.exp(np.array(scores) - max(scores))
        return np.array([1.0 - said[0], said[0]]) if len(said) == 1 else said / said.sum()

    def learn(self, row: Vector, label: int, weight: float) -> None:
        share = min(weight, 1.0)
        self.scaler.rows.append(row)
        self.scaler.shares.append(share)
        z, taken = self.scaler.standard(row), min(weight, 10.0)
        scores = self.scores(row)
        said = self.chances(row)
        for c, (output, platt) in enumerate(zip(self.outputs, self.platts, strict=True)):
            right = label == (1 if len(scores) == 1 else c)
            if self.margin:
                y = 1.0 if right else -1.0
                platt.learn(scores[c], int(right), share)
                loss = max(1.0 - y * scores[c], 0.0)
                if loss > 0.0:
                    output.insist(z, loss, y * loss, taken, share)
            else:
                p = said[1] if len(scores) == 1 else said[c]
                output.follow(z, float(p - right) * taken, sum(self.scaler.shares), share)

    def estimate(self, row: Vector) -> float:
        mean, sd = self.spread()
        return mean + sd * self.scores(row)[0]

    def spread(self) -> tuple[float, float]:
        if not self.targets:
            return 0.0, 0.0
        mean = float(np.average(self.targets, weights=self.scaler.shares))
        return mean, math.sqrt(float(np.average((np.array(self.targets) - mean) ** 2, weights=self.scaler.shares)))

    def fit(self, row: Vector, target: float, weight: float) -> None:
        share = min(weight, 1.0)
        self.scaler.rows.append(row)
        self.scaler.shares.append(share)
        self.targets.append(target)
        mean, sd = self.spread()
        if sd <= 0.0:
            return
        error = (target - mean) / sd - self.scores(row)[0]
        z, taken = self.scaler.standard(row), min(weight, 10.0)
        if self.margin:
            self.outputs[0].insist(z, max(abs(error) - 0.1, 0.0), error, taken, share)
        else:
            self.outputs[0].follow(z, min(max(-error * taken, -10.0), 10.0), sum(self.scaler.shares), share)
