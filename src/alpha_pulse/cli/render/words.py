"""The parts of a result that need words: what adaptation did, what the loop achieved, and what all of it was worth."""

from __future__ import annotations

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.metrics.comparison import Comparison
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.metrics.members import OnlineMinusBatch
from alpha_pulse.reporting.ml_pnl import RULES
from alpha_pulse.reporting.report import Report
from alpha_pulse.reporting.report_events import ListedAction
from alpha_pulse.reporting.success_types import AdaptationSpeed, MlPnl, Speed, SuccessMetrics
from alpha_pulse.venues.money import cash_text

NEWEST = 4
"""Adaptations that are told one by one."""


def adaptation_lines(report: Report) -> list[tuple[str, str]]:
    """Counts of alarms and adaptations, and the newest few with cause and effect."""
    parts = ((report.alarms_acted, "acted on"), (report.alarms_deferred, "deferred"), (report.alarms_skipped, "skipped"))
    answered = ", ".join(f"{count:,} {status}" for count, status in parts if count)
    alarms = counted(report.drift_alarms, "drift alarm") + (f" ({answered})" if answered else "")
    counts = f"{alarms}, {counted(report.adaptations, 'adaptation')}"
    actions = report.adaptation_list
    accepted, rolled_back = (sum(action.status == status for action in actions) for status in ("accepted", "rolled_back"))
    if actions:
        counts += f": {accepted} accepted, {rolled_back} rolled back, {len(actions) - accepted - rolled_back} still on trial"
    lines = [("adaptation", counts)]
    if len(actions) > NEWEST:
        lines.append(("", f"the newest {NEWEST}:"))
    return lines + [("", _action(action)) for action in actions[-NEWEST:]]


def _action(action: ListedAction) -> str:
    when = bar_label(action.ts if action.bar_open_ts is None else action.bar_open_ts, action.ts)
    effect = "no verdict yet"
    if action.effect is not None:
        status, saved = action.status.replace("_", " "), 1_000 * action.effect
        effect = f"{status}, {saved:+.1f} millinats against its control over {action.effect_samples} labels"
    return f"{when} {action.symbol}/{action.target} {action.kind}: {action.reason}; {effect}"


def success_lines(report: Report) -> list[tuple[str, str]]:
    """How fresh, how quick, how much better than frozen, and what the models earned."""
    found = report.success_metrics
    lines = [("freshness", _freshness(found)), *_speed_lines(found.adaptation_speed)]
    differences = [
        f"{target} {100 * one.accuracy:+.1f} points of hits, {_in_millinats(one)}"
        for target, one in found.online_minus_batch.items()
        if one is not None
    ]
    if differences:
        lines.append(("online - batch", "; ".join(differences)))
    lines.append(("any-time test", _any_time_test(report)))
    if RULES in report.books:
        lines.append(("P&L by ML", _earned(found.ml_pnl)))
    return lines


def _in_millinats(one: OnlineMinusBatch) -> str:
    if one.low is None or one.high is None:
        return f"{one.mean:+.1f} millinats (too few labels for an interval)"
    return f"{one.mean:+.1f} millinats [{one.low:+.1f}, {one.high:+.1f}]"


def _freshness(found: SuccessMetrics) -> str:
    mean_s, longest_s = found.model_freshness_mean_s, found.model_freshness_max_s
    if mean_s is None or longest_s is None:
        return "undefined: no prediction was served by a member that had learnt anything"
    return (
        f"members had last learnt {duration(mean_s)} before a prediction, by their weight in it; {duration(longest_s)} at most"
    )


def _speed_lines(speed: AdaptationSpeed) -> list[tuple[str, str]]:
    """Counts of episodes, then a line for each kind, whose means are all over the same episodes."""
    if not speed.drifts:
        return []
    counts = f"{counted(speed.drifts, 'drift')} of errors, {speed.acted.episodes} acted on, {speed.accepted} accepted"
    kinds = (
        ("acted on", speed.acted),
        ("recovered after an accepted action", speed.recovered),
        ("recovered without one", speed.recovered_without_adaptation),
    )
    return [
        ("adaptation speed", counts),
        *(("", f"{name} ({kind.episodes}), from the change: {_steps(kind)}") for name, kind in kinds if kind.episodes),
    ]


