"""Paths of River's estimators, written as in River: see `alpha_pulse.integrations.estimator_path`."""

from __future__ import annotations

from typing import Any

from alpha_pulse.integrations.estimator_path import Library, Recipe, parse_path


def _base() -> type:
    base: type = RIVER.module("base").Base
    return base


def _pipeline(steps: list[Any]) -> Any:
    return RIVER.module("compose").Pipeline(*steps)


RIVER = Library(
    package="river",
    title="River",
    distribution="river",
    extra="river",
    closed=frozenset({"api", "checks", "compat", "datasets", "evaluate", "stream"}),
    seed="seed",
    base=_base,
    pipeline=_pipeline,
    example="preprocessing.StandardScaler | linear_model.LogisticRegression(l2=0.1)",
)


def parse(path: str) -> Recipe:
    """Parse a path into River. Raises as `alpha_pulse.integrations.estimator_path.parse_path`.

    >>> [kind.__name__ for kind in parse("preprocessing.StandardScaler | linear_model.LogisticRegression(l2=0.1)").classes()]
    ['StandardScaler', 'LogisticRegression']
    """
    return parse_path(path, RIVER)
