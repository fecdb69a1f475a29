"""Writes a page of a run or of a comparison."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import OutputError

_PART = ".part"
_SQLITE = b"SQLite format 3"


def write_page(path: str | PathLike[str], page: str) -> Path:
    """Write a page to a file, which has its name once it is complete.

    Raises
    ------
    OutputError
        The file cannot be written, or is a store.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}{_PART}")
    try:
        if is_database(target):
            raise OutputError(f"page {target} is the store of a run and would be overwritten; give the page another name")
        part.write_text(page, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"page {target} cannot be written: {reason_of(error)}; name a folder that you may write to") from None
    return target


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database, such as a store.

    >>> is_database(Path("no such file"))
    False
    """
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
