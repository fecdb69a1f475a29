"""A layout: how one tool writes bars, and what a reader must make of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from layouts.table import SECOND, Row, Table, table

Tables = Sequence[Table]
Write = Callable[[Tables, Path], None]


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which one tool writes bars.

    Parameters
    ----------
    name
        Ours; unique.
    tool
        The first cell of its row in docs/how-to/read-your-data.md.
    file
        The name that the tool gives the file.
    write
        Writes tables there.
    bars
        Which table; see `layouts.table.table`.
    symbols
        What the tool calls them; more than one where it stacks several.
    read_as
        What the reader must call them, where that differs.
    zone
        The zone of the times in the file, or in which a day starts.
    needs_tz
        The file does not say which zone that is, so --tz must state it; days need none, but may have one.
    stamp
        What a time stands for.
    volume
        The number that stands in the file for a volume; None where the file holds none.
    descending
        The newest bar comes first.
    """

    name: str
    tool: str
    file: str
    write: Write
    bars: str = "hours"
    symbols: tuple[str, ...] = ("BTCUSDT",)
    read_as: tuple[str, ...] = ()
    zone: str = "UTC"
    needs_tz: bool = False
    stamp: str = "open"
    volume: Callable[[str], float] | None = float
    descending: bool = False

    @property
    def dated(self) -> bool:
        """Whether the file shows days only, which are days in whatever zone is stated, and of UTC without one."""
        return self.bars == "days" and self.needs_tz

    def tables(self, zone: str | None = None) -> Tables:
        """The bars, which for days begin at midnight in ``zone`` (by default in the layout's)."""
        return [table(self.bars, symbol, zone or self.zone) for symbol in self.symbols]

    def options(self) -> dict[str, Any]:
        """What a user must say beside the file's name."""
        return {"tz": self.zone} if self.needs_tz and not self.dated else {}


def put(path: Path, lines: Iterable[str], end: str = "\n", encoding: str = "utf-8") -> None:
    """Write lines, each with its end."""
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode(encoding))


def seconds(row: Row) -> int:
    return row.start // SECOND


def text(row: Row, pattern: str, zone: str = "UTC", after: int = 0) -> str:
    """The time, ``after`` nanoseconds later, by a pattern of strftime on a clock of ``zone``."""
    return msgspec.structs.replace(row, start=row.start + after).at(zone).strftime(pattern)
