"""What a result says in words: what is asked beside each answer, and nothing without its interval."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from alpha_pulse.core.config import BatchConfig, Config
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.metrics.comparison import Comparison
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.reporting.report import Report, decode_report
from alpha_pulse.reporting.success_types import AdaptationSpeed, MlPnl, ResponseTimes, SuccessMetrics
from alpha_pulse.reporting.words import adaptation_lines, success_lines, verdict
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore


@cache
def short() -> Report:
    result = replay(Config(batch=BatchConfig(enabled=False)), random_walk(300, seed=2), MemoryStore(), "short")
    assert result is not None
    return decode_report(result)


def line(report: Report, name: str) -> str:
    return " ".join(text for found, text in success_lines(report) if found == name)


def with_success(**changes: object) -> Report:
    metrics: SuccessMetrics = msgspec.structs.replace(short().success_metrics, **changes)
    return msgspec.structs.replace(short(), success_metrics=metrics)


def served(interval: Interval | None, winner: str | None) -> Report:
    report = short()
    metrics = {
        target: {**members, "served": msgspec.structs.replace(members["served"], skill_millinats_last70_interval=interval)}
        for target, members in report.metrics.items()
    }
    compared = Comparison(0.01, -0.001, 0.02, 0.2, winner, 9_120 if winner else None, 20_000)  # type: ignore[arg-type]
    return msgspec.structs.replace(report, metrics=metrics, against_base=dict.fromkeys(report.against_base, compared))


@pytest.mark.parametrize("winner", [None, "first", "second"])
@pytest.mark.parametrize("interval", [None, Interval(10.0, 20.0), Interval(-1.0, 1.0), Interval(-2.0, -1.0)])
def test_each_judgement_of_what_is_served_says_what_it_asks_and_none_says_better(
    interval: Interval | None, winner: str | None
) -> None:
    report = served(interval, winner)
    test, end = line(report, "anytime-valid test"), verdict(report)
    assert test.startswith("squared error against the base rate, whole run, level 5 % at every label: ")
    assert "Log-loss skill of the served predictions over the last 70 % of the bars, by its 95 % interval: " in end
    assert not any(word in test + end for word in ("better", "worse"))
    shown = {
        None: "no significant difference (p = 0.2)",
        "first": "lower, significant at label 9,120",
        "second": "higher, significant at label 9",
    }
    assert f"volatility {shown[winner]}" in test
    place = "too few labels for an interval"
    if interval is not None:
        place = "above 0" if interval.low > 0.0 else "below 0" if interval.high < 0.0 else "not distinguishable from 0"
    assert f"volatility {place}, direction {place}." in end


def test_what_the_models_earned_stands_with_its_interval_or_not_at_all() -> None:
    assert line(with_success(ml_pnl=None), "P&L by ML") == "too few bars for an interval"
    earned = MlPnl(21.4, -310.25, 355.9, 35.0, -301.7, 1_370.3)
    assert line(with_success(ml_pnl=earned), "P&L by ML") == (
        "net +21.40 [-310.25, +355.90], gross +35.00 [-301.70, +1,370.30] "
        "in units of cash (combined minus rules only, with 95 % intervals)"
    )


def test_each_kind_of_episode_has_its_own_means() -> None:
    assert line(short(), "adaptation speed") == ""
    speed = AdaptationSpeed(
        7,
        1,
        ResponseTimes(3, 660.0, 432_000.0, 672.0, 436_000.0),
        ResponseTimes(1, 48.0, 60.0, 48.0, 60.0, 448.0, 7_200.0),
        ResponseTimes(0),
    )
    lines = success_lines(with_success(adaptation_speed=speed))
    at = next(place for place, (name, _) in enumerate(lines) if name == "adaptation speed")
    assert lines[at][1] == "7 error drifts, 3 with an action, 1 of these accepted"
    assert lines[at + 1] == (
        "", "with an action (3), mean from the change: to alarm 660 labels, 5 d; to action 672 labels, 5 d",
    )  # fmt: skip
    assert lines[at + 2][1].startswith(
        "recovered after an accepted action (1), mean from the change: to alarm 48 labels, 1 min"
    )
    assert lines[at + 2][1].endswith("to recovery 448 labels, 2 h")
    assert lines[at + 3][0]


def test_alarms_are_counted_by_what_was_done_about_them() -> None:
    assert adaptation_lines(short()) == [("adaptation", "0 drift alarms, 0 adaptations")]
    report = msgspec.structs.replace(short(), drift_alarms=21, alarms_acted=17, alarms_deferred=1, alarms_skipped=3)
    assert adaptation_lines(report) == [("adaptation", "21 drift alarms (17 acted on, 1 deferred, 3 skipped), 0 adaptations")]
