"""Where the runs of a user lie, and how they are found by URL, path or id."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from alpha_pulse.core.clock import wall_ns
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, StoreError
from alpha_pulse.library.store_paths import path_of_store
from alpha_pulse.stores.reading import StoreReader

STORE_FILE = "store.db"
LATEST = "latest"
UNOPENED_SUFFIX = ".unopened"
"""Suffix of a folder whose store could not be opened and contains no steps."""
_RUN_ID = re.compile(r"(\d{8}-\d{6})-[0-9a-f]{4}")
_STARTED, _STARTED_LENGTH = "%Y%m%d-%H%M%S", 15
_NAMED = 3
"""Runs that a message names."""


def data_folder() -> Path:
    """The folder of this user's runs and of the server's token."""
    named = os.environ.get("XDG_DATA_HOME")
    return (Path(named) if named else Path.home() / ".local" / "share") / "alpha-pulse"


def new_run_id() -> str:
    """An id for a run: its start time (UTC), and four hex digits that distinguish runs started in the same second."""
    now = wall_ns()
    short = hashlib.sha256(f"{now}/{os.getpid()}".encode()).hexdigest()[:4]
    return f"{datetime.fromtimestamp(now / 1e9, tz=UTC):{_STARTED}}-{short}"


def started(run_id: str) -> datetime | None:
    """When a run started (UTC), by its id; None for the id of a run that was named otherwise.

    >>> started("20261130-153036-62f8").isoformat(), started("example")
    ('2026-11-30T15:30:36+00:00', None)
    """
    match = _RUN_ID.fullmatch(run_id)
    return None if match is None else datetime.strptime(match[1], _STARTED).replace(tzinfo=UTC)


def new_location(run_id: str) -> str:
    """The URL of a new store in the user's data folder."""
    return f"sqlite:///{data_folder() / 'runs' / run_id / STORE_FILE}"


def stored_files() -> list[Path]:
    """The stores in the user's data folder, the newest first. Runs that were given a store of their own are not among them."""
    found = (path for path in data_folder().glob(f"**/{STORE_FILE}") if not path.parent.name.endswith(UNOPENED_SUFFIX))
    return sorted(found, key=_age, reverse=True)


def _age(path: Path) -> tuple[str, int, str]:
    """Orders stores by the start of their run (a second), and those of one second by their last write."""
    name = path.parent.name
    try:
        return name[:_STARTED_LENGTH], path.stat().st_mtime_ns, name
    except OSError:
        return name[:_STARTED_LENGTH], 0, name


def store_file(given: str, name: str, expected: str) -> Path:
    """The file that a store's URL or path names. ``name`` and ``expected`` are those in the ConfigError for other URLs.

    >>> store_file("sqlite:///folder/run.db", "--to", "")
    PosixPath('folder/run.db')
    """
    path = path_of_store(given)
    if path is None:
        raise ConfigError(f"{name} {given!r} names no stored run; give {expected}")
    return path


def find_run(run: str) -> Path:
    """The file of a run: by URL, path, id, a part of an id that no other has, or ``latest``, the run that was started last.

    Raises
    ------
    ConfigError
        There is no such run, or several.

    >>> find_run("sqlite:///folder/run.db")
    PosixPath('folder/run.db')
    """
    if "://" in run:
        return store_file(run, "run", "sqlite:///FILE, a path, or the id of a run")
    if Path(run).exists() or "/" in run:
        return Path(run)
    files = stored_files()
    if run == LATEST and files:
        return files[0]
    known = {path.parent.name: path for path in files}
    if run not in known:
        known |= dict(_inner_ids(files))
    fitting = [name for name in known if run and run in name]
    places = {known[name] for name in fitting}
    if run not in known and len(places) == 1:
        return places.pop()
    if run not in known and places:
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        raise ConfigError(f"run {run!r} is a part of several ids: {', '.join(fitting[:_NAMED])}{more}; give more of one")
    if run not in known:
        raise ConfigError(f"run {run!r} is neither a file nor the id of a run in {data_folder()}{_advice(run, list(known))}")
    return known[run]


def run_id_of(reader: StoreReader) -> str:
    """The id of the run in a store. Raises StoreError where a program was stopped between creating the store and its run."""
    if reader.identity is None:
        raise StoreError(f"no run has been written yet to store {reader.path}; start one, as with alpha-pulse replay --store")
    return reader.identity.run_id


def _inner_ids(files: list[Path]) -> Iterator[tuple[str, Path]]:
    """The ids of the runs in the stores; one differs from its folder's name when the store existed before the run."""
    for path in files:
        try:
            with StoreReader(path) as reader:
                if reader.identity is not None:
                    yield reader.identity.run_id, path
        except AlphaPulseError:
            continue


def _advice(run: str, known: list[str]) -> str:
    """The nearest id, else the newest ones, as the end of a sentence."""
    near = difflib.get_close_matches(run, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not known:
        return ", which contains none yet; give the path of its store"
    return f"; the newest are {', '.join(known[:_NAMED])}; give one of these, or the path of a store"
