"""The table of docs/how-to/read-your-data.md says what reading each tool's file does."""

from __future__ import annotations

from layouts import page
from layouts.all import LAYOUTS


def test_the_table_is_what_reading_reports() -> None:
    assert page.of_page() == page.table(), "run PYTHONPATH=src:tests python -m layouts.page"


def test_every_tool_has_a_row_and_every_row_a_writer() -> None:
    rows = page.of_page().splitlines()[2:]
    assert {line.split(" | ")[0].removeprefix("| ") for line in rows} == {layout.tool for layout in LAYOUTS.values()}
