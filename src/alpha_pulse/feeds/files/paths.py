"""Expands arguments to files: paths, folders and patterns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

from alpha_pulse.core.errors import DataError


def expand(arguments: Iterable[str | Path]) -> list[Path]:
    """The files of all arguments: a file, the files in a folder (not in subfolders), or the matches of a pattern; each once.

    Hidden files of a folder are left out.

    Raises
    ------
    DataError
        An argument names no file.

    >>> expand(["no/such/*.csv"])
    Traceback (most recent call last):
    alpha_pulse.core.errors.DataError: no file matches no/such/*.csv; name a file of bars, a folder, or a pattern
    """
    files: dict[Path, Path] = {}
    for argument in arguments:
        for path in _files(Path(argument)):
            files.setdefault(path.resolve(), path)
    return list(files.values())


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files_found = sorted(inner for inner in path.iterdir() if inner.is_file() and not inner.name.startswith("."))
        if not files_found:
            raise DataError(f"folder {path} contains no files; name a file of bars, a folder, or a pattern")
        return files_found
    if not path.exists() and has_magic(str(path)):
        matches = sorted(Path(match) for match in glob(str(path), recursive=True))  # noqa: PTH207 (an absolute pattern)
        files_found = [match for match in matches if match.is_file()]
        if not files_found:
            raise DataError(f"no file matches {path}; name a file of bars, a folder, or a pattern")
        return files_found
    if not path.exists():
        raise DataError(f"file {path} does not exist{_nearest(path)}; name a file of bars, a folder, or a pattern")
    if not path.is_file():
        return [path] if path.is_fifo() else _refuse(path)
    return [path]


def _nearest(path: Path) -> str:
    """The file beside ``path`` whose name is nearest, as a part of a sentence; empty if none is near."""
    if not path.parent.is_dir():
        return f", nor does the folder {path.parent}"
    near = difflib.get_close_matches(path.name, [each.name for each in path.parent.iterdir()], n=1, cutoff=0.8)
    return f" (did you mean {path.with_name(near[0])}?)" if near else ""


def _refuse(path: Path) -> list[Path]:
    raise DataError(f"{path} is not a file; name a file of bars, a folder, or a pattern")
