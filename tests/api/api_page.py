"""The examples of docs/reference/api.md: what they ask, what is answered, and how an answer is shown.

Run as a program, with src and tests on the path, it fills the page anew: ``python -m api.api_page``.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.data import DEFAULT
from api.running import Running
from flow.runs import again, bundled_feed, configured

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
EXAMPLE = re.compile(r"^```http\n(?P<asked>.*?)^```\n+```text\n(?P<answered>.*?)^```$", re.DOTALL | re.MULTILINE)
PRIVATE = {"token", "ticket", "store", "run_id", "config_hash"}
CUT = "..."
WALL_TIMES = {"added_ms", "frozen_ms", "moved_ms"}
BARS = 6_000
LONG = 3
WIDTH = 132


class Example(msgspec.Struct, frozen=True):
    """A request and what the page says is answered: a status, and the body as it is shown."""

    method: str
    path: str
    body: str
    answered: str

    @property
    def template(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


def examples(page: str) -> list[Example]:
    """In the order of the page."""
    found = []
    for match in EXAMPLE.finditer(page):
        line, _, body = match["asked"].partition("\n")
        method, path = line.split(" ")
        found.append(Example(method, path, body.strip(), match["answered"]))
    return found


@contextmanager
def example_run(folder: Path) -> Iterator[Running]:
    """The bundled hourly EURUSD bars, paused after `BARS`."""
    running = Running(folder, again(bundled_feed(DEFAULT)), configured(), name=DEFAULT).start()
    try:
        running.advance(BARS)
        yield running
    finally:
        running.stop()


def answer(running: Running, example: Example, tickets: list[str]) -> str:
    """Ask, and show what came. ``tickets`` keeps those that were given, for the example that exchanges one."""
    body = example.body.replace("TICKET", tickets[-1] if tickets else "")
    found = running.send(example.method, example.path, body.encode() if body else None)
    if found.headers["content-type"] != "application/json":
        lines = [line for line in found.text.splitlines() if not line.startswith("#") and "_bucket" not in line]
        return "\n".join([str(found.status_code), *lines[:6], CUT]) + "\n"
    content = found.json()
    if "ticket" in content:
        tickets.append(content["ticket"])
    return f"{found.status_code}\n{written(shown(content))}\n"


def shown(value: Any, key: str = "") -> Any:
    """The same value, cut to what a reader needs."""
    if (key in PRIVATE and isinstance(value, str)) or (key in WALL_TIMES and value is not None):
        return CUT
    if isinstance(value, dict):
        kept = list(value.items())
        if key == "features" and len(kept) > LONG:
            return {**{name: shown(one) for name, one in kept[:LONG]}, CUT: CUT}
        if key == "" and "openapi" in value:
            return {"openapi": value["openapi"], "info": CUT, "paths": CUT, CUT: CUT}
        if len(kept) > 1 and (all(isinstance(one, dict) for _, one in kept) or "adaptation" in value):
            return {**{name: shown(one, name) for name, one in kept[: LONG - 2 + ("seed" in value)]}, CUT: CUT}
        return {name: shown(one, name) for name, one in kept}
    if isinstance(value, list):
        many = 2 if value and not isinstance(value[0], dict) else 1
        return [shown(one) for one in value[:many]] + ([CUT] if len(value) > many else [])
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str) and len(value) > 60 and " " not in value:
        return value[:12] + CUT
    return value


def written(value: Any, indent: str = "") -> str:
    """JSON, on one line where it fits."""
    flat = json.dumps(value)
    if len(flat) + len(indent) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(name)}: {written(one, inner)}" for name, one in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + written(one, inner) for one in value) + f"\n{indent}]"


def main() -> None:
    """Write the answers into the page."""
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, example_run(Path(folder)) as running:
        tickets: list[str] = []
        answers = iter([answer(running, example, tickets) for example in examples(text)])
    filled = EXAMPLE.sub(lambda match: f"```http\n{match['asked']}```\n\n```text\n{next(answers)}```", text)
    PAGE.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
