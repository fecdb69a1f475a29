"""Invariant 7: the model takes part in some decisions, once its confidence is known; the other entry rule is shadowed."""

from __future__ import annotations

import pytest

from alpha_pulse.core.types import Signal
from flow.runs import EURUSD, INDICES, bundled_run, restless, restless_run, run

SCORES = 500


@pytest.mark.parametrize("name", [EURUSD, INDICES])
def test_the_model_takes_part_in_a_share_of_the_decisions(name: str) -> None:
    agents = bundled_run(name).system.agents
    assert agents.ml_fraction is not None
    assert 0.05 <= agents.ml_fraction <= 0.95
    signals = bundled_run(name).signals
    assert agents.ml_fraction == pytest.approx(sum(signal.ml_part is not None for signal in signals) / len(signals))


def test_rules_decide_alone_before_500_scores() -> None:
    done = restless_run()
    scores = 0
    before: list[Signal] = []
    after: list[Signal] = []
    for record, line in zip(done.records, done.decisions, strict=True):
        scores += sum(label.target == "direction" and label.label is not None for label in record.labels)
        if line is not None:
            (before if scores < SCORES else after).extend(line.signals)
    assert len(before) > 450
    assert all(signal.ml_part is None and signal.confidence is None for signal in before)
    assert any(signal.ml_part is not None for signal in after[:100])
    assert all(signal.confidence is not None for signal in after)


def test_a_threshold_that_is_never_reached_leaves_the_rules_alone() -> None:
    done = run(restless(900), {"batch.enabled": False, "agents.ml_confidence_threshold": 0.999})
    assert done.system.agents.ml_fraction == 0.0
    assert {order.book for order in done.orders} >= {"combined", "rules_only"}


@pytest.mark.parametrize(("rule", "shadow"), [("signal", "cost_aware"), ("cost_aware", "signal")])
def test_the_other_entry_rule_runs_as_a_shadow_book(rule: str, shadow: str) -> None:
    done = run(restless(1_400), {"batch.enabled": False, "execution.entry_rule": rule})
    results = done.system.execution.results(8_766.0)
    assert set(results) == {"combined", shadow, "rules_only", "ml_only", "buy_and_hold"}
    fills = {name: results[name].fills for name in ("combined", shadow)}
    following, reluctant = (fills["combined"], fills[shadow]) if rule == "signal" else (fills[shadow], fills["combined"])
    assert following != reluctant
    assert min(following, reluctant) > 0
    abstained = [abstention for record in done.records for abstention in record.abstentions]
    assert len(abstained) > 100
    assert all("round trip" in abstention.reason or "probability" in abstention.reason for abstention in abstained)
