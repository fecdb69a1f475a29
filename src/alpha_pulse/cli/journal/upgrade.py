"""The command ``alpha-pulse journal upgrade``: convert a store of an earlier schema version."""

from __future__ import annotations

from contextlib import closing

import msgspec

from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.library.compiling import warm_if_cold
from alpha_pulse.library.places import find_run, store_file
from alpha_pulse.library.progress import Phases
from alpha_pulse.runtime.upgrade import Upgrade, upgrade
from alpha_pulse.stores.version4 import Version4Reader


def upgrade_store(old: str, to: str, *, json: bool) -> None:
    """Convert a store, and print what was done.

    Parameters
    ----------
    old
        A store's URL or path, or the id of a run in this user's data folder.
    to
        The URL or the path of the new store.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        The old store cannot be converted, or the new one cannot be written.
    StoppedError
        By Ctrl-C or SIGTERM.
    """
    new = store_file(to, "--to", "sqlite:///FILE or a path")
    with Version4Reader(find_run(old)) as reader:
        if reader.identity is not None:
            warm_if_cold(stored_config(reader.identity))
        with closing(Phases()) as phases, signals() as caught:
            done = upgrade(
                reader,
                new,
                lambda doing, steps: phases.show(doing, reader.step_count, "steps", steps),
                stopped=lambda: bool(caught),
            )
    if done is None:
        raise StoppedError(caught[0])
    if json:
        print(msgspec.json.encode(done).decode())
    else:
        _show(done)


def _show(done: Upgrade) -> None:
    print(
        f"run {done.run_id}: {done.steps:,} steps of {done.old} replayed in {done.seconds:.1f} s, each is equal; "
        f"{'finished' if done.finished else 'not finished'}; converted to {done.new}"
    )
