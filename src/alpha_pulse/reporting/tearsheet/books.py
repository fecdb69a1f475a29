"""The performance of one book, from the stored result where that contains it, and otherwise from the journal's tables."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.reporting.bankruptcy import LOST
from alpha_pulse.reporting.performance.drawdown import drawdowns, under_water
from alpha_pulse.reporting.performance.exposure import exposure
from alpha_pulse.reporting.performance.months import MonthReturn, monthly_returns, yearly_returns
from alpha_pulse.reporting.performance.returns import growth_per_year, sharpe, sortino, total_interval
from alpha_pulse.reporting.performance.trades import TradeStatistics, closed_trades, trade_statistics
from alpha_pulse.reporting.report import BookReport
from alpha_pulse.reporting.tearsheet.content import BookCurve, RunContent


class BookPerformance(msgspec.Struct, frozen=True, kw_only=True):
    """One book; money in units of cash, ratios per year. What is undefined is None.

    ``gross_pnl - fees - costs = net_pnl``; ``costs`` are half-spread and slippage. ``*_interval``: 95 % interval of the total
    by the block bootstrap of its steps. ``total_return``, ``growth_per_year``, ``max_drawdown`` and ``volatility`` are
    fractions; ``turnover`` is the traded value over the initial cash. ``under_water_fraction``: of the run's time;
    ``held_fraction``: of its steps, with a position. ``mean_exposure``: value of all positions over the equity, mean over all
    steps; ``largest_exposure``: the largest. A book is bankrupt once its equity was 0 or below; no interval or ratio of it is
    defined, because steps after that have no return.
    """

    bankrupt: bool
    equity: float
    net_pnl: float
    net_pnl_interval: Interval | None
    gross_pnl: float
    gross_pnl_interval: Interval | None
    fees: float
    costs: float
    fills: int
    turnover: float
    total_return: float
    growth_per_year: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    under_water_fraction: float | None
    longest_under_water_s: float | None
    under_water_at_end: bool | None
    held_fraction: float
    mean_exposure: float | None
    largest_exposure: float | None
    trades: TradeStatistics
    months: list[MonthReturn]
    years: dict[int, float | None]


def book_performance(run: RunContent, book: str) -> BookPerformance:
    """The performance of a book of a run."""
    curve = run.curve(book)
    totals = _totals(run, book, curve) if run.result is None else run.result.books[book]
    assert totals.equity is not None
    assert totals.max_drawdown is not None
    assert totals.turnover is not None
    bankrupt = totals.max_drawdown >= LOST
    growth = None if bankrupt else growth_per_year(curve.equity, curve.known_at, curve.initial)
    water = under_water(curve.equity, curve.known_at, curve.initial)
    positions = exposure(run.of_book("equity", book), run.of_book("fills", book), run.tables["bars"], run.tables["units"])
    spread = float(curve.returns.std(ddof=1)) if len(curve.returns) > 1 else 0.0
    per_year, seed = curve.per_year, run.config.seed
    return BookPerformance(
        bankrupt=bankrupt,
        equity=totals.equity,
        net_pnl=totals.net_pnl,
        net_pnl_interval=None if bankrupt else total_interval(curve.changes, seed),
        gross_pnl=totals.gross_pnl,
        gross_pnl_interval=None if bankrupt else total_interval(gross_changes(run, book), seed),
        fees=totals.fees,
        costs=totals.costs,
        fills=totals.fills,
        turnover=totals.turnover,
        total_return=totals.net_pnl / curve.initial,
        growth_per_year=growth,
        volatility=spread * math.sqrt(per_year) if spread > 0.0 and not bankrupt else None,
        sharpe=None if bankrupt else totals.sharpe,
        sortino=None if bankrupt else sortino(curve.returns, per_year),
        calmar=growth / totals.max_drawdown if growth is not None and totals.max_drawdown > 0.0 else None,
        max_drawdown=totals.max_drawdown,
        under_water_fraction=None if water is None else water.fraction,
        longest_under_water_s=None if water is None else water.longest_s,
        under_water_at_end=None if water is None else water.at_end,
        held_fraction=float(positions.held.mean()),
        mean_exposure=_of_known(np.mean, positions.gross),
        largest_exposure=_of_known(np.max, positions.gross),
        trades=trade_statistics(closed_trades(run.of_book("lots", book), run.tables["units"])),
        months=monthly_returns(curve.equity, curve.known_at, curve.initial),
        years=yearly_returns(curve.equity, curve.known_at, curve.initial),
    )


def gross_changes(run: RunContent, book: str) -> NDArray[np.float64]:
    """The change of the equity in each step before fees and costs, (n,), in cash."""
    curve, fills = run.curve(book), run.of_book("fills", book)
    charges = (fills["cost_cash"] + fills["fee_cash"]).to_numpy()
    places = np.searchsorted(curve.seq, fills["seq"].to_numpy())
    return curve.changes + np.bincount(places, charges, len(curve.seq))


def _totals(run: RunContent, book: str, curve: BookCurve) -> BookReport:
    """Of a run without a result, what that would contain at the newest step."""
    fills = run.of_book("fills", book)
    fees, costs = float(fills["fee_cash"].sum()), float(fills["cost_cash"].sum())
    net = float(curve.equity[-1]) - curve.initial
    traded = float((fills["quantity"].abs() * fills["reference_price"]).sum())
    return BookReport(
        net_pnl=net,
        gross_pnl=net + fees + costs,
        fees=fees,
        costs=costs,
        trades=len(closed_trades(run.of_book("lots", book), run.tables["units"])),
        fills=len(fills),
        sharpe=sharpe(curve.returns, curve.per_year),
        max_drawdown=float(drawdowns(curve.equity, curve.initial).max()),
        equity=float(curve.equity[-1]),
        turnover=traded / curve.initial,
    )


def _of_known(statistic: Callable[[NDArray[np.float64]], np.float64], values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(statistic(known)) if len(known) else None
