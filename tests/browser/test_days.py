"""The page shows a daily bar under its own date: a Friday's bar under Friday, though it is known on Saturday at 00:00."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.feeds.synthetic import Market, random_walk
from browser.live import LiveServer
from browser.visitor import Visitor
from flow.runs import LEAN

BARS, FRIDAY = 458, "2021-04-02"


@pytest.fixture(scope="module")
def daily(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Weekdays from 2020-01-01 to a Friday, with their dates alone, as files of stocks contain them."""
    folder = tmp_path_factory.mktemp("days")
    bars = random_walk(BARS, 5, Market(interval_ns=DAY_NS)).columns
    prices = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    table = pl.DataFrame({"ts": pl.Series(bars.ts_start).cast(pl.Datetime("ns")).cast(pl.Date), "symbol": "SPY", **prices})
    table.filter(pl.col("ts").dt.weekday() < 6).write_csv(folder / "SPY.csv")
    server = LiveServer(folder, folder / "SPY.csv", {**LEAN, "execution.entry_rule": "signal"}, tz="UTC")
    server.start()
    server.step(1_000)
    yield server
    server.stop()


def day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"


def test_a_friday_is_a_friday(browser: object, daily: LiveServer) -> None:
    visitor = Visitor(browser, daily)
    visitor.open()
    page = visitor.page
    system = daily.request("/system")
    assert (day(system["bar_open_ms"]), day(system["ts_ms"])) == (FRIDAY, "2021-04-03")
    visitor.wait_for("time", FRIDAY)
    header = page.locator('[data-value="time"]').get_attribute("title")
    assert header == "bar from 2021-04-02 00:00, known at 2021-04-03 00:00 UTC"
    assert page.locator('[data-panel="price"] .time').inner_text() == FRIDAY
    assert FRIDAY in visitor.charts("price")
    fills = daily.request("/trading/fills", symbol="SPY", book="combined", limit=10_000)["fills"]
    assert [row[0] for row in visitor.table("fills")] == [day(fill["bar_open_ms"]) for fill in reversed(fills)][:60]
    assert all(datetime.fromisoformat(row[0]).weekday() < 5 for row in visitor.table("fills"))
    equity = page.locator('[data-panel="equity"]')
    box = equity.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    opens = daily.request("/trading/equity", max_points=5_000)["columns"]["bar_open_ms"]
    assert equity.locator(".time").inner_text() in {day(opened) for opened in opens[-4:]}
    page.locator('[data-panel="fills"] tbody tr').first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator('[data-section="outcome"]').wait_for()
    text = dialog.inner_text()
    assert f"in the bar of {day(fills[-1]['bar_open_ms'])}" in text
    assert "00:00" not in text
    visitor.leave()
    assert visitor.errors == []
