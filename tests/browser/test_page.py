"""The page as such: who gets in, how it looks on a phone, what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cli_runs
from browser.live import LiveServer
from browser.visitor import PHONE, Visitor
from flow.runs import LEAN


@pytest.fixture
def stranger(browser: object, server: LiveServer) -> Iterator[Visitor]:
    """Somebody without a link."""
    visitor = Visitor(browser, server)
    yield visitor
    visitor.leave()


def test_a_link_opens_the_page_once(stranger: Visitor, visitor: Visitor) -> None:
    link = visitor.server.link()
    stranger.page.goto(link)
    stranger.ready()
    assert stranger.page.url == f"{stranger.server.url}/"
    assert stranger.page.evaluate("history.length") <= 2
    stranger.page.evaluate("sessionStorage.clear()")
    # Only the fragment changes, so the page stays and hears of it.
    stranger.page.goto(link)
    stranger.page.reload()
    stranger.page.get_by_label("Token").wait_for()
    assert "ticket" not in stranger.page.url


def test_without_a_link_the_page_says_how_to_get_in(stranger: Visitor) -> None:
    stranger.page.goto(stranger.server.url)
    stranger.page.get_by_text("alpha-pulse run").wait_for()
    field = stranger.page.get_by_label("Token")
    field.fill("not-the-token-at-all")
    stranger.page.get_by_role("button", name="Open").click()
    stranger.page.get_by_role("alert").wait_for()
    field.fill(stranger.server.token)
    field.press("Enter")
    stranger.ready()


def test_no_other_host_is_requested(visitor: Visitor) -> None:
    visitor.page.wait_for_timeout(300)
    assert visitor.foreign == []
    stored = visitor.page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert stored == [[], ["alpha-pulse.token"]]


def test_a_phone_needs_no_sideways_scrolling(browser: object, server: LiveServer) -> None:
    visitor = Visitor(browser, server, PHONE, is_mobile=True, has_touch=True)
    visitor.open()
    assert visitor.width_needed() <= PHONE["width"]
    visitor.page.locator("[data-fill] button").first.click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.locator('[data-section="features"]').wait_for()
    assert dialog.evaluate("box => [box, ...box.children].every(one => one.scrollWidth <= one.clientWidth + 1)")
    assert visitor.width_needed() <= PHONE["width"]
    visitor.leave()
    assert visitor.complaints == []


def test_what_matters_most_is_above_the_fold(visitor: Visitor) -> None:
    for panel in ("success", "volatility", "price", "equity", "skill-volatility", "skill-direction"):
        box = visitor.page.locator(f'[data-panel="{panel}"]').bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, panel


def test_the_theme_is_kept(visitor: Visitor) -> None:
    theme = "document.documentElement.dataset.theme"
    assert visitor.page.evaluate(theme) == "dark"
    visitor.page.keyboard.press("t")
    assert visitor.page.evaluate(theme) == "light"
    visitor.page.reload()
    visitor.ready()
    assert visitor.page.evaluate(theme) == "light"


def test_everything_can_be_reached_by_keyboard(visitor: Visitor) -> None:
    reached = set()
    for _ in range(14):
        visitor.page.keyboard.press("Tab")
        reached.add(visitor.page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
        outline = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    assert {"symbol", "Resume", "Step", "speed"} <= reached


def test_names_from_outside_are_text(browser: object, tmp_path: Path) -> None:
    name = '<img src=x onerror="document.title=1">'
    server = LiveServer(tmp_path, cli_runs.write_bars(tmp_path / "bars.parquet", 400, (name,)), LEAN)
    server.start()
    try:
        server.step(300)
        visitor = Visitor(browser, server)
        visitor.open()
        assert f"{name} price" in visitor.page.locator('[data-panel="price"] h2').inner_text()
        assert visitor.page.title() == "AlphaPulse"
        assert visitor.page.locator("img").count() == 0
        visitor.leave()
        assert visitor.complaints == []
    finally:
        server.stop()


def test_a_run_that_ends_says_so(browser: object, tmp_path: Path) -> None:
    server = LiveServer(tmp_path, cli_runs.write_bars(tmp_path / "bars.parquet", 260), LEAN)
    link = server.start()
    try:
        visitor = Visitor(browser, server)
        visitor.page.goto(link)
        visitor.wait_for("link", "connected")
        visitor.page.get_by_text("No label is known yet").first.wait_for()
        server.step(261)
        visitor.page.locator('[data-notice="finished"]').wait_for()
        visitor.wait_for("state", "finished")
        assert visitor.page.get_by_role("button", name="Pause").is_disabled()
        assert {row[-1] for row in visitor.table("sessions")} == {"ended"}
        visitor.leave()
        assert visitor.complaints == []
    finally:
        server.stop()
