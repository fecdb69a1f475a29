"""Invariant 1: a step is bit-equal whatever comes after it, and a planted leak is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from alpha_pulse.agents import AGENTS
from alpha_pulse.engine import system as construction
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import planted_signal
from flow.runs import (
    EURUSD,
    INDICES,
    LEAN,
    RESTLESS,
    LeakyExtractor,
    again,
    begun,
    bundled_feed,
    bundled_run,
    let_peek,
    restless,
    restless_run,
    run,
    with_future,
)
from journal_rows import rows

Steps = list[tuple[bytes, bytes | None]]


def steps_until(feed: ReplayFeed, count: int, settings: dict[str, Any]) -> Steps:
    system = begun(feed, settings)
    for _ in range(count):
        assert system.step()
    return [(row.payload, row.decision) for row in rows(system.store)]


def first_difference(found: Steps, whole: Steps) -> int | None:
    """The first step that is not the whole run's; None when ``found`` is its beginning."""
    return next((i for i, step in enumerate(found) if step != whole[i]), None)


def market() -> ReplayFeed:
    return planted_signal(1_200, seed=5, change_points=[600])


def check_blind(settings: dict[str, Any], prepare: Callable[[ReplayFeed], None] = lambda feed: None) -> None:
    """Cut at, and change everything after, several random instants: the steps before must not know."""
    prepare(market())
    whole = run(market(), settings).steps
    for number, after in enumerate(np.random.default_rng(8).integers(100, 1_150, 3).tolist()):
        changed = with_future(market(), after, seed=number)
        prepare(changed)
        assert first_difference(steps_until(changed, after, settings), whole) is None, (
            f"the future after {after} is known before"
        )
        cut = market().cut(after)
        prepare(cut)
        assert first_difference(run(cut, settings).steps, whole) is None, f"the end at {after} is known before"


def test_the_future_changes_nothing() -> None:
    check_blind({"batch.enabled": False})


def test_the_tests_futures_are_other_ones() -> None:
    # Were `with_future` to change nothing, the tests of this file would pass for nothing.
    changed, whole = with_future(market(), 700, seed=1), market()
    assert run(changed, LEAN).steps[700] != run(whole, LEAN).steps[700]
    assert np.array_equal(changed.columns.close[:700], whole.columns.close[:700])


@pytest.mark.parametrize("after", [1_490, 1_600, 2_950])
def test_training_alarms_and_trials_know_nothing_of_the_future(after: int) -> None:
    changed = with_future(restless(), after, seed=after)
    assert first_difference(steps_until(changed, after, RESTLESS), restless_run().steps) is None


@pytest.mark.parametrize(("name", "slices"), [(EURUSD, 2_500), (INDICES, 2_200)])
def test_a_cut_file_is_the_beginning_of_the_whole_one(name: str, slices: int) -> None:
    cut = run(again(bundled_feed(name)).cut(slices))
    whole = bundled_run(name)
    assert len(cut.steps) == slices
    assert first_difference(cut.steps, whole.steps) is None
    lines = [decision for _, decision in cut.steps if decision is not None]
    assert lines == [decision for _, decision in whole.steps if decision is not None][: len(lines)]


def test_an_extractor_that_peeks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(construction, "FeatureExtractor", LeakyExtractor)

    def prepare(feed: ReplayFeed) -> None:
        LeakyExtractor.closes = feed.columns.close

    with pytest.raises(AssertionError, match="known before"):
        check_blind(LEAN, prepare)


def test_an_agent_that_peeks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "peeking", "flow.runs:Peeking")
    with pytest.raises(AssertionError, match="known before"):
        check_blind({**LEAN, "agents.members": ["peeking"]}, lambda feed: let_peek(feed, seed=1, share=1.0))


def test_an_agent_that_could_peek_but_does_not_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "peeking", "flow.runs:Peeking")
    check_blind({**LEAN, "agents.members": ["peeking"]}, lambda feed: let_peek(feed, seed=1, share=0.0))


def test_a_label_is_learned_only_after_its_horizon() -> None:
    horizons = {"volatility": 12, "direction": 3}
    served: dict[str, int] = {}
    labelled = 0
    for number, record in enumerate(restless_run().records):
        for label in record.labels:
            assert number - served.pop(label.prediction_id) == horizons[label.target]
            labelled += 1
        for prediction in record.predictions:
            served[prediction.prediction_id] = number
    assert labelled > 7_000


def test_an_order_first_trades_at_a_later_bar() -> None:
    done = restless_run()
    released = {order.order_id: order.ts for order in done.orders}
    assert len(done.fills) > 500
    assert all(fill.ts > released[fill.order_id] for fill in done.fills)
