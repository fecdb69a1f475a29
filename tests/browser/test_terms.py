"""Each term of the page explains itself in a sentence: on hover, on keyboard focus and on a tap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from browser.live import LiveServer
from browser.visitor import PHONE, Visitor

SKILL = "Log loss of the base rate minus log loss of the model"
CUT = """async terms => {
  const cut = [];
  for (const term of terms) {
    term.focus();
    await new Promise(requestAnimationFrame);
    const tooltip = document.getElementById(term.getAttribute("aria-describedby"));
    const { left, right, top, bottom } = tooltip.getBoundingClientRect();
    const inside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
    const whole = tooltip.scrollWidth <= tooltip.clientWidth + 1;
    if (!tooltip.matches(":popover-open") || !inside || !whole) cut.push(term.dataset.term);
  }
  return cut;
}"""
"""The terms whose explanation does not open, or not within the screen."""


@pytest.fixture
def phone(browser: object, server: LiveServer) -> Iterator[Visitor]:
    visitor = Visitor(browser, server, PHONE, is_mobile=True, has_touch=True)
    visitor.open()
    yield visitor
    visitor.leave()
    assert visitor.errors == []


def skill_title(visitor: Visitor) -> Any:
    return visitor.page.locator('[data-panel="skill-volatility"] h2 [data-term]')


def opened(visitor: Visitor) -> Any:
    """The open explanations."""
    return visitor.page.get_by_role("tooltip")


def test_a_term_explains_itself_on_hover(visitor: Visitor) -> None:
    skill_title(visitor).hover()
    assert opened(visitor).inner_text().startswith(SKILL)
    opened(visitor).hover()
    assert opened(visitor).count() == 1
    visitor.page.mouse.move(2, 2)
    opened(visitor).wait_for(state="detached")


def test_a_term_explains_itself_on_focus_until_escape(visitor: Visitor) -> None:
    visitor.page.locator("[data-fill] button").first.click()
    visitor.page.get_by_role("dialog").wait_for()
    skill_title(visitor).focus()
    assert opened(visitor).inner_text().startswith(SKILL)
    visitor.page.keyboard.press("Escape")
    opened(visitor).wait_for(state="detached")
    assert visitor.page.get_by_role("dialog").count() == 1, "Escape closes the explanation first"
    skill_title(visitor).focus()
    visitor.page.keyboard.press("Tab")
    assert "thousandth of a nat" in opened(visitor).inner_text()


def test_a_term_explains_itself_on_a_tap(phone: Visitor) -> None:
    skill_title(phone).tap()
    assert opened(phone).inner_text().startswith(SKILL)
    phone.page.locator('[data-panel="skill-volatility"] .u-over').tap()
    opened(phone).wait_for(state="detached")


def test_screen_readers_get_the_sentence(visitor: Visitor) -> None:
    tooltip = skill_title(visitor).get_attribute("aria-describedby")
    assert visitor.page.locator(f"id={tooltip}").text_content().startswith(SKILL)


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_no_explanation_is_cut(viewport: str, request: pytest.FixtureRequest) -> None:
    visitor: Visitor = request.getfixturevalue("visitor" if viewport == "desktop" else "phone")
    visitor.page.locator("[data-fill] button").first.click()
    visitor.page.get_by_role("dialog").locator('[data-section="features"]').wait_for()
    # A scroll must not bring another term under the pointer, which would open that one.
    visitor.page.mouse.move(2, 2)
    terms = visitor.page.locator("[data-term]")
    assert terms.count() > 60
    assert terms.evaluate_all(CUT) == []
    assert visitor.width_needed() <= visitor.page.viewport_size["width"]
