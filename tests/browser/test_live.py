"""The page follows and controls the run, and recovers when the connection or the server was gone."""

from __future__ import annotations

from browser.live import LiveServer
from browser.visitor import Visitor, number


def bars(server: LiveServer) -> int:
    return int(server.request("/system")["feed"]["bars_done"])


def wait_until_paused(visitor: Visitor, server: LiveServer) -> None:
    """Wait until the page shows the last bar of the paused server."""
    visitor.wait_for("state", "paused")
    visitor.wait_for("bars", f"{bars(server):,}")


def wait_until_current(visitor: Visitor, server: LiveServer) -> None:
    """Wait until charts and tables show what the API returns."""
    equity = server.request("/trading/equity", from_seq=server.request("/system")["seq"])["columns"]["combined"][-1]
    visitor.page.wait_for_selector(f'[data-panel="equity"] [aria-label*="combined {equity:,.0f}"]')
    [(count,)] = server.sql("SELECT count(*) FROM fills WHERE book = 'combined' AND symbol = 'EURUSD'")
    visitor.page.get_by_text(f"combined book, {count:,} in total").wait_for()


def test_step_speed_and_pause_by_keys_and_buttons(visitor: Visitor, server: LiveServer) -> None:
    before = bars(server)
    visitor.page.keyboard.press("s")
    visitor.wait_for("bars", f"{before + 1:,}")
    visitor.page.get_by_role("button", name="Step").click()
    visitor.wait_for("bars", f"{before + 2:,}")
    visitor.page.keyboard.press("Shift+S")
    visitor.wait_for("bars", f"{before + 12:,}")
    assert bars(server) == before + 12
    visitor.page.get_by_label("Speed").select_option("20")
    visitor.page.wait_for_function("document.querySelector('[name=speed]').value === '20'")
    assert server.request("/system")["bars_per_second"] == 20
    visitor.page.keyboard.press("p")
    visitor.wait_for("state", "running")
    visitor.page.wait_for_timeout(700)
    visitor.page.get_by_role("button", name="Pause").click()
    wait_until_paused(visitor, server)
    assert bars(server) > before + 15
    wait_until_current(visitor, server)


def test_a_fast_run_leaves_no_gaps(visitor: Visitor, server: LiveServer) -> None:
    before = bars(server)
    server.request("/system/speed", {"bars_per_second": 400})
    server.request("/system/resume", {})
    visitor.page.wait_for_timeout(1_500)
    server.request("/system/pause", {})
    wait_until_paused(visitor, server)
    assert bars(server) > before + 200
    wait_until_current(visitor, server)
    close = server.request("/market/EURUSD/bars", from_seq=server.request("/system")["seq"])["columns"]["close"][-1]
    visitor.wait_for("close", f"{close:.5f}")


def test_a_reload_loses_nothing(visitor: Visitor, server: LiveServer) -> None:
    seen = {panel: visitor.charts(panel) for panel in ("equity", "volatility", "skill-volatility", "weights-direction")}
    fills = visitor.table("fills")
    visitor.page.reload()
    visitor.ready()
    assert {panel: visitor.charts(panel) for panel in seen} == seen
    assert visitor.table("fills") == fills


def test_the_page_reconnects_to_a_restarted_server(browser: object, visitor: Visitor, server: LiveServer) -> None:
    stays = Visitor(browser, server)
    stays.sign_in()
    before = number(stays.text_of("bars"))
    server.stop()
    stays.wait_for("connection", "disconnected")
    notice = stays.page.locator('[data-notice="disconnected"]')
    notice.wait_for()
    assert "Next attempt in" in notice.inner_text()
    assert number(stays.text_of("bars")) == before
    notice.get_by_role("button", name="Retry now").click()
    stays.wait_for("connection", "disconnected")
    server.start()
    server.step(25)
    stays.wait_for("connection", "connected")
    notice.wait_for(state="detached")
    # A session from a link is valid after a restart of the server.
    visitor.wait_for("connection", "connected")
    for each in (stays, visitor):
        each.ignore_broken_connections()
    assert stays.errors == []
    wait_until_paused(stays, server)
    wait_until_current(stays, server)
    stays.leave()


def test_the_page_reconnects_after_a_network_failure(visitor: Visitor, server: LiveServer) -> None:
    visitor.page.context.set_offline(True)
    server.step(30)
    visitor.page.wait_for_timeout(300)
    visitor.page.context.set_offline(False)
    visitor.wait_for("connection", "connected")
    wait_until_paused(visitor, server)
    wait_until_current(visitor, server)
    visitor.ignore_broken_connections()
