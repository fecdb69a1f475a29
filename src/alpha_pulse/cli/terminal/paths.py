"""Where the program keeps things, and the refusal of a command that would write one file over another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alpha_pulse.core.errors import ConfigError

STORE_FILES = ("", "-journal", "-wal", "-shm", ".head", ".new")
SQLITE_MAGIC = b"SQLite format 3"
PART = ".part"
"""Ends the name of an output while it is written."""


def refuse_shared(outputs: dict[str, Path | None], inputs: Mapping[str, Sequence[Path | None]], store_url: str | None) -> None:
    """Refuse outputs that are also another output, an input, or a file of the store.

    Parameters
    ----------
    outputs, inputs
        Files by the flag that names them, which for an input may be several; None where it was not given. What is no regular
        file (a terminal, /dev/null) may be shared.
    store_url
        As given to ``--store``.

    Raises
    ------
    ConfigError
        Two flags name one file, or an output names a store.

    >>> refuse_shared({"--json": Path("out/a"), "--decisions": Path("out/b")}, {"--data": [Path("bars.csv")]}, "run.db")
    >>> refuse_shared({"--json": Path("a"), "--decisions": Path("./a")}, {}, None)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: --json a and --decisions a are the same file; give each its own
    """
    taken: dict[Path, str] = {}
    named: list[tuple[str, Path | None, tuple[str, ...]]] = [
        (flag, path, ("",)) for flag, paths in inputs.items() for path in paths
    ]
    named.append(("--store", _store_path(store_url), STORE_FILES))
    named += [(flag, path, ("", PART)) for flag, path in outputs.items()]
    for flag, path, endings in named:
        if path is None:
            continue
        for real in _real(path, endings):
            other = taken.get(real)
            if flag in outputs and other is not None:
                raise ConfigError(f"{other} and {flag} {path} are the same file; give each its own")
            taken[real] = f"{flag} {path}"
    for flag, target in outputs.items():
        if target is not None and _is_store(target):
            raise ConfigError(
                f"{flag} {target} is a store of another run, which would be lost; give the output a name of its own"
            )


def refuse_missing_folders(outputs: dict[str, Path | None], store_url: str | None) -> None:
    """Refuse outputs and a store in a folder that is not there: made silently, a slip of the pen would hide the results.

    Raises
    ------
    ConfigError
        Naming the flag and the folder.

    >>> refuse_missing_folders({"--json": Path("no/a")}, None)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: --json no/a: the folder no does not exist; make it first, or name another place
    """
    for flag, path in {**outputs, "--store": _store_path(store_url)}.items():
        if path is not None and not path.parent.is_dir():
            why = "is not a folder" if path.parent.exists() else "does not exist"
            raise ConfigError(f"{flag} {path}: the folder {path.parent} {why}; make it first, or name another place")


def _is_store(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _store_path(url: str | None) -> Path | None:
    if url is None:
        return None
    scheme, separator, address = url.partition("://")
    if not separator:
        return Path(url)
    return Path(address[1:]) if scheme == "sqlite" else None


def _real(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    if path.exists() and not path.is_file():
        return
    for ending in endings:
        yield path.with_name(path.name + ending).resolve()


def data_folder() -> Path:
    """Where this user's runs and the server's token are kept."""
    named = os.environ.get("XDG_DATA_HOME")
    return (Path(named) if named else Path.home() / ".local" / "share") / "alpha-pulse"
