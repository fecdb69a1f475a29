"""The market of ``--demo drift`` from many seeds: how often its changes lead to an alarm and to an accepted adaptation."""

from __future__ import annotations

from statistics import fmean, median
from typing import Any

from alpha_pulse.core.config import AdaptationConfig, Config, ExecutionConfig
from alpha_pulse.data.demos import PERIOD, drift
from alpha_pulse.feeds.synthetic import SyntheticFeed
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore

SEEDS = range(1, 21)
TARGET = "direction"
MEMBERS = ("served", "online", "batch")
Figures = dict[str, Any]


def figures() -> Figures:
    """The responses to each change over all seeds, and the skill on direction, with and without adaptation."""
    feeds = [drift(seed) for seed in SEEDS]
    reports = [_report(feed, enabled=True) for feed in feeds]
    calm = [_report(feed, enabled=False) for feed in feeds]
    responses = [response(feed, report) for feed, report in zip(feeds, reports, strict=True)]
    return {
        "seeds": len(feeds),
        "changes": [
            _change(bar, effect, [each[number] for each in responses])
            for number, (bar, effect) in enumerate(zip(feeds[0].change_points, feeds[0].effects, strict=True))
        ],
        "before": sum(
            alarm_bar < feed.change_points[0]
            for feed, report in zip(feeds, reports, strict=True)
            for alarm_bar in _alarms(feed, report)
        ),
        "skill": {name: fmean(_skill(report, name) for report in reports) for name in MEMBERS},
        "skill_without_adaptation": fmean(_skill(report, "served") for report in calm),
    }


def response(feed: SyntheticFeed, report: Report) -> list[tuple[int | None, str | None]]:
    """For each change: the bars to the first alarm about errors before the next change, and what became of its action."""
    found: list[tuple[int | None, str | None]] = []
    for change in feed.change_points:
        delays = [bar - change for bar in _alarms(feed, report) if change <= bar < change + PERIOD]
        outcomes = [
            action.status
            for action in report.adaptation_list
            if action.target == TARGET and change <= _bar(feed, action.ts) < change + PERIOD
        ]
        found.append((delays[0] if delays else None, outcomes[0] if outcomes else None))
    return found


def _alarms(feed: SyntheticFeed, report: Report) -> list[int]:
    alarms = report.drift_alarm_list
    return [_bar(feed, alarm.ts) for alarm in alarms if (alarm.target, alarm.monitored) == (TARGET, "errors")]


def _bar(feed: SyntheticFeed, ts: int) -> int:
    return (ts - feed.first_ts) // feed.interval_ns


def _change(bar: int, effect: str, responses: list[tuple[int | None, str | None]]) -> Figures:
    delays = [delay for delay, _ in responses if delay is not None]
    outcomes = [outcome for _, outcome in responses]
    return {
        "bar": bar,
        "effect": effect,
        "alarms": len(delays),
        "delay": median(delays) if delays else None,
        "accepted": outcomes.count("accepted"),
        "rolled_back": outcomes.count("rolled_back"),
    }


def _skill(report: Report, member: str) -> float:
    skill = report.metrics[TARGET][member].skill_millinats_last70
    assert skill is not None
    return skill


def _report(feed: SyntheticFeed, *, enabled: bool) -> Report:
    config = Config(adaptation=AdaptationConfig(enabled=enabled), execution=ExecutionConfig(shadow_books=False))
    feed.seek(0)
    result = replay(config, feed, MemoryStore(), "demo")
    assert result is not None
    return decode_report(result)
