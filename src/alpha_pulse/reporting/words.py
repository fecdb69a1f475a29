"""The sentences of a result: adaptation, success metrics, and a summary of profit and skill."""

from __future__ import annotations

from alpha_pulse.core.bar_times import bar_label, months_of
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.types import MOVES
from alpha_pulse.metrics.comparison import Comparison
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.metrics.members import OnlineMinusBatch
from alpha_pulse.reporting.ml_pnl import RULES
from alpha_pulse.reporting.report import Report
from alpha_pulse.reporting.report_events import ListedAction
from alpha_pulse.reporting.success_types import AdaptationSpeed, MlPnl, ResponseTimes, SuccessMetrics
from alpha_pulse.venues.money import cash_text

STATUS = {"open": "on trial", "accepted": "accepted", "rolled_back": "rolled back"}
NEWEST = 4
"""Adaptations that are listed; older ones are only counted."""


def adaptation_lines(report: Report) -> list[tuple[str, str]]:
    """Counts of alarms and adaptations, and the newest few with cause and effect."""
    responses = ((report.alarms_acted, "acted on"), (report.alarms_deferred, "deferred"), (report.alarms_skipped, "skipped"))
    counted_responses = ", ".join(f"{count:,} {status}" for count, status in responses if count)
    alarms = counted(report.drift_alarms, "drift alarm") + (f" ({counted_responses})" if counted_responses else "")
    counts = f"{alarms}, {counted(report.adaptations, 'adaptation')}"
    actions = report.adaptation_list
    accepted, rolled_back = (sum(action.status == status for action in actions) for status in ("accepted", "rolled_back"))
    if actions:
        counts += f": {accepted} accepted, {rolled_back} rolled back, {len(actions) - accepted - rolled_back} on trial"
    lines = [("adaptation", counts)]
    if len(actions) > NEWEST:
        lines.append(("", f"the newest {NEWEST}:"))
    return lines + [("", _action(action)) for action in actions[-NEWEST:]]


def _action(action: ListedAction) -> str:
    when = bar_label(action.ts if action.bar_open_ts is None else action.bar_open_ts, action.ts)
    effect = STATUS[action.status]
    if action.effect is not None and action.kind not in MOVES:
        effect += f", skill {1_000 * action.effect:+.1f} mnat against its control over {action.effect_samples} labels"
    return f"{when} {action.symbol}/{action.target} {action.kind}: {action.reason}; {effect}"


def success_lines(report: Report) -> list[tuple[str, str]]:
    """Freshness of the models, speed of adaptation, online against batch models, and P&L of the models."""
    metrics = report.success_metrics
    lines = [("freshness", _freshness(metrics)), *_speed_lines(metrics.adaptation_speed)]
    differences = [
        f"{target} {100 * difference.accuracy:+.1f} percentage points of accuracy, {_skill_difference(difference)}"
        for target, difference in metrics.online_minus_batch.items()
        if difference is not None
    ]
    if differences:
        lines.append(("online - batch", "; ".join(differences)))
    lines.append(("anytime-valid test", _anytime_valid_test(report)))
    if RULES in report.books:
        lines.append(("P&L by ML", _pnl_of_models(metrics.ml_pnl)))
    return lines


def _skill_difference(difference: OnlineMinusBatch) -> str:
    skill = f"skill {difference.mean:+.1f} mnat"
    if difference.low is None or difference.high is None:
        return f"{skill} (too few labels for an interval)"
    return f"{skill} [{difference.low:+.1f}, {difference.high:+.1f}]"


def _freshness(metrics: SuccessMetrics) -> str:
    mean_s, longest_s = metrics.model_freshness_mean_s, metrics.model_freshness_max_s
    if mean_s is None or longest_s is None:
        return "undefined: no served prediction came from a member with a label"
    return (
        f"time from a member's last label to a served prediction: mean {duration(mean_s)}, weighted by member; "
        f"maximum {duration(longest_s)}"
    )


def _speed_lines(speed: AdaptationSpeed) -> list[tuple[str, str]]:
    """Counts of episodes, then a line per kind; the means of a line are over the same episodes."""
    if not speed.drifts:
        return []
    counts = (
        f"{counted(speed.drifts, 'error drift')}, {speed.acted.episodes} with an action, {speed.accepted} of these accepted"
    )
    kinds = (
        ("with an action", speed.acted),
        ("recovered after an accepted action", speed.recovered),
        ("recovered without an accepted action", speed.recovered_without_adaptation),
    )
    return [
        ("adaptation speed", counts),
        *(("", f"{name} ({kind.episodes}), mean from the change: {_steps(kind)}") for name, kind in kinds if kind.episodes),
    ]


