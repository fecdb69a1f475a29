"""The options of every command that reads bars."""

from __future__ import annotations

from typing import Annotated

import typer

Interval = Annotated[str | None, typer.Option(metavar="I", help="Length of a bar: 5m, 1h, 1d, 1w, 1mo (default: inferred).")]
Zone = Annotated[str | None, typer.Option(metavar="Z", help="Time zone of times without one, such as UTC.")]
Symbols = Annotated[
    list[str] | None,
    typer.Option(metavar="S", help="Only this symbol; may be repeated. One symbol also names bars that have none."),
]
Stamp = Annotated[
    str | None, typer.Option(metavar="open|close", help="Meaning of a bar's time (default: that of the source, else open).")
]
Duplicates = Annotated[
    str, typer.Option(metavar="refuse|first|last", help="What to do with several rows of one symbol and time.")
]
Dates = Annotated[
    str | None,
    typer.Option(metavar="dmy|mdy|ymd", help="Order of day, month and year in 01/02/2024 (default: inferred from the rows)."),
]
Adjusted = Annotated[
    bool, typer.Option("--adjusted", help="Use adjusted closes, and scale the other prices by the same factor.")
]
