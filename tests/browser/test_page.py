"""Sign-in, layout on a desktop and a phone, keyboard, hostile names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cli_runs
from browser.live import LiveServer
from browser.visitor import PHONE, Visitor
from flow.runs import LEAN


@pytest.fixture
def guest(browser: object, server: LiveServer) -> Iterator[Visitor]:
    """A visitor without a link."""
    visitor = Visitor(browser, server)
    yield visitor
    visitor.leave()


def test_a_link_opens_the_page_once(guest: Visitor, visitor: Visitor) -> None:
    link = visitor.server.link()
    guest.page.goto(link)
    guest.ready()
    assert guest.page.url == f"{guest.server.url}/"
    assert guest.page.evaluate("history.length") <= 2
    guest.page.evaluate("sessionStorage.clear()")
    # Only the fragment changes, so the browser does not load the page again.
    guest.page.goto(link)
    guest.page.reload()
    guest.page.get_by_label("Token").wait_for()
    assert "ticket" not in guest.page.url


def test_without_a_link_the_page_explains_the_sign_in(guest: Visitor) -> None:
    guest.page.goto(guest.server.url)
    guest.page.get_by_text("alpha-pulse run").wait_for()
    field = guest.page.get_by_label("Token")
    field.fill("not-the-token-at-all")
    guest.page.get_by_role("button", name="Open").click()
    guest.page.get_by_role("alert").wait_for()
    field.fill(guest.server.token)
    field.press("Enter")
    guest.ready()


def test_no_other_host_is_requested(visitor: Visitor) -> None:
    visitor.page.wait_for_timeout(300)
    assert visitor.foreign_requests == []
    stored = visitor.page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert stored == [[], ["alpha-pulse.token"]]


def test_a_phone_needs_no_sideways_scrolling(browser: object, server: LiveServer) -> None:
    visitor = Visitor(browser, server, PHONE, is_mobile=True, has_touch=True)
    visitor.open()
    assert visitor.width_needed() <= PHONE["width"]
    visitor.page.locator("[data-fill] button").first.click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.locator('[data-section="features"]').wait_for()
    assert dialog.evaluate("box => [box, ...box.children].every(part => part.scrollWidth <= part.clientWidth + 1)")
    assert visitor.width_needed() <= PHONE["width"]
    visitor.leave()
    assert visitor.errors == []


def test_the_main_panels_are_above_the_fold(visitor: Visitor) -> None:
    for panel in ("success", "volatility", "price", "equity", "skill-volatility", "skill-direction"):
        box = visitor.page.locator(f'[data-panel="{panel}"]').bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, panel


def test_the_theme_is_remembered(visitor: Visitor) -> None:
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


def test_external_names_are_shown_as_text(browser: object, tmp_path: Path) -> None:
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
        assert visitor.errors == []
    finally:
        server.stop()


def test_the_page_shows_own_targets_and_reports_the_end_of_a_run(browser: object, tmp_path: Path) -> None:
    settings = {**LEAN, "targets.own": ["own_targets:pays"]}
    server = LiveServer(tmp_path, cli_runs.write_bars(tmp_path / "bars.parquet", 260), settings)
    link = server.start()
    try:
        visitor = Visitor(browser, server)
        visitor.page.goto(link)
        visitor.wait_for("connection", "connected")
        visitor.page.get_by_text("No label is known yet").first.wait_for()
        server.step(261)
        visitor.page.locator('[data-notice="finished"]').wait_for()
        visitor.wait_for("state", "finished")
        assert visitor.page.get_by_role("button", name="Pause").is_disabled()
        visitor.page.locator(".state.ended").first.wait_for()
        assert {row[-1] for row in visitor.table("sessions")} == {"ended"}
        above, *own = (
            visitor.page.locator(f'[data-panel="{name}"]').bounding_box()
            for name in ("fills", "skill-pays", "weights-pays", "reliability-pays")
        )
        assert all(box["y"] >= above["y"] + above["height"] and box["height"] > 100 for box in own)
        visitor.leave()
        assert visitor.errors == []
    finally:
        server.stop()