def _steps(speed: Speed) -> str:
    return "; ".join(
        f"to {name} {samples:,.0f} labels, {duration(seconds)}"
        for name, samples, seconds in (
            ("alarm", speed.samples_to_alarm, speed.market_s_to_alarm),
            ("action", speed.samples_to_action, speed.market_s_to_action),
            ("recovery", speed.samples_to_recovery, speed.market_s_to_recovery),
        )
        if samples is not None and seconds is not None
    )


def _any_time_test(report: Report) -> str:
    """What a test that could be looked at after each label has shown of each target's squared errors."""
    said = []
    for target in report.metrics:
        results = [result for session, result in report.against_base.items() if session.endswith(f"/{target}")]
        if len(results) == 1:
            said.append(f"{target} {_against_base(results[0])}")
        else:
            lower, higher = (sum(result.winner == winner for result in results) for winner in ("first", "second"))
            said.append(f"{target} lower in {lower}, higher in {higher} of {len(results)} symbols")
    return f"squared error beside the base rate's over the whole run, at 5 % after every label: {'; '.join(said)}"


def _against_base(result: Comparison) -> str:
    if result.winner is None:
        return f"no difference shown (p = {result.p_value:.2g})"
    first = result.winner == "first"
    certain = result.low > 0.0 if first else result.high < 0.0
    now = "" if certain else ", no longer certain over the whole run"
    return f"{'lower' if first else 'higher'}, shown by label {result.decided_at:,}{now}"


def _earned(earned: MlPnl | None) -> str:
    if earned is None:
        return "too few bars for an interval"
    figures = [
        f"{name} {cash_text(value, signed=True)} [{cash_text(low, signed=True)}, {cash_text(high, signed=True)}]"
        for name, value, low, high in (
            ("net", earned.net, earned.net_low, earned.net_high),
            ("gross", earned.gross, earned.gross_low, earned.gross_high),
        )
    ]
    return f"{', '.join(figures)} (combined less rules only, with 95 % intervals)"


def counted(number: int, what: str) -> str:
    """A number of things, in words.

    >>> counted(1, "alarm"), counted(2_000, "alarm")
    ('1 alarm', '2,000 alarms')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of market time with a unit that suits it.

    >>> duration(5.0), duration(5_400.0), duration(200_000.0)
    ('5 s', '1.5 h', '2.3 d')
    """
    for unit, size, least in (("d", 86_400.0, 172_800.0), ("h", 3_600.0, 3_600.0), ("min", 60.0, 60.0)):
        if seconds >= least:
            return f"{round(seconds / size, 1):,g} {unit}"
    return f"{round(seconds, 1):,g} s"


def verdict(report: Report) -> str:
    """What it was worth, in plain words, whatever they are."""
    return f"{_money(report)} {_foresight(report)}"


def _money(report: Report) -> str:
    charges = cash_text(report.fees + report.costs)
    if report.trades == 0 and report.gross_pnl == 0.0:
        return "The combined book did not trade."
    if report.gross_pnl <= 0.0:
        return (
            f"The combined signal lost {cash_text(-report.gross_pnl)} before any cost, and {charges} of fees, spread and "
            "slippage came on top: direction was not foreseen well enough to trade here."
        )
    if report.net_pnl <= 0.0:
        return (
            f"The combined signal made {cash_text(report.gross_pnl)} before costs, which does not cover the {charges} of fees, "
            "spread and slippage: direction was foreseen too weakly to trade this often here."
        )
    hold = report.books.get("buy_and_hold")
    beside = "" if hold is None else f", beside {cash_text(hold.net_pnl, signed=True)} by buying and holding"
    return f"The combined signal made {cash_text(report.net_pnl)} after all costs{beside}; one history proves little."


def _foresight(report: Report) -> str:
    direction, volatility = (
        _place_of(report.metrics[target]["served"].skill_millinats_last70_interval) for target in ("direction", "volatility")
    )
    return (
        "Log-loss gain of what was served over the base rate, by its 95 % interval over the last 70 % of the bars: "
        f"volatility {volatility}, direction {direction}."
    )


def _place_of(interval: Interval | None) -> str:
    """Where an interval lies, and nothing about which model is the better one: that is asked by another test."""
    if interval is None:
        return "too few labels for an interval"
    if interval.low > 0.0:
        return "above 0"
    return "below 0" if interval.high < 0.0 else "not distinguishable from 0"
