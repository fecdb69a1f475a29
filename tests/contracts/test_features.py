"""The contract checks of own features pass for honest ones, and each notices the promise that it names."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import own_features
from alpha_pulse.features.own import Bars, Feature, feature
from alpha_pulse.testing.checks import yield_feature_checks

CHECKS = {check.__name__: check for check in yield_feature_checks()}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [name for name in own_features.WARMUPS if name != "momentum"])
def test_own_feature(name: str, check: str) -> None:
    CHECKS[check](getattr(own_features, name))


def counting() -> Feature:
    calls = itertools.count()
    return feature(warmup=3)(lambda bars: 1e-3 * next(calls))


def divided_by_the_range(bars: Bars) -> Any:
    return np.float64(1.0) / (bars.high.max() - bars.low.min())


BROKEN: dict[str, Callable[[], Feature]] = {
    "check_feature_gives_numbers": lambda: feature(warmup=3)(divided_by_the_range),
    "check_feature_depends_on_its_bars_only": counting,
    "check_feature_has_no_lookahead": lambda: feature(warmup=3)(lambda bars: bars.close / bars.close.mean()),
    "check_feature_has_values": lambda: feature(warmup=3)(lambda bars: 1.0),
    "check_feature_is_of_usual_size": lambda: feature(warmup=3)(lambda bars: bars.close.item(-1)),
}


def test_each_check_has_a_feature_that_breaks_it() -> None:
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("check", BROKEN)
def test_a_broken_promise_is_noticed_by_its_check_alone(check: str) -> None:
    failed = []
    for name, each in CHECKS.items():
        try:
            each(BROKEN[check]())
        except AssertionError:
            failed.append(name)
    assert failed == [check]


def test_a_feature_that_is_always_missing_is_noticed() -> None:
    with pytest.raises(AssertionError, match="all of 200 values are NaN"):
        CHECKS["check_feature_has_values"](feature(warmup=3)(lambda bars: np.nan))
