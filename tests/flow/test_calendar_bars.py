"""Whole runs on bars of the calendar, which differ in length."""

from __future__ import annotations

import pytest

from alpha_pulse.core.bar_times import MONTH_NS
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.reporting.report import make_report
from flow.runs import run

BATCH_OFF = {"batch.enabled": False}


def test_months_are_labelled_and_traded_as_bars_of_one_length() -> None:
    feed = random_walk(220, seed=3, market=Market(interval_ns=MONTH_NS, volatility=0.05))
    # a February measures 28 days: 40 of them are 3.4 months short of 40 months
    settings = {
        **BATCH_OFF,
        "learning.label_tolerance_bars": 1,
        "learning.direction_horizon_bars": 40,
        "venue.latency_ms": MONTH_NS / 1e6,
        "execution.entry_rule": "signal",
    }
    done = run(feed, settings)
    report = make_report(done.system)
    assert {bar.interval_ns // DAY_NS for bar in done.bars} == {28, 29, 30, 31}
    assert report.expired == 0
    assert report.labelled > 100
    numbers = {bar.ts_event: bar.seq for bar in done.bars}
    market = {order.order_id: numbers[order.ts] for order in done.orders if order.kind == "market"}
    waited = [numbers[fill.ts] - market[fill.order_id] for fill in done.fills if fill.order_id in market]
    assert waited
    assert set(waited) == {2}
    assert not [refusal for record in done.records for refusal in record.refusals if "old" in refusal.reasons[0]]
    marks = (len(done.bars) - 1) * 365.25 * DAY_NS / (feed.last_ts - feed.first_ts)
    assert marks == pytest.approx(12.0, abs=0.02)
