"""Slow, obvious twin of the evidence that one of two learners is better: everything anew, from all differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

RATES = [0.9 / 2.0**k for k in range(9)]


def evidence(differences: Sequence[float]) -> float:
    """log M* of one series: the largest value that its mixture ever had, and at least 1."""
    best = 0.0
    for n in range(1, len(differences) + 1):
        total = sum(differences[:n])
        squares = 0.0
        for i in range(n):
            mean = sum(differences[:i]) / i if i else 0.0
            squares += (differences[i] - min(mean, 0.0)) ** 2
        values = [math.exp(rate * total - (-math.log(1.0 - rate) - rate) * squares) for rate in RATES]
        best = max(best, math.log(sum(values) / len(values)))
    return best


def p_value(differences: Sequence[float], horizon: int) -> float:
    """One-sided, of a positive average."""
    found = [evidence(differences[k::horizon]) for k in range(horizon)]
    factor = math.e if horizon > 1 else 1.0
    return min(1.0, factor * math.exp(-sum(found) / horizon))
