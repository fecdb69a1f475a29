"""Finds stored runs, as users name them."""

from __future__ import annotations

import difflib
from pathlib import Path

from alpha_pulse.cli.default_store import STORE_FILE
from alpha_pulse.cli.terminal.paths import data_folder
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, StoreError
from alpha_pulse.stores.reading import StoreReader


def store_file(given: str, name: str, expected: str) -> Path:
    """The file that a store's URL or path names. ``name`` and ``expected`` are those in the ConfigError for other URLs.

    >>> store_file("sqlite:///folder/run.db", "--to", "")
    PosixPath('folder/run.db')
    """
    scheme, separator, address = given.partition("://")
    if not separator:
        return Path(given)
    if scheme != "sqlite" or not address[1:]:
        raise ConfigError(f"{name} {given!r} names no stored run; give {expected}")
    return Path(address[1:])


def find_run(run: str) -> Path:
    """The file of a run, by URL, path or id. Raises ConfigError.

    >>> find_run("sqlite:///folder/run.db")
    PosixPath('folder/run.db')
    """
    if "://" in run:
        return store_file(run, "RUN", "sqlite:///FILE, a path, or the id of a run")
    if Path(run).exists() or "/" in run:
        return Path(run)
    known = {path.parent.name: path for path in data_folder().glob(f"**/{STORE_FILE}")}
    known |= {name: path for path in list(known.values()) if (name := _run_id(path)) is not None}
    if run not in known:
        near = difflib.get_close_matches(run, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; give the path of its store"
        raise ConfigError(f"RUN {run!r} is neither a file nor the id of a run in {data_folder()}{hint}")
    return known[run]


def run_id_of(reader: StoreReader) -> str:
    """The id of the run in a store. Raises StoreError where a program was stopped between creating the store and its run."""
    if reader.identity is None:
        raise StoreError(f"no run has been written yet to store {reader.path}; start one, as with alpha-pulse replay --store")
    return reader.identity.run_id


def _run_id(path: Path) -> str | None:
    """The id of the run in a store; it differs from the name of the store's folder when the store existed before the run."""
    try:
        with StoreReader(path) as reader:
            return None if reader.identity is None else reader.identity.run_id
    except AlphaPulseError:
        return None
