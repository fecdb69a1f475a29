"""How much of a proof runs in every test run, and how much under `make soak`."""

from __future__ import annotations

import pytest


def sizes(small: int, large: int, parts: int) -> pytest.MarkDecorator:
    """``count`` and ``seed``: ``small`` in every test run, and under `make soak` ``large`` in some parts."""
    marks = [pytest.mark.soak, pytest.mark.timeout(1_200)]
    long = [pytest.param(large // parts, seed, marks=marks, id=f"soak-{seed}") for seed in range(1, parts + 1)]
    return pytest.mark.parametrize(("count", "seed"), [pytest.param(small, 0, id="small"), *long])
