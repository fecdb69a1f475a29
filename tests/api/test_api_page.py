"""docs/reference/api.md: each request is answered as the page says, and each route is on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.api_page import CUT, PAGE, answer, example_run, examples
from api.contracts_all import CONTRACTS
from api.running import Running


@pytest.fixture(scope="module")
def eurusd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with example_run(tmp_path_factory.mktemp("eurusd")) as running:
        yield running


def test_every_answer_is_what_the_page_says(eurusd: Running) -> None:
    tickets: list[str] = []
    for example in examples(PAGE.read_text(encoding="utf-8")):
        found = answer(eurusd, example, tickets)
        assert_same(parsed(example.answered), parsed(found), f"{example.method} {example.path}")


def parsed(text: str) -> Any:
    status, _, body = text.partition("\n")
    return [status, json.loads(body) if body.startswith(("{", "[")) else re.findall(r"alpha_pulse_\w+", body)]


def assert_same(told: Any, found: Any, where: str) -> None:
    """Equal but for the last digits of numbers, which another machine's arithmetic may make otherwise."""
    if isinstance(told, dict):
        assert list(told) == list(found), where
        for name, value in told.items():
            assert_same(value, found[name], f"{where}, {name}")
    elif isinstance(told, list):
        assert len(told) == len(found), where
        for one, other in zip(told, found, strict=True):
            assert_same(one, other, where)
    elif isinstance(told, float) or isinstance(found, float):
        assert found == pytest.approx(told, rel=0.02, abs=0.02), where
    elif told != CUT:
        assert told == found, where


def test_every_route_is_on_the_page() -> None:
    asked = {(example.method, example.path.partition("?")[0]) for example in examples(PAGE.read_text(encoding="utf-8"))}
    for method, path in CONTRACTS:
        pattern = re.compile(re.sub(r"\\?\{\w+\\?\}", ".+", path))
        assert any(method == one and pattern.fullmatch(other) for one, other in asked), (method, path)
