"""The command ``alpha-pulse journal verify``: find a stored run, check it, show the results."""

from __future__ import annotations

import difflib
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.cli.default_store import STORE_FILE
from alpha_pulse.cli.terminal.paths import data_folder
from alpha_pulse.cli.terminal.progress import Phases
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, StateError
from alpha_pulse.engine.verification import Check, Verification, verify
from alpha_pulse.stores.reading import StoreReader


def verify_run(run: str, *, json: bool) -> bool:
    """Check a run, print the results, and return whether all checks passed.

    Parameters
    ----------
    run
        A store's URL or path, or the id of a run in this user's data folder.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run, or the file is not a store of this program.
    """
    path = find_run(run)
    verification = _verified(path)
    if json:
        print(msgspec.json.encode(verification).decode())
    else:
        _show(verification)
    return verification.ok


def find_run(run: str) -> Path:
    """The file of a run, by URL, path or id. Raises ConfigError.

    >>> find_run("sqlite:///folder/run.db")
    PosixPath('folder/run.db')
    """
    scheme, separator, address = run.partition("://")
    if separator:
        if scheme != "sqlite" or not address[1:]:
            raise ConfigError(f"RUN {run!r} names no stored run; give sqlite:///FILE, a path, or the id of a run")
        return Path(address[1:])
    if Path(run).exists() or "/" in run:
        return Path(run)
    known = {path.parent.name: path for path in data_folder().glob(f"**/{STORE_FILE}")}
    known |= {name: path for path in list(known.values()) if (name := _run_id(path)) is not None}
    if run not in known:
        near = difflib.get_close_matches(run, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; give the path of its store"
        raise ConfigError(f"RUN {run!r} is neither a file nor the id of a run in {data_folder()}{hint}")
    return known[run]


def _run_id(path: Path) -> str | None:
    """The id of the run in a store; it differs from the name of the store's folder when the store existed before the run."""
    try:
        with StoreReader(path) as reader:
            return None if reader.identity is None else reader.identity.run_id
    except AlphaPulseError:
        return None


def _verified(path: Path) -> Verification:
    try:
        with StoreReader(path) as reader, closing(Phases()) as phases:
            rows = reader.row_count
            return verify(reader, lambda done: phases.show("checking the journal", rows, "rows", done))
    except StateError as error:
        check = Check("file", ok=False, detail=str(error), errors=1)
        return Verification(f"sqlite:///{path}", None, None, finished=None, ok=False, checks=[check])


def _show(result: Verification) -> None:
    if result.rows is None:
        print(f"the run in {result.store} could not be read; only the file was checked")
    else:
        print(
            f"run {result.run_id or 'unknown'} in {result.store}: "
            f"{result.rows:,} rows, {'' if result.finished else 'not '}finished"
        )
    for check in result.checks:
        print(f"{'ok    ' if check.ok else 'NOT OK'}  {check.name:<12}  {check.detail}")
