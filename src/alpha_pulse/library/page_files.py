"""Writes a page of a run or of a comparison."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import OutputError

_PART = ".part"


def write_page(path: str | PathLike[str], page: str) -> Path:
    """Write a page to a file, which has its name once it is complete.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}{_PART}")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"page {target} cannot be written: {reason_of(error)}; name a folder that you may write to") from None
    return target