def _steps(speed: ResponseTimes) -> str:
    return "; ".join(
        f"to {name} {samples:,.0f} labels, {duration(seconds)}"
        for name, samples, seconds in (
            ("alarm", speed.samples_to_alarm, speed.market_s_to_alarm),
            ("action", speed.samples_to_action, speed.market_s_to_action),
            ("recovery", speed.samples_to_recovery, speed.market_s_to_recovery),
        )
        if samples is not None and seconds is not None
    )


def _anytime_valid_test(report: Report) -> str:
    """The sequential test of each target's squared errors against the base rate; it is valid after every label."""
    outcomes = []
    for target in report.metrics:
        results = [result for session, result in report.against_base.items() if session.endswith(f"/{target}")]
        if len(results) == 1:
            outcomes.append(f"{target} {_against_base(results[0])}")
        else:
            lower, higher = (sum(result.winner == winner for result in results) for winner in ("first", "second"))
            outcomes.append(f"{target} lower in {lower}, higher in {higher} of {len(results)} symbols")
    return f"squared error against the base rate, whole run, level 5 % at every label: {'; '.join(outcomes)}"


def _against_base(result: Comparison) -> str:
    if result.winner is None:
        return f"no significant difference (p = {result.p_value:.2g})"
    first = result.winner == "first"
    significant = result.low > 0.0 if first else result.high < 0.0
    now = "" if significant else ", not significant over the whole run"
    return f"{'lower' if first else 'higher'}, significant at label {result.decided_at:,}{now}"


def _pnl_of_models(earned: MlPnl | None) -> str:
    if earned is None:
        return "too few bars for an interval"
    figures = [
        f"{name} {cash_text(value, signed=True)} [{cash_text(low, signed=True)}, {cash_text(high, signed=True)}]"
        for name, value, low, high in (
            ("net", earned.net, earned.net_low, earned.net_high),
            ("gross", earned.gross, earned.gross_low, earned.gross_high),
        )
    ]
    return f"{', '.join(figures)} in units of cash (combined minus rules only, with 95 % intervals)"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not 1.

    >>> counted(1, "alarm"), counted(2_000, "alarm")
    ('1 alarm', '2,000 alarms')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of market time in a suitable unit.

    >>> duration(5.0), duration(5_400.0), duration(200_000.0)
    ('5 s', '1.5 h', '2.3 d')
    """
    for unit, size, least in (("d", 86_400.0, 172_800.0), ("h", 3_600.0, 3_600.0), ("min", 60.0, 60.0)):
        if seconds >= least:
            return f"{round(seconds / size, 1):,g} {unit}"
    return f"{round(seconds, 1):,g} s"


def interval_text(seconds: float) -> str:
    """A length of time in its largest whole unit.

    >>> interval_text(3_600.0), interval_text(300.0), interval_text(0.5), interval_text(2_629_746.0)
    ('1 h', '5 min', '0.5 s', '1 month')
    """
    if months := months_of(round(seconds * SECOND_NS)):
        return f"{months} month{'s' if months > 1 else ''}"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def verdict(report: Report) -> str:
    """One sentence about the profit and one about the skill of the served predictions."""
    return f"{_profit(report)} {_skill(report)}"


def _profit(report: Report) -> str:
    charges = cash_text(report.fees + report.costs)
    if report.trades == 0 and report.gross_pnl == 0.0:
        return "The combined book did not trade."
    if report.gross_pnl <= 0.0:
        return (
            f"The combined book lost {cash_text(-report.gross_pnl)} before costs, and paid {charges} for fees, spread and "
            "slippage: the direction forecast is too weak to trade on these data."
        )
    if report.net_pnl <= 0.0:
        return (
            f"The combined book made {cash_text(report.gross_pnl)} before costs, less than the {charges} for fees, spread and "
            "slippage: the direction forecast is too weak to trade this often on these data."
        )
    hold = report.books.get("buy_and_hold")
    beside = "" if hold is None else f"; buy and hold made {cash_text(hold.net_pnl, signed=True)}"
    return (
        f"The combined book made {cash_text(report.net_pnl)} after all costs{beside}. One run on one history is weak evidence."
    )


def _skill(report: Report) -> str:
    direction, volatility = (
        _position_of(report.metrics[target]["served"].skill_millinats_last70_interval) for target in ("direction", "volatility")
    )
    return (
        "Log-loss skill of the served predictions over the last 70 % of the bars, by its 95 % interval: "
        f"volatility {volatility}, direction {direction}."
    )


def _position_of(interval: Interval | None) -> str:
    """Where an interval lies. Which model is better is the question of another test, so this does not name one."""
    if interval is None:
        return "too few labels for an interval"
    if interval.low > 0.0:
        return "above 0"
    return "below 0" if interval.high < 0.0 else "not distinguishable from 0"
