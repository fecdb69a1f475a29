"""The slow obvious twins of the regime kernels: every hypothesis, whole matrices, a list of bars."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp  # type: ignore[import-untyped]
from scipy.stats import norm  # type: ignore[import-untyped]
from scipy.stats import t as student

Floats = NDArray[np.float64]


def naive_run_lengths(values: Floats, hazard: float, prior: tuple[float, float, float, float]) -> list[Floats]:
    """After each value the probabilities of run lengths 0, 1, ...: all hypotheses kept, the law of every run computed anew."""
    mean, kappa, alpha, beta = prior
    logs, found = np.zeros(1), []
    for at, value in enumerate(values):
        densities = []
        for run in range(at + 1):
            seen = values[at - run : at]
            k, a = kappa + run, alpha + run / 2
            average = seen.mean() if run else 0.0
            m = (kappa * mean + run * average) / k
            b = beta + 0.5 * ((seen - average) ** 2).sum() + kappa * run * (average - mean) ** 2 / (2 * k)
            densities.append(student.logpdf(value, 2 * a, loc=m, scale=math.sqrt(b * (k + 1) / (a * k))))
        grown = logs + np.array(densities)
        logs = np.concatenate([[math.log(hazard) + logsumexp(grown)], math.log1p(-hazard) + grown])
        logs -= logsumexp(logs)
        found.append(np.exp(logs))
    return found


def naive_filter(values: Floats, means: Floats, deviations: Floats, transitions: Floats) -> Floats:
    """The forward algorithm, textbook style, from equal probabilities: (n, K)."""
    said = np.full(len(means), 1.0 / len(means))
    found = []
    for row in values:
        said = (said @ transitions) * norm.pdf(row, means, deviations).prod(axis=1)
        said = said / said.sum()
        found.append(said)
    return np.array(found)


def naive_learned(
    values: Floats, means: Floats, deviations: Floats, transitions: Floats, memory: float
) -> tuple[Floats, Floats, Floats]:
    """Expected statistics under fixed parameters, weighed by the same falling rates: (moves (K, K), counts (K,), sums (K, D)).

    Of each instant the smoothed probabilities count, by forward and backward passes over all values.
    """
    n, states = len(values), len(means)
    forward = naive_filter(values, means, deviations, transitions)
    likelihood = np.array([norm.pdf(row, means, deviations).prod(axis=1) for row in values])
    backward = np.ones((n, states))
    for at in range(n - 2, -1, -1):
        backward[at] = transitions @ (likelihood[at + 1] * backward[at + 1])
        backward[at] /= backward[at].sum()
    rates = np.array([max(float(k) ** -0.8, 1.0 / memory) for k in range(1, n + 1)])
    weights = rates * np.concatenate([np.cumprod((1.0 - rates)[::-1])[::-1][1:], [1.0]])
    smoothed = forward * backward
    smoothed /= smoothed.sum(axis=1, keepdims=True)
    moves = np.zeros((states, states))
    before = np.vstack([np.full(states, 1.0 / states), forward[:-1]])
    for at in range(n):
        joint = before[at][:, None] * transitions * (likelihood[at] * backward[at])[None, :]
        moves += weights[at] * joint / joint.sum()
    return moves, weights @ smoothed, (weights[:, None] * smoothed).T @ values


@dataclass
class NaiveMarket:
    """Blocks out of whole lists of bars."""

    block: int
    reference: int

    def blocks(self, bars: Floats) -> Floats:
        """(volatility, trend, correlation with the bar before) of each whole block of bars (n, 3): high, low, close."""
        closes = bars[:, 2]
        returns = np.diff(np.log(closes))
        high = np.maximum(bars[1:, 0], closes[:-1])
        low = np.minimum(bars[1:, 1], closes[:-1])
        roots = np.sqrt(np.log(high / low))
        earlier = np.concatenate([[0.0], returns[:-1]])
        found, level = [], None
        for number in range(len(returns) // self.block):
            cut = slice(number * self.block, (number + 1) * self.block)
            r, l = returns[cut], earlier[cut]  # noqa: E741
            own = 2.0 * math.log(roots[cut].mean())
            level = own if level is None else level
            volatility = min(max(own - level, -3.0), 3.0)
            level += min(max(volatility, -0.35), 0.35) / min(number + 1, self.reference)
            correlation = min(max((r @ l) / math.sqrt((r @ r) * (l @ l)), -0.95), 0.95)
            found.append((volatility, r.sum() / math.sqrt(r @ r), math.sqrt(self.block) * math.atanh(correlation)))
        return np.array(found)
