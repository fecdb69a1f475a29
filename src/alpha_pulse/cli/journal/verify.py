"""The command ``alpha-pulse journal verify``: check a stored run, and show the results."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.engine.verification import Check, Verification, verify
from alpha_pulse.library.places import find_run, run_id_of
from alpha_pulse.library.progress import Phases
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
        There is no such run, none has been written yet, or the file is not a store of this program.
    """
    path = find_run(run)
    verification = _verified(path)
    if json:
        print(msgspec.json.encode(verification).decode())
    else:
        _show(verification)
    return verification.ok


def _verified(path: Path) -> Verification:
    try:
        with StoreReader(path) as reader, closing(Phases()) as phases:
            run_id_of(reader)
            steps = reader.step_count
            return verify(reader, lambda done: phases.show("checking the journal", steps, "steps", done))
    except StateError as error:
        check = Check("file", ok=False, detail=str(error), errors=1)
        return Verification(f"sqlite:///{path}", None, None, finished=None, ok=False, checks=[check])


def _show(result: Verification) -> None:
    if result.steps is None:
        print(f"the run in {result.store} could not be read; only the file was checked")
    else:
        print(f"run {result.run_id} in {result.store}: {result.steps:,} steps, {'' if result.finished else 'not '}finished")
    show_checks(result.checks)


def show_checks(checks: list[Check]) -> None:
    """Print a line for each check."""
    for check in checks:
        print(f"{'ok    ' if check.ok else 'NOT OK'}  {check.name:<12}  {check.detail}")
