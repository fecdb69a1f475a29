"""The header of a file of bars: which columns it means, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.columns import PRICES

REQUIRED = ("ts", "symbol", *PRICES)
OPTIONAL = ("volume", "bid_close", "ask_close")
_SEPARATORS = {";": "';'", "\t": "a tab", "|": "'|'"}
_TIMES = ("time", "date", "datetime", "timestamp")


def in_lower_case(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    """The frame with ``Close`` named ``close``, where there is no ``close``.

    Raises
    ------
    DataError
        Two columns could be the same one.

    >>> in_lower_case(pl.DataFrame({"TS": [1], "Close": [2.0], "Note": ["x"]}), "x.csv").columns
    ['ts', 'close', 'Note']
    """
    new: dict[str, str] = {}
    for name in frame.columns:
        lower = name.lower()
        if lower in frame.columns or lower not in (*REQUIRED, *OPTIONAL):
            continue
        for other, taken in new.items():
            if taken == lower:
                raise DataError(f"{where} has the columns {other} and {name}, of which either could be {lower}; rename one")
        new[name] = lower
    return frame.rename(new)


def refuse_separator(columns: Sequence[str], where: str) -> None:
    """Refuse a header that is one column because it is not separated by commas. Raises DataError."""
    if len(columns) == 1:
        for sign, told in _SEPARATORS.items():
            if sign in columns[0]:
                raise DataError(
                    f"{where} has the header {columns[0]!r}, whose separator looks like {told}, but commas are expected; save "
                    "the file with commas, and with points in its numbers"
                )


def refuse_columns(columns: Sequence[str], where: str) -> None:
    """Refuse columns that are missing, alone or doubled. Raises DataError."""
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise DataError(
            f"{where} has the columns {', '.join(columns)} but lacks {', '.join(missing)}; "
            f"expected {', '.join(REQUIRED)} and optionally {', '.join(OPTIONAL)}; rename or add them{_hint(columns, missing)}"
        )
    if ("bid_close" in columns) != ("ask_close" in columns):
        raise DataError(f"{where} has only one of the columns bid_close and ask_close; give both or neither")
    twice = [name for name in columns if name.endswith("_duplicated_0")]
    if twice:
        raise DataError(f"{where} has the column {twice[0].removesuffix('_duplicated_0')!r} more than once; keep one")


def _hint(columns: Sequence[str], missing: Sequence[str]) -> str:
    """What the column ``ts`` may be called, as the tail of an error sentence.

    >>> _hint(["Date", "open"], ["ts"])
    " ('Date' may be the bar's start, ts)"
    """
    found = [name for name in columns if name.lower() in _TIMES]
    return f" ({found[0]!r} may be the bar's start, ts)" if found and "ts" in missing else ""
