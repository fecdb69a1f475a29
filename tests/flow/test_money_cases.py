"""Files in the manner of what users brought, each with its right result; the checker recounts every run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alpha_pulse.feeds.replay import ReplayFeed
from money_checker import Checker
from money_runs import Dice, Settings, rows_of, run

CASES = Path(__file__).parent.parent / "cases"
HOUR = 3_600_000_000_000


def replayed(store: Path, case: str, settings: Settings | None = None) -> Checker:
    """The recount of a case's run, without differences."""
    checked = run(store, ReplayFeed.from_file(CASES / f"{case}.csv"), {"batch.enabled": False, **(settings or {})})
    assert not checked.differences, checked.differences[0]
    return checked


def every(store: Path, name: str) -> list[dict[str, Any]]:
    """All elements of one of the rows' lists, each with its row's time."""
    return [
        {"row_ts": ts, **item}
        for ts, payload, decision in rows_of(store)
        for item in (*payload.get(name, ()), *decision.get(name, ()))
    ]


def test_two_bars_leave_what_is_undefined_null(tmp_path: Path) -> None:
    report = replayed(tmp_path / "s", "two_bars").report
    assert {book["sharpe"] for book in report["books"].values()} == {None}
    metrics = report["success_metrics"]
    assert metrics["model_freshness_mean_s"] is None
    assert metrics["model_freshness_max_s"] is None


@pytest.mark.parametrize("latency_ms", [0.0, 1.0])
def test_a_walk_is_filled_at_the_open_of_the_next_bar(tmp_path: Path, latency_ms: float) -> None:
    replayed(tmp_path / "s", "walk", {"venue.latency_ms": latency_ms})
    ordered = {order["order_id"]: order["ts"] for order in every(tmp_path / "s", "orders") if order["kind"] == "market"}
    opens = {bar["ts_event"]: bar["open"] for bar in every(tmp_path / "s", "bars")}
    fills = [fill for fill in every(tmp_path / "s", "fills") if fill["order_id"] in ordered]
    assert len(fills) > 10
    for fill in fills:
        assert fill["ts"] == ordered[fill["order_id"]] + HOUR
        assert fill["reference"] == opens[fill["ts"]]


def test_data_that_end_early_are_reported_with_the_position_they_leave(tmp_path: Path) -> None:
    checked = replayed(tmp_path / "s", "ends_early")
    assert checked.books["buy_and_hold"].positions["C"].held > 0
    (reported,) = (warning for warning in checked.report["warnings"] if "the data of C end" in warning)
    assert "buy and hold" in reported


def test_the_first_bar_of_a_session_trades_once_nights_are_known(tmp_path: Path) -> None:
    """Two nights and two weekends are taken for missing data; after that entries at a first bar pass."""
    Dice.seed = 13
    checked = replayed(tmp_path / "s", "sessions", {"agents.members": ["dice"]})
    bars = [bar["ts_event"] for bar in every(tmp_path / "s", "bars")]
    firsts = [ts for before, ts in pairwise(bars) if ts - before > 4 * HOUR]
    assert (checked.seen["missing data"], checked.seen["usual breaks"]) == (4, len(firsts) - 4)
    refused = {item["row_ts"] for item in every(tmp_path / "s", "refusals") if "intervals old" in str(item["reasons"])}
    assert refused <= set(firsts[:12])
    assert {order["ts"] for order in every(tmp_path / "s", "orders")} & set(firsts[7:])
