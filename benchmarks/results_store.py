"""The figures of docs/results.md: one part per file of bars and kind of measurement, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from benchmarks.source import Source


class Part(msgspec.Struct, frozen=True):
    """The result of one measurement; ``figures`` are numbers by name."""

    source: Source
    date: str
    figures: dict[str, Any]


def load(path: Path) -> dict[str, Part]:
    """All parts, by name such as ``replay eurusd_1h_2017``; none without a file."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Part]) if path.exists() else {}


def save(path: Path, parts: dict[str, Part]) -> None:
    """Write the parts in order of their names, one line per figure, so that a diff is readable."""
    content = msgspec.json.format(msgspec.json.encode(dict(sorted(parts.items())), order="sorted"), indent=1)
    path.write_bytes(content + b"\n")
