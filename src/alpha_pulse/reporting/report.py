"""The result of a run: numbers that add up, computed from the journal and the final state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.version import __version__
from alpha_pulse.engine.system import System
from alpha_pulse.execution.book import BookResult, SymbolResult
from alpha_pulse.execution.decision import Carried
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.feedback.trade_quality import TARGET as QUALITY
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.base.scores import SERVED
from alpha_pulse.learning.pending_ring import Counts
from alpha_pulse.learning.session import Session
from alpha_pulse.metrics.comparison import Comparison
from alpha_pulse.metrics.members import MemberScore, TargetReliability, score_members, target_reliability
from alpha_pulse.metrics.streaming import MemberMetrics, whole_run
from alpha_pulse.reporting.alarm_counts import alarm_counts
from alpha_pulse.reporting.bankruptcy import bankruptcies
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.performance.returns import rate_per_year
from alpha_pulse.reporting.report_events import ListedAction, ListedAlarm, ListedModel, ListedResponse, listed
from alpha_pulse.reporting.run_summary import LabelTable, RunSummary, summarise
from alpha_pulse.reporting.success import success_metrics
from alpha_pulse.reporting.success_types import SuccessMetrics
from alpha_pulse.venues.money import minor_units

LAST_PART = (3, 10)
"""The ``last70`` figures exclude the first three tenths of a symbol's bars."""


class DataReport(msgspec.Struct, frozen=True):
    """What was replayed; times are nanoseconds since the Unix epoch (UTC): the ends and the opens of the first and last bar."""

    symbols: tuple[str, ...]
    first_ts: int
    last_ts: int
    interval_s: float
    interval_inferred: bool
    ignored_columns: tuple[str, ...]
    has_volume: bool
    has_quotes: bool
    identity: str
    first_bar_open_ts: int | None = None
    last_bar_open_ts: int | None = None


class BookReport(msgspec.Struct, frozen=True):
    """One book in units of cash; drawdown as a fraction of the peak. The entry for a single symbol has no equity."""

    net_pnl: float
    gross_pnl: float
    fees: float
    costs: float
    trades: int
    fills: int
    sharpe: float | None = None
    max_drawdown: float | None = None
    equity: float | None = None
    turnover: float | None = None


class HitRates(msgspec.Struct, frozen=True):
    """The hit rate of the served direction: from close to close, and from the next open, the first tradable price."""

    labels: int
    close_to_close: float | None
    next_open: float | None


class TradeQualityReport(msgspec.Struct, frozen=True):
    """The trade-quality sessions: closed lots, those with a net profit, and the scores of their predictions (by symbol)."""

    lots: int
    wins: int
    metrics: dict[str, dict[str, MemberMetrics]]


class SymbolReport(msgspec.Struct, frozen=True):
    """The results of one symbol; money in units of cash. ``gross_pnl - costs - fees = net_pnl``.

    ``drift_alarms = alarms_acted + alarms_deferred + alarms_skipped``: by the newest response to each.

    ``against_base``, by session: the served prediction (first) compared with the base rate (second) after each label.

    ``quarantines`` counts how often a session's model diverged and its last good state was restored; results of older versions
    do not have it.
    """

    bars: int
    predictions: int
    labelled: int
    pending: int
    expired: int
    ties: int
    trades: int
    gross_pnl: float
    net_pnl: float
    fees: float
    costs: float
    ml_fraction: float | None
    refusals: int
    abstentions: int
    metrics: dict[str, dict[str, MemberScore]]
    hit_rates: HitRates
    books: dict[str, BookReport]
    drift_alarms: int
    alarms_acted: int
    alarms_deferred: int
    alarms_skipped: int
    adaptations: int
    success_metrics: SuccessMetrics
    against_base: dict[str, Comparison]
    quarantines: int | None = None


