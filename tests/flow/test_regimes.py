"""The regime detector in the loop: it sees the market, its changes are journaled, decided on and shown."""

from __future__ import annotations

import asyncio
from functools import cache

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.types import RegimeChange
from alpha_pulse.detectors.regime import RegimeDetector
from alpha_pulse.feeds.synthetic import Market, SyntheticFeed, regimes
from alpha_pulse.journal.records import encode
from alpha_pulse.stores.memory import MemoryStore
from flow.gateways import opened, ran
from flow.runs import LEAN, Done, again, begun, finished, run

CHANGES = (1_200, 1_700)
BARS = 2_200
LIVELY = {**LEAN, "adaptation.boost_labels": 100, "adaptation.cooldown_labels": 0, "adaptation.drift_threshold": 1e-12}
"""Trials that end before the next regime, and detectors of errors that stay silent."""


def market(change_points: tuple[int, ...] = CHANGES, bars: int = BARS) -> SyntheticFeed:
    return regimes(bars, 3, change_points, Market(clustering=0.0), levels=((0.0, 1.0), (0.0, 3.0)))


@cache
def kept() -> Done:
    return run(market(), LIVELY)


def changes(done: Done) -> list[RegimeChange]:
    return [change for record in done.records for change in record.regimes]


def test_link_market_to_regime_detector() -> None:
    done = kept()
    found = [change for change in changes(done) if change.feature == "volatility"]
    assert [change.to_label for change in found] == ["normal", "turbulent", "normal"]
    times = [bar.ts_event for bar in done.bars]
    for change, at in zip(found[1:], CHANGES, strict=True):
        assert times[at] < change.ts <= times[at + 120]
    # It is told in the row of the bar that showed it, and by a detector that saw these bars and no others.
    for record in done.records:
        assert all(change.ts == record.bars[0].ts_event for change in record.regimes)
    alone = RegimeDetector("SYN")
    assert [c for bar in done.bars for c in alone.update(bar.ts_event, bar.high, bar.low, bar.close)] == changes(done)


@pytest.mark.parametrize("kind", ["boost", "reset"])
def test_link_regime_to_adaptation(kind: str) -> None:
    done = run(market(), {**LIVELY, "adaptation.on_regime": kind})
    (turbulent,) = [change for change in changes(done) if change.to_label == "turbulent" and change.feature == "volatility"]
    cause = f"regime:{turbulent.change_id}"
    acted = [action for action in done.adaptations if action.cause == cause and action.status == "open"]
    assert {(action.target, action.kind, action.ts) for action in acted} >= {("direction", kind, turbulent.ts)}
    assert all(action.reason == "the market went from normal to turbulent" for action in acted)
    # The first naming of a regime is no reason to act, and each action is judged against its control.
    assert "regime:SYN/regime/1" not in {action.cause for action in done.adaptations}
    assert any(action.status in ("accepted", "rolled_back") for action in done.adaptations if action.cause == cause)


def test_by_default_a_change_is_recorded_and_nobody_acts() -> None:
    assert not [action for action in kept().adaptations if action.cause.startswith("regime")]
    with pytest.raises(ConfigError, match="on_regime"):
        begun(market(), {**LIVELY, "adaptation.on_regime": "bost"})


def test_the_future_changes_no_label() -> None:
    done, other = kept(), run(market((1_200, 1_500)), LIVELY)
    assert [encode(record.regimes) for record in done.records[:1_500]] == [encode(r.regimes) for r in other.records[:1_500]]
    assert len(changes(other)) >= 2


def test_it_is_part_of_what_a_restart_restores() -> None:
    system = begun(market(), LIVELY)
    assert {"regimes", "regimes/SYN"} <= set(system.components())
    settings = {**LIVELY, "store.checkpoint_steps": 300}
    store = MemoryStore()
    first = begun(market(), settings, store)
    for _ in range(1_500):
        first.step()
    assert finished(begun(market(), settings, store, resume=True)).hashes == kept().hashes


def test_the_gateway_shows_what_the_journal_holds() -> None:
    gateway = asyncio.run(ran(opened(market(), LIVELY, store := MemoryStore())))
    shown = gateway.regimes("SYN")
    found = [change for change in changes(kept()) if change.feature == "volatility"]
    assert [(regime.from_ms, regime.label, regime.began_ms, regime.ratio) for regime in shown.regimes] == [
        (change.ts // 1_000_000, change.to_label, change.change_ts // 1_000_000, change.ratio) for change in found
    ]
    assert [regime.to_ms for regime in shown.regimes] == [regime.from_ms for regime in shown.regimes[1:]] + [None]
    assert len(shown.change_points) == len(changes(kept())) - len(found)
    assert shown.probabilities == kept().system.regimes.detectors["SYN"].probabilities
    assert all(
        max(regime.probabilities, key=lambda name: regime.probabilities[name]) == regime.label for regime in shown.regimes
    )
    assert opened(market(), LIVELY, store).regimes("SYN") == shown


def test_symbols_are_seen_together() -> None:
    feed = regimes(600, 4, (), Market(symbols=("A", "B"), clustering=0.0))
    system = begun(feed, LEAN)
    system.advance(600)
    seen = [system.regimes.detectors[symbol].correlation for symbol in ("A", "B")]
    returns: dict[str, list[float]] = {"A": [], "B": []}
    for bars in iter(again(feed).next_slice, None):
        for bar in bars:
            returns[bar.symbol].append(np.log(bar.close))
    blocks = (len(returns["A"]) - 1) // 24
    cut = slice((blocks - 1) * 24, blocks * 24)
    own, other = (np.diff(returns[symbol])[cut] for symbol in ("A", "B"))
    expected = np.sqrt(24) * np.arctanh((own @ other) / np.sqrt((own @ own) * (other @ other)))
    assert seen == pytest.approx([expected, expected], abs=1e-9)
