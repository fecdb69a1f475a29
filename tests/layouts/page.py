"""The table "I have a file from ..." of docs/how-to/read-your-data.md, made of the layouts and of what reading them reports.

``PYTHONPATH=src:tests python -m layouts.page`` writes it into the page.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from alpha_pulse.feeds.market_data import FileReport
from alpha_pulse.feeds.reading import ReadOptions, read
from layouts.all import LAYOUTS
from layouts.layout import Layout

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-your-data.md"
HEAD = "| from | such as | add | recognised as | stamped by | zone |\n| --- | --- | --- | --- | --- | --- |\n"
ZONES = {"dates": "days", "stated": "as written", "UTC": "UTC"}


def table() -> str:
    """The table's text, from its header to its last row: a row for each tool, and for each way to read its files."""
    rows: dict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for layout in sorted(LAYOUTS.values(), key=lambda one: one.tool.lower()):
            known = _report(layout, Path(folder))
            options = " ".join(f"`--{name} {value}`" for name, value in layout.options().items())
            zone = "as added" if options else ZONES.get(known.tz, known.tz)
            rows[layout.tool, options, known.title, known.stamp, zone].append(f"`{layout.file}`")
    return HEAD + "".join(_row(*key, files) for key, files in rows.items())


def _report(layout: Layout, folder: Path) -> FileReport:
    """How a file is understood that the layout's writer made."""
    path = folder / layout.file
    layout.write(layout.tables(), path)
    return read([path], ReadOptions(**layout.options())).files[0]


def _row(tool: str, options: str, title: str, stamp: str, zone: str, files: list[str]) -> str:
    cells = (tool, ", ".join(dict.fromkeys(files)), options, title, stamp, zone)
    return f"| {' | '.join(cells)} |\n"


def of_page() -> str:
    """The table as it stands in the page; empty where it does not."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.find(HEAD.partition("\n")[0])
    return "" if start < 0 else text[start:].partition("\n\n")[0] + "\n"


def write() -> None:
    """Put the table into the page, in the place of the one that stands there."""
    old = of_page()
    if not old:
        raise SystemExit(f"{PAGE.name} has no table that begins with {HEAD.partition(chr(10))[0]}")
    PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(old, table()), encoding="utf-8")


if __name__ == "__main__":
    write()
