"""The honest reasons to refuse a file that holds valid bars, each with what must hold for it to be true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from layouts.random_styles import PRICES, Style
from layouts.table import Row, Table


def why_refused(sentence: str, tables: Sequence[Table], style: Style, interval_stated: bool) -> str | None:
    """The reason that the sentence gives, where it is true of these bars in this style; None where it is not."""
    rows = [row for table in tables for row in table.rows]
    reasons = (
        ("clocks change", any(_twice(row, style.zone) for row in rows) and style.needs_tz),
        ("day or the month", style.clock == "american" and all(row.at(style.zone).day <= 12 for row in rows)),
        ("decimal", _thousands_or_decimals(rows, style)),
        ("thousands", _thousands_or_decimals(rows, style)),
        ("a clear number", style.clock == "s" and max(row.start for row in rows) >= 1_950_000_000 * 10**9),
        ("--interval", not interval_stated and _no_common_step(tables)),
    )
    return next((words for words, holds in reasons if words in sentence and holds), None)


def _twice(row: Row, zone: str) -> bool:
    """Whether the clock of ``zone`` shows this time twice."""
    local = row.at(zone)
    naive = datetime(local.year, local.month, local.day, local.hour, local.minute, local.second, tzinfo=ZoneInfo(zone))
    return naive.utcoffset() != naive.replace(fold=1).utcoffset()


def _thousands_or_decimals(rows: Sequence[Row], style: Style) -> bool:
    """Whether no number tells a sign of decimals from one of thousands: each has one sign, with three digits after it."""
    cells = [style.number(getattr(row, name)) for row in rows for name in PRICES]
    signs = [[sign for sign in cell if sign in ".,"] for cell in cells]
    return all(len(found) <= 1 for found in signs) and all(
        len(cell) - 1 - max(cell.rfind("."), cell.rfind(",")) == 3 for cell, found in zip(cells, signs, strict=True) if found
    )


def _no_common_step(tables: Sequence[Table]) -> bool:
    """Whether the bars' most frequent step is not their interval, or another step is as frequent."""
    for table in tables:
        steps = [after.start - before.start for before, after in zip(table.rows, table.rows[1:], strict=False)]
        if 2 * steps.count(table.interval) <= len(steps):
            return True
    return False