class Report(SymbolReport, frozen=True, kw_only=True):
    """All symbols together, and the values of the whole run. ``predictions = labelled + pending + expired``.

    ``reliability``, by target, contains the bins of the served probability and of the confidence. ``warnings`` are sentences
    about reasons to doubt the figures; results of older versions have none. ``bars_per_second`` is a wall-clock rate; it and
    ``store`` are the only fields that differ between equal runs.
    """

    slices: int
    drift_alarm_list: list[ListedAlarm]
    alarm_response_list: list[ListedResponse]
    adaptation_list: list[ListedAction]
    models: list[ListedModel]
    agent_weights: dict[str, float]
    trade_quality: TradeQualityReport
    decisions: int
    decisions_sha256: str
    state_sha256: str
    config_hash: str
    program_version: str
    bars_per_second: float | None
    bars_per_second_note: str
    store: str
    warnings: list[str] = msgspec.field(default_factory=list)
    reliability: dict[str, TargetReliability] = msgspec.field(default_factory=dict)
    data: DataReport
    by_symbol: dict[str, SymbolReport]


RATE_NOTE = (
    "event loop of the last process, all stages, books and the store's writes, checkpoints included; "
    "without its first 300 slices and those in which a batch model was trained"
)


def make_report(system: System, bars_per_second: float | None = None) -> Report:
    """Read the journal of a run at its end, and create the report.

    Parameters
    ----------
    system
        A system after its last step.
    bars_per_second
        The measured speed, or None.

    Raises
    ------
    StateError
        The journal is damaged.
    """
    symbols = tuple(system.feed.symbols)
    summary = summarise(system.store, symbols, system.targets)
    everything, opened = _part(system, summary, symbols), system.feed.bar_open
    return Report(
        **msgspec.structs.asdict(everything),
        slices=summary.slices,
        drift_alarm_list=[listed(ListedAlarm, alarm, alarm.symbol, opened) for alarm in summary.alarms],
        alarm_response_list=[
            listed(ListedResponse, response, response.symbol, opened) for response in summary.responses.values()
        ],
        adaptation_list=[listed(ListedAction, action, action.symbol, opened) for action in summary.actions.values()],
        models=[listed(ListedModel, model, model.session_id.rpartition("/")[0], opened) for model in summary.models],
        agent_weights=system.agents.weights,
        trade_quality=_quality(system, symbols),
        decisions=summary.decision_steps,
        decisions_sha256=summary.decisions_sha256,
        state_sha256=system.state_sha256(),
        config_hash=system.config.config_hash,
        program_version=__version__,
        bars_per_second=bars_per_second,
        bars_per_second_note=RATE_NOTE,
        store=system.store.location,
        warnings=_warnings(system, summary),
        reliability=_reliability(system, summary, symbols),
        data=_data(system),
        by_symbol={symbol: _part(system, summary, (symbol,), single=True) for symbol in symbols},
    )


def encode_report(report: Report) -> bytes:
    """The report as the JSON object that is stored as the run's result."""
    return msgspec.json.encode(report)


def decode_report(content: bytes) -> Report:
    """Decode the output of `encode_report`. Raises StateError for the output of an incompatible version of this program."""
    try:
        return msgspec.json.decode(content, type=Report)
    except msgspec.DecodeError as error:
        raise StateError(
            f"the stored result does not fit this program ({error}); show it with the version that made it, or use --json"
        ) from None


