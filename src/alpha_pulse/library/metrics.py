"""The result of a run as one flat mapping: a name with its unit, and a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from alpha_pulse.core.errors import UnknownNameError, did_you_mean
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.reporting.report import BookReport, Report

Value = int | float | None


class Metric(NamedTuple):
    """One number of a result: its name, what it means, and how it is read."""

    name: str
    meaning: str
    read: Callable[[Any], Value]


def _field(name: str, meaning: str, field: str | None = None) -> Metric:
    """A metric that is a field of its struct."""
    return Metric(name, meaning, lambda of: getattr(of, field or name))


def _bound(name: str, meaning: str, side: str) -> Metric:
    """A bound of the interval of a member's skill."""

    def read(score: Any) -> Value:
        interval: Interval | None = score.skill_millinats_last70_interval
        return None if interval is None else float(getattr(interval, side))

    return Metric(name, meaning, read)


OF_BOOK = (
    _field("net_pnl_cash", "Equity at the end minus the initial cash, after all costs; cash.", "net_pnl"),
    _field("gross_pnl_cash", "The same before costs; cash.", "gross_pnl"),
    _field("costs_cash", "Half-spread and slippage; cash.", "costs"),
    _field("fees_cash", "Fees of the venue; cash.", "fees"),
    _field("equity_cash", "Cash and positions at the end; cash.", "equity"),
    _field("sharpe", "Sharpe ratio per year, of the returns of steps.", "sharpe"),
    _field("max_drawdown_fraction", "Largest fall of the equity from a peak, as a fraction of the peak.", "max_drawdown"),
    _field("turnover", "Traded value divided by the initial cash."),
    _field("trades", "Closed trades."),
    _field("fills", "Executed orders."),
)
OF_RUN = (
    _field("bars", "Bars of all symbols."),
    _field("slices", "Steps with bars."),
    _field("predictions", "Predictions served: `labelled + pending + expired`."),
    _field("labelled", "Predictions with a label, or a tie."),
    _field("pending", "Predictions whose label was not yet due at the end."),
    _field("expired", "Predictions whose label came too late."),
    _field("ties", "Labels of directions that moved too little to count."),
    _field("decisions", "Steps with a decision."),
    _field("ml_fraction", "Share of decisions in which a model took part, 0 to 1."),
    _field("refusals", "Orders that were refused, of all books."),
    _field("abstentions", "Bars at which the cost-aware rule expected less than the costs."),
    _field("drift_alarms", "Drift alarms about the errors of models and about features."),
    _field("alarms_acted", "Alarms that led to an adaptation."),
    _field("alarms_deferred", "Alarms that wait for the end of a trial or cooldown."),
    _field("alarms_skipped", "Alarms without an adaptation."),
    _field("adaptations", "Adaptations that began."),
    _field("quarantines", "Times that a session's model diverged and its last good state was restored."),
    Metric(
        "adaptations_accepted", "Adaptations that passed their trial.",
        lambda report: sum(action.status == "accepted" for action in report.adaptation_list),
    ),
    Metric(
        "model_freshness_mean_s", "Market time since the newest label of a served prediction's members, mean; seconds.",
        lambda report: report.success_metrics.model_freshness_mean_s,
    ),
    Metric(
        "model_freshness_max_s", "The same, largest; seconds.", lambda report: report.success_metrics.model_freshness_max_s
    ),
    Metric(
        "ml_pnl_net_cash", "Net P&L of the book `combined` minus that of `rules_only`; cash.",
        lambda report: None if report.success_metrics.ml_pnl is None else report.success_metrics.ml_pnl.net,
    ),
    Metric(
        "ml_pnl_net_low_cash", "Lower bound of its 95 % interval; cash.",
        lambda report: None if report.success_metrics.ml_pnl is None else report.success_metrics.ml_pnl.net_low,
    ),
    Metric(
        "ml_pnl_net_high_cash", "Upper bound of its 95 % interval; cash.",
        lambda report: None if report.success_metrics.ml_pnl is None else report.success_metrics.ml_pnl.net_high,
    ),
    Metric(
        "hit_rate_close_to_close", "Hit rate of the served direction from close to close, 0 to 1.",
        lambda report: report.hit_rates.close_to_close,
    ),
    Metric(
        "hit_rate_next_open", "Hit rate of the served direction from the next open, 0 to 1.",
        lambda report: report.hit_rates.next_open,
    ),
)  # fmt: skip
OF_MEMBER = (
    _field("labels", "Labels that the member was scored on."),
    _field("accuracy", "Share of labels that it predicted, 0 to 1."),
    _field("log_loss_nats", "Mean log loss; nats per label.", "log_loss"),
    _field("brier", "Mean squared error of the probability, 0 to 1."),
    _field("auc", "Area under the ROC curve, 0 to 1."),
    _field("kappa", "Cohen's kappa against the base rate's class."),
    _field("kappa_temporal", "Kappa against the no-change rule."),
    _field("ece", "Expected calibration error over ten bins, 0 to 1."),
    _field("skill_millinats", "Log loss of the running base rate minus the member's; millinats per label."),
    _field("skill_millinats_last70", "The same over the last 70 % of the bars."),
    _bound("skill_millinats_last70_low", "Lower bound of its 95 % interval.", "low"),
    _bound("skill_millinats_last70_high", "Upper bound of its 95 % interval.", "high"),
)


class Metrics(dict[str, Value]):
    """Numbers by name, in a fixed order; None where a number is not defined. Shows itself as a table.

    An unknown name raises UnknownNameError with the nearest one.
    """

    def __missing__(self, name: str) -> Value:
        raise UnknownNameError(f"there is no metric {name!r}{did_you_mean(name, self)}")

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:<{width}}  {_shown(value):>16}" for name, value in self.items())


def metrics_of(report: Report) -> Metrics:
    """The numbers of a result.

    Those of the book `combined` stand alone; those of another book follow its name, as in ``rules_only.net_pnl_cash``; those of
    a member follow target and member, as in ``volatility.served.accuracy``.
    """
    return Metrics(_entries(report))


def _entries(report: Report) -> Iterator[tuple[str, Value]]:
    yield from _read(OF_RUN, report, "")
    books: dict[str, BookReport] = report.books
    yield from _read(OF_BOOK, books[PRIMARY], "")
    for name, book in books.items():
        if name != PRIMARY:
            yield from _read(OF_BOOK, book, f"{name}.")
    for target, members in report.metrics.items():
        for member, score in members.items():
            yield from _read(OF_MEMBER, score, f"{target}.{member}.")


def _read(metrics: tuple[Metric, ...], of: object, prefix: str) -> Iterator[tuple[str, Value]]:
    return ((f"{prefix}{metric.name}", metric.read(of)) for metric in metrics)


def _shown(value: Value) -> str:
    if value is None:
        return "not defined"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
