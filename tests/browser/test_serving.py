"""The panel about who serves: what it shows, and that its commands are carried out once they are confirmed."""

from __future__ import annotations

from typing import Any

from browser.live import LiveServer
from browser.visitor import Visitor

DIRECTION = "EURUSD/direction"


def panel(visitor: Visitor) -> Any:
    return visitor.page.locator(f'[data-serving="{DIRECTION}"]')


def press(visitor: Visitor, name: str, member: str | None = None) -> Any:
    """Press a button of a member, or of the session; the question that appears."""
    place = panel(visitor).locator("tr" if member is None else f'tr[data-member="{member}"]')
    (panel(visitor).locator(".head") if member is None else place).get_by_role("button", name=name, exact=True).click()
    return panel(visitor).get_by_role("alertdialog")


def served(server: LiveServer) -> dict[str, Any]:
    found: dict[str, Any] = server.request(f"/serving/{DIRECTION}")
    return found


def test_each_member_is_shown_as_it_stands(visitor: Visitor, server: LiveServer) -> None:
    members = served(server)["members"]
    panel(visitor).locator('tr[data-member="fast"]').wait_for()
    rows = {cells[0].split()[0]: cells for cells in visitor.table("serving")[-len(members) :]}
    assert list(rows) == ["online", "batch", "base", "fast"]
    for member in members:
        cells = rows[member["member"]]
        assert cells[1] == member["stage"]
        assert cells[2] == f"{100 * member['weight']:.0f}\N{NO-BREAK SPACE}%".replace("\N{NO-BREAK SPACE}", " ")
        assert cells[6] == f"{member['labels']:,}"
        if member["evidence"] is not None:
            assert f"{member['evidence']['samples']:,} labels" in cells[4]


def test_a_promotion_is_confirmed_and_who_is_rolled_back_starts_again(visitor: Visitor, server: LiveServer) -> None:
    question = press(visitor, "Promote", "fast")
    assert question.inner_text().startswith(f"Make fast the champion of {DIRECTION}? online goes to the shadow.")
    question.get_by_role("button", name="Cancel").click()
    assert served(server)["champion"] == "online"
    press(visitor, "Promote", "fast").get_by_role("button", name="Promote").click()
    visitor.wait_for("champion-direction", "fast")
    assert served(server)["champion"] == "fast"
    visitor.page.locator('[data-panel="adaptations"]').get_by_text("fast replaces online on request").wait_for()
    press(visitor, "Roll back").get_by_role("button", name="Roll back").click()
    visitor.wait_for("champion-direction", "online")
    fast = panel(visitor).locator('tr[data-member="fast"]')
    fast.get_by_text("retired").wait_for()
    press(visitor, "Start", "fast").get_by_role("button", name="Start").click()
    fast.get_by_text("shadow").wait_for()
    assert served(server)["champion"] == "online"


def test_a_frozen_session_offers_no_promotion_and_a_stopped_challenger_can_start(visitor: Visitor, server: LiveServer) -> None:
    press(visitor, "Freeze").get_by_role("button", name="Freeze").click()
    panel(visitor).locator(".frozen").wait_for()
    assert served(server)["frozen"]
    promote = panel(visitor).locator('tr[data-member="batch"]').get_by_role("button", name="Promote")
    assert promote.is_disabled()
    press(visitor, "Unfreeze").get_by_role("button", name="Unfreeze").click()
    panel(visitor).locator(".frozen").wait_for(state="detached")
    press(visitor, "Stop", "fast").get_by_role("button", name="Stop").click()
    panel(visitor).locator('tr[data-member="fast"]', has_text="it is stopped").wait_for()
    press(visitor, "Start", "fast").get_by_role("button", name="Start").click()
    panel(visitor).locator('tr[data-member="fast"]', has_text="it is stopped").wait_for(state="detached")
