"""The numbers of the page are those of the API and of the journal."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from browser.live import LiveServer
from browser.visitor import Visitor, number

SYMBOL = "EURUSD"
STATUSES = {"open": "on trial", "accepted": "accepted", "rolled_back": "rolled back"}
COMBINED = "book = 'combined' AND symbol = 'EURUSD'"


def test_header_and_books_are_those_of_the_api(visitor: Visitor, server: LiveServer) -> None:
    system, positions = server.request("/system"), server.request("/trading/positions")
    assert visitor.text_of("state") == "paused"
    assert number(visitor.text_of("bars")) == system["feed"]["bars_done"]
    assert number(visitor.text_of("equity")) == pytest.approx(positions["books"]["combined"]["equity"], abs=0.0051)
    assert number(visitor.text_of("net")) == pytest.approx(positions["books"]["combined"]["net_pnl"], abs=0.0051)
    shown = {row[0].replace(" ", "_").lower(): row for row in visitor.table("books")}
    assert set(shown) == set(positions["books"])
    for name, book in positions["books"].items():
        row = [number(cell) for cell in shown[name][1:7]]
        wanted = [book[key] for key in ("equity", "net_pnl", "gross_pnl", "fees", "costs", "trades")]
        assert row == pytest.approx(wanted, abs=0.0051)


def test_sessions_are_those_of_the_api(visitor: Visitor, server: LiveServer) -> None:
    sessions = server.request("/online-learning/sessions")["sessions"]
    rows = visitor.table("sessions")
    assert [row[0] for row in rows] == [f"{session['symbol']} {session['target'].replace('_', ' ')}" for session in sessions]
    for row, session in zip(rows, sessions, strict=True):
        assert row[1] == f"{session['model_type'].replace('_', ' ')} {session['version']}"
        assert number(row[3]) == session["labels_used"]
        assert number(row[5]) == pytest.approx(session["skill_millinats"], abs=0.051)


def test_fills_are_those_of_the_journal(visitor: Visitor, server: LiveServer) -> None:
    wanted = server.sql(
        f"SELECT quantity, price, cost, fee FROM fills WHERE {COMBINED} ORDER BY seq DESC, position DESC LIMIT 20"
    )
    [(parts, minor)] = server.sql("SELECT quantity_decimals, cash_decimals FROM units")
    rows = visitor.table("fills")[:20]
    for row, (quantity, price, cost, fee) in zip(rows, wanted, strict=True):
        assert row[1].endswith("buy" if quantity > 0 else "sell")
        assert number(row[2]) == round(abs(quantity) / 10**parts)
        assert number(row[3]) == pytest.approx(price, abs=5.1e-6)
        assert [number(row[5]), number(row[6])] == pytest.approx([cost / 10**minor, fee / 10**minor], abs=0.0051)
    [(count,)] = server.sql(f"SELECT count(*) FROM fills WHERE {COMBINED}")
    assert f"{count:,} in total" in visitor.page.locator('[data-panel="fills"] header').inner_text()


def test_charts_end_where_the_series_end(visitor: Visitor, server: LiveServer) -> None:
    seq = server.request("/system")["seq"]
    equity = server.request("/trading/equity", from_seq=seq)["columns"]
    combined = re.search(r"combined (\S+?),? ", visitor.charts("equity"))
    assert combined is not None
    assert number(combined[1]) == pytest.approx(equity["combined"][-1], abs=0.51)
    forecast = server.request("/predictions", symbol=SYMBOL, target="volatility", from_seq=seq - 60)["columns"]
    known = [value for value in forecast["volatility_realised"] if value is not None]
    description = visitor.charts("volatility")
    assert f"forecast {100 * forecast['volatility_forecast'][-1]:.3f} %" in description
    assert f"realised {100 * known[-1]:.3f} %" in description
    assert f"probability of high volatility {100 * forecast['probability'][-1]:.1f} %" in description
    for target in ("volatility", "direction"):
        history = server.request("/metrics/history", symbol=SYMBOL, target=target, from_seq=seq - 60)["columns"]
        description = visitor.charts(f"skill-{target}").replace("\u2212", "-")
        for member, label in (("served", "served"), ("online", "online"), ("no_change", "no change")):
            shown = re.search(rf"{label} (\S+?)(,|$)", description)
            assert shown is not None
            assert number(shown[1]) == pytest.approx(history[f"skill_{member}"][-1], abs=0.051)
        weights = server.request("/predictions", symbol=SYMBOL, target=target, from_seq=seq)["columns"]
        assert f"online {100 * weights['weight_online'][-1]:.0f} %" in visitor.charts(f"weights-{target}")


def test_the_regime_is_the_newest_of_the_journal(visitor: Visitor, server: LiveServer) -> None:
    [(label,)] = server.sql(
        "SELECT json_extract(r.value, '$.to_label') FROM journal j, json_each(j.payload, '$.regimes') r "
        "ORDER BY seq DESC LIMIT 1"
    )
    regimes = server.request("/regimes", symbol=SYMBOL)
    assert regimes["regimes"][-1]["label"] == label
    chip = visitor.page.locator('[data-panel="volatility"] .regime')
    assert chip.inner_text().split() == [label, f"{100 * regimes['probabilities'][label]:.0f}", "%"]
    chip.locator("[data-term]").hover()
    assert f"{regimes['regimes'][-1]['ratio']:.1f} times" in chip.get_by_role("tooltip").inner_text()


def test_adaptations_are_those_of_the_journal(visitor: Visitor, server: LiveServer) -> None:
    listed = server.request("/adaptations")
    actions = listed["actions"]
    [(count,)] = server.sql("SELECT count(DISTINCT action_id) FROM adaptations")
    assert len(actions) == count > 0
    shown = visitor.page.locator('[data-panel="adaptations"] li .status').all_inner_texts()
    causes = {action["cause"] for action in actions}
    alarms = [alarm["status"] for alarm in listed["alarms"] if f"drift:{alarm['alarm_id']}" not in causes]
    assert sorted(shown) == sorted([*(STATUSES[action["status"]] for action in actions), *alarms])


def test_success_metrics_are_those_of_the_api_or_give_a_reason(visitor: Visitor, server: LiveServer) -> None:
    metrics = server.request("/system")["success_metrics"]
    tiles = visitor.page.locator("[data-metric]")
    assert tiles.count() == 5
    earned = visitor.page.locator('[data-metric="pnl-by-ml"] .value').inner_text()
    assert number(earned) == pytest.approx(metrics["ml_pnl"]["net"], abs=0.006)
    detail = visitor.page.locator('[data-metric="pnl-by-ml"] .detail').inner_text().replace("\u2212", "-")
    interval = re.search(r"95 % \[(\S+), (\S+)\],", detail)
    assert interval is not None
    ends = [metrics["ml_pnl"][end] for end in ("net_low", "net_high")]
    assert [number(interval[1]), number(interval[2])] == pytest.approx(ends, abs=0.006)
    speed = metrics["adaptation_speed"]
    for name, kind, key in (("adaptation", "acted", "market_s_to_action"), ("recovery", "recovered", "samples_to_recovery")):
        tile = visitor.page.locator(f'[data-metric="{name}"]')
        assert (tile.locator(".value").inner_text() == "–") == (speed[kind][key] is None)
        assert tile.locator(".detail").inner_text()


def test_the_inspector_shows_what_was_served(visitor: Visitor, server: LiveServer) -> None:
    visitor.page.locator("[data-fill] button").first.click()
    dialog = visitor.page.get_by_role("dialog")
    fill_id = visitor.page.locator("[data-fill]").first.get_attribute("data-fill")
    decision = server.request(f"/trading/fills/{fill_id}/decision")
    [(probability, features)] = server.sql(
        "SELECT p.probability, json_array_length(j.payload, '$.features.EURUSD') FROM predictions p JOIN journal j USING (seq) "
        "WHERE p.prediction_id = ?",
        decision["prediction_id"],
    )
    assert dialog.locator('[data-value="probability"]').inner_text() == f"{probability:.4f}"
    assert f"{decision['fill']['price']:.5f}" in dialog.locator('[data-value="fill"]').inner_text()
    assert dialog.locator('[data-section="features"] li').count() == len(decision["features"]) <= features
    agents = [row.split("\t")[0].strip() for row in dialog.locator('[data-section="signals"] tbody tr').all_inner_texts()]
    assert agents == [signal["agent"].replace("_", " ") for signal in decision["signals"]]
    assert len(dialog.locator('[data-section="trading"] li').all()) >= len(decision["orders"]) + len(decision["fills"])
    dialog.get_by_role("button", name="volatility").click()
    volatility = server.request(f"/predictions/{decision['prediction_id'].replace('/direction/', '/volatility/')}")
    dialog.get_by_text(f"{volatility['probability']:.4f}").first.wait_for()
    visitor.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_fill_in_the_chart_opens_its_decision(visitor: Visitor, server: LiveServer) -> None:
    panel = visitor.page.locator('[data-panel="price"]')
    newest = server.request("/system")["seq"]
    fills = server.request("/trading/fills", symbol=SYMBOL, book="combined", from_seq=newest - 150)["fills"]
    seq = fills[0]["seq"]
    [ms] = server.request(f"/market/{SYMBOL}/bars", from_seq=seq, limit=1)["columns"]["bar_open_ms"]
    stamp = f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"
    box = panel.locator(".chart").bounding_box()
    assert box is not None
    mouse, at = visitor.page.mouse, panel.locator(".time")
    x = box["x"]
    while at.inner_text() != stamp and x < box["x"] + box["width"]:
        x += 1
        mouse.move(x, box["y"] + 60)
    # The chart decides the height of the marker; a click beside it does nothing.
    dialog = visitor.page.get_by_role("dialog")
    for y in range(20, int(box["height"]) - 30, 4):
        mouse.click(x + 1, box["y"] + y)
        if dialog.count():
            break
    shown = dialog.locator('[data-value="fill"]').inner_text()
    assert any(f"{fill['price']:.5f}" in shown for fill in fills if fill["seq"] == seq)


def test_the_pointer_changes_the_legend_and_not_the_description(visitor: Visitor) -> None:
    panel = visitor.page.locator('[data-panel="equity"]')
    description, legend = visitor.charts("equity"), panel.locator(".legend")
    newest = legend.inner_text()
    panel.locator(".u-over").hover()
    panel.locator(".time").wait_for()
    assert legend.inner_text() != newest
    assert visitor.charts("equity") == description
