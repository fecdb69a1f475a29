"""Slow and obvious twins of prequential evaluation: one example at a time, with plain lists and dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from alpha_pulse.evaluation.delays import Revision


def known_before(
    labels: Sequence[int], arrivals: Sequence[int], timeout: int | None, revisions: Sequence[Revision]
) -> list[dict[int, int]]:
    """For each example, the labels that are known when it is predicted, by example."""
    found: list[dict[int, int]] = []
    for now in range(len(labels) + 1):
        known: dict[int, int] = {}
        for example, (label, arrival) in enumerate(zip(labels, arrivals, strict=True)):
            taken = timeout is None or arrival - example <= timeout
            if taken and arrival < min(now, len(labels)):
                known[example] = label
                for one in sorted(revisions, key=lambda one: one.step):
                    if one.example == example and one.step < now:
                        known[example] = one.label
        found.append(known)
    return found


def last_known(known: dict[int, int]) -> int:
    return known[max(known)] if known else -1


def majority(known: dict[int, int], classes: int) -> list[float]:
    counts = [1 + sum(label == c for label in known.values()) for c in range(classes)]
    return [count / sum(counts) for count in counts]


def prequential(
    model: Any,
    rows: np.ndarray[Any, Any],
    labels: Sequence[int],
    arrivals: Sequence[int],
    revisions: Sequence[Revision] = (),
) -> list[float]:
    """P(label 1) of a binary model for each row; a label, and then what it is revised to, is learned when it is known."""
    said: list[float] = []
    stored: list[np.ndarray[Any, Any]] = []
    for now, row in enumerate(rows):
        outputs = np.zeros(model.n_outputs)
        said.append(model.predict(row, outputs))
        stored.append(outputs)
        for example in range(now + 1):
            if arrivals[example] == now:
                model.learn(rows[example], labels[example], 1.0, stored[example])
            for one in revisions:
                if (one.example, one.step) == (example, now):
                    model.learn(rows[example], one.label, 1.0, stored[example])
    return said


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    pairs = [
        1.0 if p > q else 0.5 if p == q else 0.0
        for p, came in zip(scores, positive, strict=True)
        if came
        for q, other in zip(scores, positive, strict=True)
        if not other
    ]
    return sum(pairs) / len(pairs) if pairs else None
