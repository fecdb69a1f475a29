"""Invariant 11, by relations that must hold between runs: units, cash and symbols that come later change no return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alpha_pulse.feeds.replay import ReplayFeed
from money_runs import HOUR, START, Dice, Market, Settings, feed_of, random_market, rows_of, run, scaled

TOLERANCE = 1e-8
"""Of the equity over the initial cash, of which a part of a position is a billionth."""
Curves = dict[str, list[float]]


def curves(store: Path, feed: ReplayFeed, settings: Settings) -> Curves:
    """Each book's equity at every slice, over the equity at the first one."""
    assert not run(store, feed, settings).differences
    equities = [payload["equity"] for _, payload, _ in rows_of(store)]
    return {name: [equity[name] / equities[0][name] for equity in equities] for name in equities[0]}


def alike(one: Curves, other: Curves, tolerance: float) -> None:
    assert one.keys() == other.keys()
    for name, curve in one.items():
        np.testing.assert_allclose(curve, other[name], rtol=0, atol=tolerance, err_msg=name)


def in_units(feed: ReplayFeed, scale: float) -> ReplayFeed:
    """The same market, its prices in another unit."""
    prices = {name: scaled(getattr(feed.columns, name), scale) for name in ("open", "high", "low", "close")}
    return ReplayFeed(msgspec.structs.replace(feed.columns, **prices))


FREELY: Settings = {
    "agents.members": ["dice"],
    "batch.enabled": False,
    "learning.model": "logistic",
    "execution.target_volatility": 1.0,
    "execution.rebalance_band": 0.1,
    "risk.max_daily_loss_fraction": 1.0,
    "venue.half_spread_bps": 5.0,
}
"""Nothing holds up the dice for long."""


def trading(seed: int) -> ReplayFeed:
    """A market without quotes, in ordinary units."""
    Dice.seed = seed
    return feed_of({"A": random_market(np.random.default_rng(seed), np.arange(200), 1.0)}, HOUR)


@pytest.mark.parametrize(("scale", "cash"), [(1e-8, 1e8), (1e-8, 1.0), (1e-3, 1e5), (1e6, 1e5), (1e6, 1.0)])
def test_the_unit_of_prices_changes_no_return(tmp_path: Path, scale: float, cash: float) -> None:
    feed, settings = trading(1), {**FREELY, "execution.initial_cash": cash}
    alike(curves(tmp_path / "a", feed, settings), curves(tmp_path / "b", in_units(feed, scale), settings), TOLERANCE)


@pytest.mark.parametrize("cash", [1.0, 100.0, 1e8])
def test_costs_are_the_same_share_of_any_cash(tmp_path: Path, cash: float) -> None:
    feed = trading(2)
    other = {**FREELY, "execution.initial_cash": cash}
    alike(curves(tmp_path / "a", feed, FREELY), curves(tmp_path / "b", feed, other), TOLERANCE)


def two_symbols(*, b_from: int = 0, b_to: int = 240) -> tuple[ReplayFeed, Settings]:
    """A of 240 bars, beside it the stretch of B from one slot to another; both equal wherever they are there."""
    rng = np.random.default_rng(8)
    markets = {name: random_market(rng, np.arange(240), 1.0) for name in "AB"}
    markets["B"] = Market(**{name: column[b_from:b_to] for name, column in markets["B"]._asdict().items()})
    if b_from >= b_to:
        del markets["B"]
    Dice.seed = 8
    return feed_of(markets, HOUR), FREELY


@pytest.mark.parametrize(
    ("one", "other", "until"),
    [
        pytest.param({"b_to": 0}, {"b_from": 150}, 150, id="a symbol that comes late"),
        pytest.param({"b_to": 150}, {}, 150, id="a symbol that ends early"),
        pytest.param({"b_from": 60, "b_to": 90}, {"b_from": 60}, 90, id="a symbol that comes and goes"),
    ],
)
def test_what_comes_later_changes_nothing_before(
    tmp_path: Path, one: dict[str, int], other: dict[str, int], until: int
) -> None:
    before: list[list[tuple[int, dict[str, Any], dict[str, Any]]]] = []
    for name, limits in (("one", one), ("other", other)):
        assert not run(tmp_path / name, *two_symbols(**limits)).differences
        before.append([row for row in rows_of(tmp_path / name) if row[0] <= START + until * HOUR])
    assert len(before[0]) == until
    for mine, theirs in zip(*before, strict=True):
        assert mine == theirs
    assert sum(len(payload.get("fills", ())) for _, payload, _ in before[0]) > 5


def opening_fills(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The fills of market orders in one row."""
    return [fill for fill in payload.get("fills", ()) if not fill["order_id"].endswith("/stop")]


def test_what_happens_within_a_bar_changes_no_fill_at_an_open_of_that_instant(tmp_path: Path) -> None:
    """A's stops and close come after the open of B's bar, though A is the first by name."""
    feed, settings = two_symbols()
    settings = {**settings, "execution.stop_volatilities": 4.0}
    checked = run(tmp_path / "base", feed, settings)
    assert not checked.differences
    base = [payload for _, payload, _ in rows_of(tmp_path / "base")]
    tested = 0
    for row in range(60, 240):
        books = {fill["book"] for fill in opening_fills(base[row]) if fill["symbol"] == "B"}
        if tested == 2 or not books - {"buy_and_hold"}:
            continue
        columns = feed.columns
        there = (columns.code == 0) & (np.cumsum(columns.code == 0) == row + 1)
        changed = {
            "high": np.where(there, columns.high * 1.5, columns.high),
            "low": np.where(there, columns.low * 0.5, columns.low),
            "close": np.where(there, columns.low * 0.6, columns.close),
        }
        other = ReplayFeed(msgspec.structs.replace(columns, **changed)).cut(row + 1)
        store = tmp_path / str(row)
        assert not run(store, other, settings).differences
        _, payload, _ = rows_of(store)[row]
        stopped = [fill for fill in payload["fills"] if fill["order_id"].endswith("/stop")]
        if any(fill["symbol"] == "A" and fill["book"] in books for fill in stopped):
            assert opening_fills(payload) == opening_fills(base[row])
            tested += 1
    assert tested == 2
