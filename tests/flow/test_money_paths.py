"""Hand-made paths of prices, each with what docs/concepts/money.md says of it; the checker recounts every run."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from money_checker import Checker
from money_runs import FREE, HOUR, START, Market, Plan, Settings, calm, hand_made, rows_of, scripted_run


def clean(store: Path, markets: dict[str, Market], plan: Plan, settings: Settings | None = None, **more: Any) -> Checker:
    """The checker, once it agreed."""
    checked = scripted_run(store, markets, plan, settings, **more)
    assert not checked.differences, checked.differences[0]
    return checked


def fills_of(store: Path, book: str = "combined") -> list[dict[str, Any]]:
    return [fill for _, payload, _ in rows_of(store) for fill in payload.get("fills", ()) if fill["book"] == book]


def slot(ts: int) -> int:
    """The number of the hour whose bar ends at ``ts``."""
    return (ts - START) // HOUR - 1


@pytest.mark.parametrize("factor", [2.0, 10.0, 0.5, 0.1])
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_a_gap_before_the_fill_leaves_no_position_beyond_its_limit(tmp_path: Path, factor: float, direction: float) -> None:
    """Decided at the close before, filled behind the gap: the size is what the price of the fill allows."""
    closes = [*calm(60), *calm(30, 100.0 * factor)]
    market = hand_made(closes, opens={60: 100.0 * factor})
    checked = clean(tmp_path / "s", {"A": market}, {"A": {59: direction}})
    assert slot(fills_of(tmp_path / "s")[0]["ts"]) == 60
    for name in set(checked.books) - {"buy_and_hold"}:
        book = checked.books[name]
        assert min(book.equities) > 0.9 * book.initial


@pytest.mark.parametrize("factor", [10.0, 0.1])
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_a_jump_over_a_held_position(tmp_path: Path, factor: float, direction: float) -> None:
    """What is held moves with the price: a tenfold price ruins a short, which no limit can prevent; it is closed."""
    closes = [*calm(60), *calm(40, 100.0 * factor)]
    checked = clean(tmp_path / "s", {"A": hand_made(closes, opens={60: 100.0 * factor})}, {"A": {52: direction}})
    book = checked.books["combined"]
    assert (min(book.equities) < 0) == (factor > 1.0 > direction)
    if book.equity <= 0:
        assert not book.positions["A"].held


def test_flips_through_zero_and_partial_closes(tmp_path: Path) -> None:
    plan = {"A": {50: 1.0, 54: -1.0, 58: 0.5, 62: 1.0, 66: 0.5, 70: -0.5, 74: 0.0}}
    checked = clean(
        tmp_path / "s", {"A": hand_made(calm(80))}, plan, {"execution.rebalance_band": 0.1, "execution.target_volatility": 0.05}
    )
    assert checked.seen["flips"] >= 3
    assert checked.seen["partial closes"] >= 1
    assert checked.books["combined"].positions["A"].held == 0


def result_of(store: Path) -> dict[str, Any]:
    """The stored result without what differs between equal runs."""
    with closing(sqlite3.connect(store)) as connection:
        (result,) = connection.execute("SELECT result FROM run").fetchone()
    return {name: value for name, value in json.loads(result).items() if name not in ("bars_per_second", "store")}


def test_stopped_and_resumed_it_leaves_the_same_journal_and_result(tmp_path: Path) -> None:
    """Of three symbols two come late and end early, against the order of their names, while positions are open."""
    markets = {
        "A": hand_made(calm(120), first=60),
        "B": hand_made(calm(150)),
        "C": hand_made(calm(560)),
    }
    plan = {name: {at: (-1.0) ** (at // 7) for at in range(50, 560, 7)} for name in markets}
    settings = {"execution.stop_volatilities": 3.0}
    clean(tmp_path / "through", markets, plan, settings)
    clean(tmp_path / "stopped", markets, plan, settings, stops=8)
    assert rows_of(tmp_path / "stopped") == rows_of(tmp_path / "through")
    assert result_of(tmp_path / "stopped") == result_of(tmp_path / "through")
    assert sum("the data of" in warning for warning in result_of(tmp_path / "stopped")["warnings"]) == 2


def test_a_fill_at_the_open_pays_the_spread_known_then(tmp_path: Path) -> None:
    """The quotes of a bar are those of its close, later than its open."""
    closes = calm(80)
    half = [0.0001 if at < 60 else 0.08 for at in range(80)]
    bid = [close * (1.0 - part) for close, part in zip(closes, half, strict=True)]
    ask = [close * (1.0 + part) for close, part in zip(closes, half, strict=True)]
    clean(tmp_path / "s", {"A": hand_made(closes, bid=bid, ask=ask)}, {"A": {59: 1.0, 65: 0.0}}, FREE, quotes=True)
    bought, sold = fills_of(tmp_path / "s")
    assert (slot(bought["ts"]), slot(sold["ts"])) == (60, 66)
    assert bought["price"] == pytest.approx(ask[59], rel=1e-3)
    assert sold["price"] == pytest.approx(bid[65], rel=1e-3)


def test_the_fill_is_at_the_next_open_with_a_small_latency(tmp_path: Path) -> None:
    market = hand_made(calm(80))
    for name, latency in (("none", 0.0), ("small", 1.0)):
        clean(tmp_path / name, {"A": market}, {"A": {59: 1.0}}, {"venue.latency_ms": latency})
        assert [slot(fill["ts"]) for fill in fills_of(tmp_path / name)] == [60]


@pytest.mark.parametrize(("bars", "later"), [(0.4, 0), (0.9, 1), (2.2, 2)])
def test_a_latency_delays_by_whole_bars(tmp_path: Path, bars: float, later: int) -> None:
    clean(tmp_path / "s", {"A": hand_made(calm(80))}, {"A": {59: 1.0}}, {"venue.latency_ms": bars * HOUR / 1e6})
    assert slot(fills_of(tmp_path / "s")[0]["ts"]) == 60 + later


def test_a_symbol_that_ends_with_an_open_position_is_reported(tmp_path: Path) -> None:
    markets = {"A": hand_made(calm(70)), "B": hand_made(calm(100))}
    checked = clean(tmp_path / "s", markets, {"A": {55: 1.0}, "B": {55: 1.0}})
    assert checked.books["combined"].positions["A"].held
    assert any("A" in warning and "end" in warning for warning in checked.report["warnings"])


def test_a_symbol_that_comes_late_trades(tmp_path: Path) -> None:
    markets = {"A": hand_made(calm(150)), "B": hand_made(calm(100), first=50)}
    clean(tmp_path / "s", markets, {"A": {55: 1.0}, "B": {55: 1.0}})
    assert {fill["symbol"] for fill in fills_of(tmp_path / "s")} == {"A", "B"}


def test_bars_without_volume_or_range_count_as_any_other(tmp_path: Path) -> None:
    """A zero volume says that nobody traded, not that nobody could: fills are at the open all the same."""
    market = hand_made([*calm(60), *[100.0] * 5, *calm(20)])._replace()
    market.volume[58:66] = 0.0
    clean(tmp_path / "s", {"A": market}, {"A": {59: 1.0, 62: 0.0}})
    assert [slot(fill["ts"]) for fill in fills_of(tmp_path / "s")] == [60, 63]


def test_dust_is_not_traded(tmp_path: Path) -> None:
    """A direction that changes by a ten-thousandth asks for less than the least order: nothing is sent; flat is flat."""
    plan = {"A": {50 + at: 0.5 + 0.0001 * (at % 2) for at in range(20)} | {72: 0.0}}
    checked = clean(tmp_path / "s", {"A": hand_made(calm(80))}, plan, {"execution.rebalance_band": 0.0})
    fills = fills_of(tmp_path / "s")
    assert len(fills) < 8
    assert checked.books["combined"].positions["A"].held == 0


def test_a_hole_of_days_is_no_night(tmp_path: Path) -> None:
    """After ten nights a night is usual; a hole that begins as late in the day but lasts nine of them is missing data."""
    days = [*range(12), *range(20, 26)]
    market = hand_made(calm(7 * len(days)))._replace(slots=np.array([24 * day + hour for day in days for hour in range(7)]))
    for name, day in (("night", 11), ("hole", 20)):
        checked = clean(tmp_path / name, {"A": market}, {"A": {24 * day: 1.0}})
        assert (checked.seen["missing data"], checked.seen["usual breaks"]) == (3, 14)
        refused = [
            item for _, row, _ in rows_of(tmp_path / name) for item in row.get("refusals", ()) if item["book"] == "combined"
        ]
        assert (slot(fills_of(tmp_path / name)[0]["ts"]), len(refused)) == (
            24 * day + 1 + (name == "hole"),
            int(name == "hole"),
        )
