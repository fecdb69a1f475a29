"""The options of every command that reads bars."""

from __future__ import annotations

from typing import Annotated

import typer

Interval = Annotated[str | None, typer.Option(metavar="I", help="Length of a bar: 5m, 1h, 1d, 1mo (default: inferred).")]
Zone = Annotated[str | None, typer.Option(metavar="Z", help="Time zone of times that name none, such as UTC.")]
Symbols = Annotated[
    list[str] | None, typer.Option(metavar="S", help="Only this symbol (may be repeated), or the name of bars that have none.")
]
Stamp = Annotated[
    str | None, typer.Option(metavar="open|close", help="What a bar's time is (default: as the source has it, else open).")
]
Duplicates = Annotated[str, typer.Option(metavar="refuse|first|last", help="What to do with rows of one symbol and time.")]
Dates = Annotated[
    str | None, typer.Option(metavar="dmy|mdy|ymd", help="Order of day, month and year in 01/02/2024 (default: as rows tell).")
]
Adjusted = Annotated[bool, typer.Option("--adjusted", help="Take adjusted closes, and scale the other prices alike.")]
