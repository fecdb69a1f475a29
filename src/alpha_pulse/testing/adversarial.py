"""Sequences that often break learners: huge, tiny, constant and alternating rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alpha_pulse.models.base import Row
from alpha_pulse.testing.streams import Labels

HUGE = 1e100
TINY = 1e-300


def adversarial(n: int, n_features: int, classes: int, seed: int) -> Iterator[tuple[str, Row, Labels]]:
    """Each sequence as (name, features (n, n_features), labels (n,)).

    >>> [name for name, rows, labels in adversarial(4, 2, 2, seed=1)]
    ['huge', 'tiny', 'constant', 'alternating', 'one class', 'a jump']
    """
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    signs = generator.choice([-1.0, 1.0], (n, n_features))
    turns = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)[:, None] * np.ones(n_features)
    normal = generator.normal(size=(n, n_features))
    yield "huge", signs * HUGE * generator.random((n, n_features)), labels
    yield "tiny", signs * TINY * generator.random((n, n_features)), labels
    yield "constant", np.full((n, n_features), 3.0), labels
    yield "alternating", turns * HUGE, np.arange(n) % classes
    yield "one class", normal, np.full(n, classes - 1)
    yield "a jump", np.where(np.arange(n)[:, None] == n // 2, HUGE, normal), labels
