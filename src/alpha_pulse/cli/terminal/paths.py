"""Checks that no two options of a command name the same file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.library.page_files import is_database
from alpha_pulse.library.store_paths import check_folder_exists, path_of_store

STORE_FILES = ("", "-journal", "-wal", "-shm", ".head", ".new")
PART = ".part"
"""Suffix of an output file while it is written."""


def check_separate_files(
    outputs: dict[str, Path | None], inputs: Mapping[str, Sequence[Path | None]], store_url: str | None
) -> None:
    """Check that no output is also another output, an input, or a file of the store.

    Parameters
    ----------
    outputs, inputs
        Files by flag, one or more for an input; None where the flag is absent. A path that is not a regular file (a terminal,
        /dev/null) may be shared.
    store_url
        The value of ``--store``, or None.

    Raises
    ------
    ConfigError
        Two flags name the same file, or an output names a store.

    >>> check_separate_files({"--json": Path("out/a"), "--decisions": Path("out/b")}, {"--data": [Path("bars.csv")]}, "run.db")
    >>> check_separate_files({"--json": Path("a"), "--decisions": Path("./a")}, {}, None)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: --json a and --decisions a are the same file; give each its own
    """
    taken: dict[Path, str] = {}
    named: list[tuple[str, Path | None, tuple[str, ...]]] = [
        (flag, path, ("",)) for flag, paths in inputs.items() for path in paths
    ]
    named.append(("--store", None if store_url is None else path_of_store(store_url), STORE_FILES))
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
        if target is not None and is_database(target):
            raise ConfigError(f"{flag} {target} is the store of a run and would be overwritten; give the output another name")


def check_folders_exist(outputs: dict[str, Path | None], store_url: str | None) -> None:
    """Check that the folders of the outputs and of the store exist: creating one would hide a misspelt path.

    Raises
    ------
    ConfigError
        The message names the flag and the folder.

    >>> check_folders_exist({"--json": Path("no/a")}, None)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: --json no/a: the folder no does not exist; create it first, or name another place
    """
    for flag, path in {**outputs, "--store": store_url}.items():
        if path is not None:
            check_folder_exists(flag, str(path))


def _real(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    if path.exists() and not path.is_file():
        return
    for ending in endings:
        yield path.with_name(path.name + ending).resolve()