def _part(system: System, summary: RunSummary, symbols: tuple[str, ...], *, single: bool = False) -> SymbolReport:
    """The report of some symbols: of all, with the risk figures of each book, or of a ``single`` one."""
    counts = _add_counts(system, symbols)
    results: Mapping[str, BookResult] = system.execution.results(_marks_per_year(system, summary))
    books: Mapping[str, BookResult] | Mapping[str, SymbolResult] = results
    if single:
        books = {name: system.execution.by_symbol(name)[symbols[0]] for name in results}
    combined, cash = books[PRIMARY], system.execution.cash
    counts_by_symbol = [summary.symbols[symbol] for symbol in symbols]
    decisions = sum(item.decisions for item in counts_by_symbol)
    return SymbolReport(
        bars=sum(len(item.bars) for item in counts_by_symbol),
        predictions=counts.predictions,
        labelled=counts.labelled,
        pending=counts.pending,
        expired=counts.expired,
        ties=counts.ties,
        trades=combined.trades,
        gross_pnl=cash(combined.gross_pnl),
        net_pnl=cash(combined.net_pnl),
        fees=cash(combined.fees),
        costs=cash(combined.costs),
        ml_fraction=sum(item.ml_decisions for item in counts_by_symbol) / decisions if decisions else None,
        refusals=sum(item.refusals for item in counts_by_symbol),
        abstentions=sum(item.abstentions for item in counts_by_symbol),
        metrics={target: _scores(system, summary, target, symbols) for target in system.targets},
        hit_rates=_hit_rates(summary.tables["direction"], _rows_of(summary, "direction", symbols)),
        books={name: _book(result, cash) for name, result in books.items()},
        drift_alarms=sum(alarm.symbol in symbols for alarm in summary.alarms),
        **alarm_counts(response for response in summary.responses.values() if response.symbol in symbols),
        adaptations=sum(action.symbol in symbols for action in summary.actions.values()),
        success_metrics=success_metrics(system, summary, [(symbol, target) for symbol in symbols for target in system.targets]),
        against_base={
            f"{symbol}/{target}": compared.result
            for symbol in symbols
            for target in system.targets
            if (compared := system.learning.session(symbol, target).against_base) is not None
        },
        quarantines=sum(session.quarantines for session in _sessions(system, symbols)),
    )


def _warnings(system: System, summary: RunSummary) -> list[str]:
    """Reasons to doubt the figures, a sentence for each."""
    data = check_data(system.config, system.feed)
    return [*data, *_bankruptcies(system, summary), *_carried(system), *_diverged(system)]


def _sessions(system: System, symbols: Collection[str]) -> list[Session]:
    """The run's own sessions of these symbols."""
    return [each for each in system.learning.all_sessions() if each.engine_owned and each.spec.symbol in symbols]


def _diverged(system: System) -> list[str]:
    """A sentence for each session whose model has diverged."""
    return [
        f"model {session.spec.model_type!r} of {session.session_id} diverged {session.quarantines:,} "
        f"time{'s' if session.quarantines > 1 else ''}: it gave no probability, or its state was not finite, so it was left "
        "out of the prediction, and its last good state was restored"
        for session in _sessions(system, system.feed.symbols)
        if session.quarantines
    ]


def _bankruptcies(system: System, summary: RunSummary) -> list[str]:
    execution = system.execution
    cash = minor_units(system.config.execution.initial_cash, execution.cash_decimals)
    return bankruptcies(system.store, execution.results(_marks_per_year(system, summary)), cash)


def _carried(system: System) -> list[str]:
    """A sentence for each symbol whose data ended while positions in it were open."""
    by_symbol: dict[str, list[Carried]] = {}
    opened = system.feed.bar_open
    for position in system.execution.carried(_first_and_last_ts(system)[1]):
        by_symbol.setdefault(position.symbol, []).append(position)
    return [
        f"the data of {symbol} end with the bar of "
        f"{bar_label(opened(symbol, positions[0].newest_ts), positions[0].newest_ts)} (UTC), before those of other symbols: "
        + " and ".join(f"{item.quantity:.8g} of book {item.book.replace('_', ' ')}" for item in positions)
        + f" cannot be closed and stay in the equity at the last price, {positions[0].close:.8g}"
        for symbol, positions in by_symbol.items()
    ]


def _add_counts(system: System, symbols: tuple[str, ...]) -> Counts:
    parts = [counts for (symbol, _), counts in system.feedback.counts().items() if symbol in symbols]
    return Counts(
        predictions=sum(part.predictions for part in parts),
        labelled=sum(part.labelled for part in parts),
        pending=sum(part.pending for part in parts),
        expired=sum(part.expired for part in parts),
        ties=sum(part.ties for part in parts),
    )


