"""The command ``alpha-pulse journal rebuild``: build the state of a stored run from nothing, and show whether it is equal."""

from __future__ import annotations

from contextlib import closing

import msgspec

from alpha_pulse.cli.journal.verify import show_checks
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.library.compiling import warm_if_cold
from alpha_pulse.library.places import find_run
from alpha_pulse.library.progress import Phases
from alpha_pulse.runtime.rebuild import Rebuild, rebuild
from alpha_pulse.stores.reading import StoreReader


def rebuild_run(run: str, to: int | None, *, json: bool) -> bool:
    """Rebuild a run, print the results, and return whether all is equal.

    Parameters
    ----------
    run
        A store's URL or path, or the id of a run in this user's data folder.
    to
        The last step to rebuild; None: the last one.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such run or step, or the store is damaged.
    """
    with StoreReader(find_run(run)) as reader:
        if reader.identity is not None and reader.step_count:
            warm_if_cold(stored_config(reader.identity))
        steps = reader.step_count if to is None else to + 1
        with closing(Phases()) as phases:
            result = rebuild(reader, to, lambda done: phases.show("rebuilding the state", steps, "steps", done))
    if json:
        print(msgspec.json.encode(result).decode())
    else:
        _show(result)
    return result.ok


def _show(result: Rebuild) -> None:
    print(
        f"run {result.run_id} in {result.store}: {result.steps:,} of {result.stored_steps:,} steps rebuilt "
        f"in {result.seconds:.1f} s"
    )
    show_checks(result.checks)
