"""Invariant 5: every prediction that was served is labelled, pending or expired; trade outcomes are counted apart from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from flow.naive_labels import direction_labels, volatility_labels
from flow.runs import EURUSD, INDICES, LEAN, Done, again, begun, bundled_feed, bundled_run, with_gaps

FILES = (EURUSD, INDICES)


def check_accounts(feed: ReplayFeed, settings: dict[str, Any]) -> Done:
    """Step by step: the ledgers add up, agree with the journal so far, and the sessions hold exactly what is pending."""
    system = begun(feed, settings)
    ledgers = tuple(system.feedback.counts())
    while system.step():
        for (symbol, target), counts in system.feedback.counts().items():
            assert counts.predictions == counts.labelled + counts.pending + counts.expired
            assert counts.pending == len(system.learning.session(symbol, target).pending)
    done = Done(system)
    served, labelled, expired = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for record in done.records:
        served.update((prediction.symbol, prediction.target) for prediction in record.predictions)
        labelled.update((label.symbol, label.target) for label in record.labels)
        expired.update((late.symbol, late.target) for late in record.expired)
    for ledger, counts in system.feedback.counts().items():
        assert (counts.predictions, counts.labelled, counts.expired) == (served[ledger], labelled[ledger], expired[ledger])
    assert set(served) == set(ledgers)
    return done


@pytest.mark.parametrize("name", FILES)
def test_bundled_files_add_up_at_every_slice(name: str) -> None:
    done = check_accounts(again(bundled_feed(name)), LEAN)
    totals = done.system.feedback.counts().values()
    assert all(counts.expired == 0 and 0 < counts.pending <= 12 for counts in totals)


def test_gaps_expire_what_comes_too_late() -> None:
    feed = with_gaps(random_walk(1_500, seed=4, market=Market(symbols=("A", "B"))), seed=9)
    done = check_accounts(feed, {**LEAN, "learning.label_tolerance_bars": 5})
    for counts in done.system.feedback.counts().values():
        assert counts.expired > 20
        assert counts.labelled > 100
    # What expired is learned by nobody and never labelled.
    late = {expired.prediction_id for record in done.records for expired in record.expired}
    assert not late & {label.prediction_id for label in done.labels}


def test_weekends_expire_where_the_tolerance_is_short_of_them() -> None:
    done = check_accounts(again(bundled_feed(EURUSD)).cut(1_200), {**LEAN, "learning.label_tolerance_bars": 6})
    assert all(counts.expired > 10 for counts in done.system.feedback.counts().values())


def test_small_moves_are_ties_which_are_counted_and_not_learned() -> None:
    done = check_accounts(again(bundled_feed(EURUSD)).cut(800), {**LEAN, "learning.min_move_bps": 5.0})
    counts = done.system.feedback.counts()["EURUSD", "direction"]
    session = done.system.learning.session("EURUSD")
    assert 100 < counts.ties < counts.labelled
    assert session.ties == counts.ties
    assert session.labels_used == counts.labelled - counts.ties


@pytest.mark.parametrize("name", FILES)
def test_every_closed_lot_of_the_primary_book_reached_trade_quality(name: str) -> None:
    done = bundled_run(name)
    closed = Counter(lot.symbol for lot in done.lots if lot.book == "combined")
    for symbol in done.system.feed.symbols:
        session = done.system.learning.session(symbol, "trade_quality")
        assert closed[symbol] > 90
        assert session.labels_used == closed[symbol]
        assert done.system.feedback.quality(symbol).lots == closed[symbol]
    assert done.system.execution.book("combined").result(1.0).trades == closed.total()


@pytest.mark.parametrize("name", FILES)
def test_trade_outcomes_are_no_market_labels(name: str) -> None:
    done = bundled_run(name)
    assert {target for _, target in done.system.feedback.counts()} == {"volatility", "direction"}
    assert {label.target for label in done.labels} == {"volatility", "direction"}
    for symbol in done.system.feed.symbols:
        labels = [label for label in done.labels if label.symbol == symbol and label.target == "direction"]
        assert done.system.learning.session(symbol).labels_used == sum(label.label is not None for label in labels)


@pytest.mark.parametrize("name", FILES)
def test_labels_are_those_of_the_bars(name: str) -> None:
    done = bundled_run(name)
    seqs: dict[str, list[int]] = defaultdict(list)
    closes: dict[str, list[float]] = defaultdict(list)
    for bar in done.bars:
        seqs[bar.symbol].append(bar.seq)
        closes[bar.symbol].append(bar.close)
    for symbol, seq in seqs.items():
        series = np.array(closes[symbol])
        volatility, direction = volatility_labels(series, 12), direction_labels(series, 3, first=49)
        found = {label.prediction_id: label for label in done.labels if label.symbol == symbol}
        assert len(found) == len(volatility) + len(direction)
        for number, (ratio, high) in volatility.items():
            label = found[f"{symbol}/volatility/{seq[number]}"]
            assert label.value == pytest.approx(ratio, rel=1e-9)
            assert label.label == high or abs(ratio - 1.0) < 1e-9
            assert label.weight == 1.0
        for number, (move, up, weight) in direction.items():
            label = found[f"{symbol}/direction/{seq[number]}"]
            assert label.value == pytest.approx(move, rel=1e-12, abs=1e-15)
            assert label.label == up
            assert label.weight == pytest.approx(weight, rel=1e-9)
