"""The parts of a result that need words: what adaptation did, what the loop achieved, and what all of it was worth."""

from __future__ import annotations

from datetime import UTC, datetime

from alpha_pulse.core.types import AdaptationAction
from alpha_pulse.engine.report import Report
from alpha_pulse.learning.comparison import Comparison
from alpha_pulse.learning.intervals import Interval

NEWEST = 4
"""Adaptations that are told one by one."""


def adaptation_lines(report: Report) -> list[tuple[str, str]]:
    """Counts of alarms and adaptations, and the newest few with cause and effect."""
    counts = f"{counted(report.drift_alarms, 'drift alarm')}, {counted(report.adaptations, 'adaptation')}"
    actions = report.adaptation_list
    kept, undone = (sum(action.status == status for action in actions) for status in ("kept", "undone"))
    if actions:
        counts += f": {kept} kept, {undone} undone, {len(actions) - kept - undone} still on trial"
    lines = [("adaptation", counts)]
    if len(actions) > NEWEST:
        lines.append(("", f"the newest {NEWEST}:"))
    return lines + [("", _action(action)) for action in actions[-NEWEST:]]


def _action(action: AdaptationAction) -> str:
    when = f"{datetime.fromtimestamp(action.ts / 1e9, tz=UTC):%Y-%m-%d %H:%M}"
    effect = "no verdict yet"
    if action.effect is not None:
        effect = (
            f"{action.status}, {1_000 * action.effect:+.1f} millinats against its control over {action.effect_samples} labels"
        )
    return f"{when} {action.symbol}/{action.target} {action.kind}: {action.reason}; {effect}"


def success_lines(report: Report) -> list[tuple[str, str]]:
    """How fresh, how quick, how much better than frozen, and what the models earned."""
    found = report.success_metrics
    freshness = "none yet: no label was learnt"
    if report.labelled > report.ties:
        freshness = (
            f"newest label learnt {duration(found.model_freshness_mean_s)} before a prediction on average, "
            f"{duration(found.model_freshness_max_s)} at most"
        )
    lines = [("freshness", freshness)]
    steps = [
        f"to {name} {samples:,.0f} labels, {duration(seconds)}"
        for name, samples, seconds in (
            ("alarm", found.samples_drift_to_alarm, found.market_s_drift_to_alarm),
            ("action", found.samples_drift_to_action, found.market_s_drift_to_action),
            ("recovery", found.samples_drift_to_recovery, found.market_s_drift_to_recovery),
        )
        if samples is not None and seconds is not None
    ]
    if steps:
        lines.append(("from drift", f"{'; '.join(steps)} (means of {found.drifts} drifts, {found.recovered} recovered)"))
    better = [
        f"{target} {100 * pair.accuracy:+.1f} points of hits, {pair.gain_millinats:+.1f} millinats"
        for target, pair in found.online_minus_batch.items()
        if pair.accuracy is not None and pair.gain_millinats is not None
    ]
    if better:
        lines.append(("online - batch", "; ".join(better)))
    lines.append(("known so far", _known(report)))
    earned = found.pnl_by_ml
    if earned is not None:
        lines.append(("P&L by ML", f"net {earned.net:+,.2f}, gross {earned.gross:+,.2f} (combined less rules only)"))
    return lines


def _known(report: Report) -> str:
    """Which targets were shown to be served better than the base rate by a test that could be looked at after each label."""
    said = []
    for target in report.metrics:
        results = [result for session, result in report.against_base.items() if session.endswith(f"/{target}")]
        better = [result.decided_at for result in results if result.winner == "first" and result.decided_at is not None]
        worse = sum(result.winner == "second" for result in results)
        if len(results) == 1:
            said.append(f"{target} {_against_base(results[0])}")
        else:
            said.append(f"{target} better than the base rate in {len(better)}, worse in {worse} of {len(results)} symbols")
    return f"{'; '.join(said)} (at 5 %, looked at after each label)"


def _against_base(result: Comparison) -> str:
    if result.winner is None:
        return f"squared errors not told apart from the base rate's (p = {result.p_value:.2g})"
    first = result.winner == "first"
    certain = result.low > 0.0 if first else result.high < 0.0
    now = "" if certain else ", no longer certain over the whole run"
    return f"shown to be {'better' if first else 'worse'} than the base rate by label {result.decided_at:,}{now}"


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
    charges = report.fees + report.costs
    if report.trades == 0 and report.gross_pnl == 0.0:
        return "The combined book did not trade."
    if report.gross_pnl <= 0.0:
        return (
            f"The combined signal lost {-report.gross_pnl:,.2f} before any cost, and {charges:,.2f} of fees, spread and "
            "slippage came on top: direction was not foreseen well enough to trade here."
        )
    if report.net_pnl <= 0.0:
        return (
            f"The combined signal made {report.gross_pnl:,.2f} before costs, which does not cover the {charges:,.2f} of fees, "
            "spread and slippage: direction was foreseen too weakly to trade this often here."
        )
    hold = report.books.get("buy_and_hold")
    beside = "" if hold is None else f", beside {hold.net_pnl:+,.2f} by buying and holding"
    return f"The combined signal made {report.net_pnl:,.2f} after all costs{beside}; one history proves little."


def _foresight(report: Report) -> str:
    direction = _against_base_rate(report.metrics["direction"]["served"].gain_millinats_last70_interval)
    volatility = _against_base_rate(report.metrics["volatility"]["served"].gain_millinats_last70_interval)
    return f"Served forecasts against the base rate: volatility {volatility}, direction {direction}."


def _against_base_rate(interval: Interval | None) -> str:
    if interval is None:
        return "too few labels for an interval"
    if interval.low > 0.0:
        return "better"
    return "worse" if interval.high < 0.0 else "no clear difference"
