"""The numbers of a tear sheet."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.members import MemberScore, TargetReliability
from alpha_pulse.reporting.ml_pnl import RULES, ml_pnl
from alpha_pulse.reporting.report import Report
from alpha_pulse.reporting.success_types import MlPnl
from alpha_pulse.reporting.tearsheet.books import BookPerformance, book_performance, gross_changes
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.doubts import doubts_so_far
from alpha_pulse.reporting.tearsheet.drift import DriftSummary, drift_summary
from alpha_pulse.reporting.tearsheet.labels import member_scores, reliability, targets_of
from alpha_pulse.reporting.tearsheet.settings import SettingDifference, setting_differences

LONGEST_WINDOW_YEARS = 0.5
WINDOWS_PER_RUN = 4
LEAST_WINDOW = 50


class DataSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The bars that a run has seen; times in ns: the open of the first and of the last bar, and the end of the last one."""

    symbols: list[str]
    first_open: int
    last_open: int
    last_end: int
    interval_s: float
    bars: int
    steps: int
    steps_per_year: float
    identity: str


class PredictionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """``predictions = labelled + pending + expired``; ``ties`` are among the labelled."""

    predictions: int
    labelled: int
    pending: int
    expired: int
    ties: int


class SymbolResult(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol of a finished run: P&L of the combined book in units of cash, open lots at the last close; closed trades; and
    the scores of the served prediction by target."""

    net_pnl: float
    gross_pnl: float
    trades: int
    served: dict[str, MemberScore]


class TearSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A run in numbers. ``finished``: whether the run has come to the end of its data; otherwise all is as of its newest step.

    ``settings``: those that differ from the defaults, each with the default and the value of the run. ``by_symbol``: of a
    finished run. ``rolling_window``: steps of the rolling Sharpe
    ratio; None where the run is too short. ``commands``: commands that users gave during the run.
    """

    run_id: str
    program_version: str
    config_hash: str
    finished: bool
    data: DataSummary
    settings: list[SettingDifference]
    commands: int
    initial_cash: float
    rolling_window: int | None
    books: dict[str, BookPerformance]
    predictions: PredictionCounts
    scores: dict[str, dict[str, MemberScore]]
    by_symbol: dict[str, SymbolResult]
    reliability: dict[str, TargetReliability]
    drift: DriftSummary
    ml_pnl: MlPnl | None
    warnings: list[str]


def make_tear_sheet(run: RunContent) -> TearSheet:
    """The tear sheet of a run. What its stored result contains is taken from there."""
    result, targets = run.result, targets_of(run.tables["predictions"])
    books = {book: book_performance(run, book) for book in run.books}
    return TearSheet(
        run_id=run.identity.run_id,
        program_version=run.identity.program_version,
        config_hash=run.identity.config_hash,
        finished=result is not None,
        data=_data(run),
        settings=setting_differences([Config(), run.config]),
        commands=len(run.tables["commands"]),
        initial_cash=run.config.execution.initial_cash,
        rolling_window=rolling_window(run),
        books=books,
        predictions=_predictions(run),
        scores={target: member_scores(run, target) for target in targets} if result is None else result.metrics,
        by_symbol={} if result is None else _by_symbol(result),
        reliability={target: reliability(run, target) for target in targets} if result is None else result.reliability,
        drift=drift_summary(run),
        ml_pnl=_ml_pnl(run) if result is None else result.success_metrics.ml_pnl,
        warnings=doubts_so_far(run, [name for name, book in books.items() if book.bankrupt])
        if result is None
        else result.warnings,
    )


def rolling_window(run: RunContent) -> int | None:
    """The steps of the rolling Sharpe ratio: a quarter of the run, at most half a year; None for fewer than 50 steps."""
    curve = run.curve(PRIMARY)
    window = min(len(curve.equity) // WINDOWS_PER_RUN, round(LONGEST_WINDOW_YEARS * curve.per_year))
    return window if window >= LEAST_WINDOW else None


def _by_symbol(result: Report) -> dict[str, SymbolResult]:
    return {
        symbol: SymbolResult(
            net_pnl=part.net_pnl,
            gross_pnl=part.gross_pnl,
            trades=part.trades,
            served={target: members["served"] for target, members in part.metrics.items()},
        )
        for symbol, part in result.by_symbol.items()
    }


def _data(run: RunContent) -> DataSummary:
    bars, curve = run.tables["bars"], run.curve(PRIMARY)
    opened, ended = (bars[name].cast(pl.Int64) for name in ("open_time", "known_at"))
    result = run.result
    return DataSummary(
        symbols=list(run.symbols),
        first_open=int(opened[0]),
        last_open=int(opened[-1]),
        last_end=int(ended[-1]),
        interval_s=float((ended - opened).median()) / SECOND_NS if result is None else result.data.interval_s,  # type: ignore[arg-type]
        bars=len(bars),
        steps=len(curve.equity),
        steps_per_year=curve.per_year,
        identity=run.identity.feed_identity,
    )


def _predictions(run: RunContent) -> PredictionCounts:
    result = run.result
    if result is not None:
        names = PredictionCounts.__struct_fields__
        return PredictionCounts(**{name: getattr(result, name) for name in names})
    counted = dict(run.tables["labels"]["status"].value_counts().iter_rows())
    made, ended, expired = len(run.tables["predictions"]), sum(counted.values()), counted.get("expired", 0)
    return PredictionCounts(
        predictions=made,
        labelled=ended - expired,
        pending=made - ended,
        expired=expired,
        ties=counted.get("tie", 0),
    )


def _ml_pnl(run: RunContent) -> MlPnl | None:
    if RULES not in run.books:
        return None
    net = run.curve(PRIMARY).changes - run.curve(RULES).changes
    gross = gross_changes(run, PRIMARY) - gross_changes(run, RULES)
    return ml_pnl(np.column_stack([net, gross]), run.config.seed, float)
