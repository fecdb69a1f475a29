"""The page of the synthetic demo: a planted change, the alarm, the trial and its verdict, and the frozen model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpha_pulse.data.demos import PERIOD
from browser.live import LiveServer
from browser.visitor import PHONE, Visitor, number

FIRST = PERIOD - 100


@pytest.fixture
def demo(program: str, tmp_path: Path) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path, None, {})
    server.start()
    server.step(FIRST)
    yield server
    server.stop()


def step_of(visitor: Visitor, name: str, text: str) -> str:
    """The text of a step of the story, once it contains ``text``."""
    step = visitor.page.locator(f'[data-step="{name}"]', has_text=re.compile(text))
    step.wait_for()
    return " ".join(step.inner_text().split())


def test_the_page_shows_a_change_from_the_alarm_to_the_verdict(browser: object, demo: LiveServer) -> None:
    visitor = Visitor(browser, demo)
    visitor.open()
    assert re.search("in 10[01] bars$", step_of(visitor, "change", "bar 2,500"))
    assert "a detector watches the errors" in step_of(visitor, "alarm", "–")
    demo.step(102)
    assert "moves begin to reverse" in step_of(visitor, "change", "moves")
    assert "the error rate has not risen enough" in step_of(visitor, "alarm", "none so far")
    demo.step(300)
    assert "adwin: error rate of direction rose by" in step_of(visitor, "alarm", "after 1[0-9][0-9] bars")
    assert "on trial beside an unchanged copy" in step_of(visitor, "adaptation", "reset")
    demo.step(600)
    assert "mnat per label (500 labels)" in step_of(visitor, "verdict", "accepted")
    visitor.page.wait_for_function("document.querySelector('[data-value=skill_batch]').textContent.startsWith('\\u2212')")
    served, frozen = (number(visitor.text_of(f"skill_{name}")) for name in ("served", "batch"))
    assert frozen < served
    demo.step(PERIOD)
    visitor.page.locator('[data-value="earlier"]', has_text="bar 2,500, alarm after").wait_for()
    box = visitor.page.locator('[data-panel="skill-direction"]').bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 900
    visitor.leave()
    assert visitor.errors == []
    phone = Visitor(browser, demo, PHONE, is_mobile=True, has_touch=True)
    phone.open()
    assert phone.width_needed() <= PHONE["width"]
    phone.leave()
    assert phone.errors == []
