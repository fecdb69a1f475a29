"""The file that a store's URL names, and the check that its folder exists."""

from __future__ import annotations

from pathlib import Path

from alpha_pulse.core.errors import ConfigError


def check_folder_exists(flag: str, url: str) -> None:
    """Check that the folder of a store exists: creating one would hide a misspelt path.

    Parameters
    ----------
    flag
        The name of the option, for the message.
    url
        A path or a URL; one that names no file is not checked.

    Raises
    ------
    ConfigError
        The message names the folder.

    >>> check_folder_exists("store", "memory://")
    >>> check_folder_exists("store", "no/run.db")
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: store no/run.db: the folder no does not exist; create it first, or name another place
    """
    path = path_of_store(url)
    if path is not None and not path.parent.is_dir():
        why = "is not a folder" if path.parent.exists() else "does not exist"
        raise ConfigError(f"{flag} {path}: the folder {path.parent} {why}; create it first, or name another place")


def path_of_store(url: str) -> Path | None:
    """The file of a store's URL or path; None where it is not a file.

    >>> path_of_store("sqlite:///run.db"), path_of_store("memory://")
    (PosixPath('run.db'), None)
    """
    scheme, separator, address = url.partition("://")
    if not separator:
        return Path(url)
    return Path(address[1:]) if scheme == "sqlite" and address[1:] else None
