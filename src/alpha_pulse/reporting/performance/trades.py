"""Statistics of closed trades."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.durations import SECOND_NS

ROUNDING_CASH = 1e-9
"""A lot that misses the smallest order by less counts as a trade: exported values are rounded numbers."""


class TradeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Closed trades of one book; money in units of cash, after costs. What is undefined is None.

    ``win_rate``: trades with a net profit, as a fraction. ``profit_factor``: net profits of winning trades over net losses of
    losing trades. ``expectancy``: the mean net profit per trade. ``mean_holding_s``: from the opening to the closing fill.
    """

    trades: int
    wins: int
    losses: int
    longs: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    mean_win: float | None
    mean_loss: float | None
    best: float | None
    worst: float | None
    mean_costs: float | None
    mean_holding_s: float | None


def closed_trades(lots: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The rows of table ``lots`` that count as trades: those that were worth the smallest order or more when opened."""
    value = pl.col("quantity").abs() * pl.col("open_reference_price")
    smallest = units.select("symbol", "min_order_cash")
    joined = lots.join(smallest, on="symbol", how="left", maintain_order="left")
    return joined.filter(value >= pl.col("min_order_cash") - ROUNDING_CASH).drop("min_order_cash")


def trade_statistics(trades: pl.DataFrame) -> TradeStatistics:
    """Statistics of the rows of `closed_trades` of one book."""
    net = trades["net_pnl_cash"].to_numpy()
    won, lost = net[net > 0.0], net[net < 0.0]
    held_ns = (trades["known_at"].cast(pl.Int64) - trades["opened_at"].cast(pl.Int64)).to_numpy()
    return TradeStatistics(
        trades=len(net),
        wins=len(won),
        losses=len(lost),
        longs=int((trades["quantity"] > 0.0).sum()),
        win_rate=len(won) / len(net) if len(net) else None,
        profit_factor=float(won.sum() / -lost.sum()) if len(lost) else None,
        expectancy=_mean(net),
        mean_win=_mean(won),
        mean_loss=_mean(lost),
        best=float(net.max()) if len(net) else None,
        worst=float(net.min()) if len(net) else None,
        mean_costs=_mean(trades["costs_cash"].to_numpy()),
        mean_holding_s=_mean(held_ns / SECOND_NS),
    )


def _mean(values: np.typing.NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None
