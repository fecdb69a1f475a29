"""The trials of the regime detector: small ones say what the large ones of docs/concepts/regimes.md do."""

from __future__ import annotations

import pytest

from alpha_pulse.simulation import regime_trials as trials


def test_where_nothing_changes_almost_nothing_is_told() -> None:
    found = trials.false_alarms(trials.STILL[0], runs=4, seed=2)
    assert (found.market, found.runs, found.bars) == ("Gaussian", 4, 80_000)
    assert found.rate == pytest.approx(found.labels + found.points) == pytest.approx(found.changes / 8)
    assert found.labels <= 0.25
    assert found.rate <= 0.5
    assert found.upper >= found.rate


@pytest.mark.parametrize("change", trials.CHANGING, ids=lambda change: change.name)
def test_changes_are_found(change: trials.ChangingMarket) -> None:
    found = trials.delay(change, runs=4, seed=3)
    assert found.detected == 1.0
    assert found.median is not None
    assert found.slowest_tenth is not None
    assert found.median <= found.slowest_tenth < (700 if change.feature == "trend" else 200)


def test_names_recur() -> None:
    found = trials.recurrence(runs=2, seed=4)
    assert found.accuracy > 0.9
    assert found.kappa > 0.85
    assert found.return_accuracy > 0.9


def test_equal_seeds_give_equal_trials() -> None:
    assert trials.delay(trials.CHANGING[0], 2, 5) == trials.delay(trials.CHANGING[0], 2, 5)