def _rows_of(summary: RunSummary, target: str, symbols: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which rows of a target's table belong to these symbols."""
    indices = [index for index, symbol in enumerate(summary.symbols) if symbol in symbols]
    return np.isin(summary.tables[target].symbol, indices)


def _scores(system: System, summary: RunSummary, target: str, symbols: tuple[str, ...]) -> dict[str, MemberScore]:
    table, selected = summary.tables[target], _rows_of(summary, target, symbols)
    horizon = system.learning.session(symbols[0], target).spec.horizon
    from_bar = np.array([first_recent(item.bars) for item in summary.symbols.values()], dtype=np.int64)
    recent = table.seq >= from_bar[table.symbol]
    challengers = dict(zip(table.names, table.challengers[selected].T, strict=True))
    return score_members(table.scores[selected], recent[selected], len(symbols), horizon, system.config.seed, challengers)


def _reliability(system: System, summary: RunSummary, symbols: tuple[str, ...]) -> dict[str, TargetReliability]:
    tables = {}
    for target, table in summary.tables.items():
        confidences = np.full(len(table.seq), np.nan)
        for index, symbol in enumerate(symbols):
            selected = table.symbol == index
            confidences[selected] = summary.confidences[symbol, target].at(table.seq[selected])
        horizon = system.learning.session(symbols[0], target).spec.horizon
        tables[target] = target_reliability(table.scores, confidences, horizon)
    return tables


def first_recent(bars: list[int]) -> int:
    """The number of the first bar in the last 70 % of a symbol's bars, whose numbers are ``bars``; 0 without bars.

    >>> first_recent([7, 8, 9, 20])
    9
    """
    part, whole = LAST_PART
    first = -(-len(bars) * part // whole)
    return bars[min(first, len(bars) - 1)] if bars else 0


def _hit_rates(table: LabelTable, selected: NDArray[np.bool_]) -> HitRates:
    moved = selected & ~np.isnan(table.next_open_return) & (table.next_open_return != 0.0) & ~np.isnan(table.scores[:, SERVED])
    n = int(moved.sum())
    if n == 0:
        return HitRates(0, None, None)
    predicted_up = table.scores[moved, SERVED] >= 0.5
    closed_up, traded_up = table.value[moved] > 0.0, table.next_open_return[moved] > 0.0
    return HitRates(n, float(np.mean(predicted_up == closed_up)), float(np.mean(predicted_up == traded_up)))


def _marks_per_year(system: System, summary: RunSummary) -> float:
    """The observed number of slices per year, so that closed markets do not count."""
    first, last = _first_and_last_ts(system)
    return rate_per_year(summary.slices, last - first)


def _first_and_last_ts(system: System) -> tuple[int, int]:
    feed = system.feed
    return (feed.first_ts, feed.last_ts) if isinstance(feed, ReplayFeed) else (0, system.clock.now_ns())


def _book(result: BookResult | SymbolResult, cash: Callable[[int], float]) -> BookReport:
    money = {name: cash(getattr(result, name)) for name in ("net_pnl", "gross_pnl", "fees", "costs")}
    if isinstance(result, SymbolResult):
        return BookReport(**money, trades=result.trades, fills=result.fills)
    return BookReport(
        **money,
        trades=result.trades,
        fills=result.fills,
        sharpe=result.sharpe,
        max_drawdown=result.max_drawdown,
        equity=cash(result.equity),
        turnover=result.turnover,
    )


def _quality(system: System, symbols: tuple[str, ...]) -> TradeQualityReport:
    parts = [system.feedback.quality(symbol) for symbol in symbols]
    scores = {symbol: whole_run(system.learning.session(symbol, QUALITY).scores) for symbol in symbols}
    return TradeQualityReport(sum(part.lots for part in parts), sum(part.wins for part in parts), scores)


def _data(system: System) -> DataReport:
    feed = system.feed
    first, last = _first_and_last_ts(system)
    return DataReport(
        symbols=tuple(feed.symbols),
        first_ts=first,
        last_ts=last,
        interval_s=feed.interval_ns / 1e9,
        interval_inferred=isinstance(feed, ReplayFeed) and feed.interval_inferred,
        ignored_columns=feed.ignored_columns if isinstance(feed, ReplayFeed) else (),
        has_volume=feed.has_volume,
        has_quotes=feed.has_quotes,
        identity=feed.identity,
        first_bar_open_ts=feed.first_open_ts if isinstance(feed, ReplayFeed) else None,
        last_bar_open_ts=feed.last_open_ts if isinstance(feed, ReplayFeed) else None,
    )
