"""The store that belongs to these data and this configuration: which one `run` resumes, and what if it cannot be opened."""

from __future__ import annotations

import sys
from pathlib import Path

from alpha_pulse.cli.terminal.paths import data_folder
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import AlphaPulseError, StateError, StoreError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.head import InUseError, read_mark

STORE_FILE = "store.db"
ASIDE = ".unopened"
"""Ends the name of a folder whose store could not be opened and held nothing."""


def open_own_store(feed: ReplayFeed, config: Config, run_id: str, *, fresh: bool) -> Store:
    """Open the newest store of this user's for these data and this configuration; a new one if there is none, or for ``fresh``.

    A store that cannot be opened and holds no step is set aside, which is reported, and a new one takes its place.

    Raises
    ------
    StoreError, StateError
        The newest store is in use, or cannot be opened although it holds steps.
    """
    folder = data_folder() / "live" / f"{feed.identity[:12]}-{config.config_hash[:12]}"
    # By any file of a store: one whose database was deleted is not passed over either.
    held = sorted({path.parent.name for path in folder.glob(f"*/{STORE_FILE}*") if not path.parent.name.endswith(ASIDE)})
    new = f"sqlite:///{folder / run_id / STORE_FILE}"
    if fresh or not held:
        return open_store(new, config.store)
    newest = folder / held[-1] / STORE_FILE
    try:
        return open_store(f"sqlite:///{newest}", config.store)
    except InUseError:
        raise
    except (StoreError, StateError) as error:
        if not holds_nothing(newest):
            raise naming_fresh(error) from None
        aside = _set_aside(newest.parent)
        print(f"warning: {error}; it holds no step, so it is kept in {aside}, and a new run begins", file=sys.stderr)
        return open_store(new, config.store)


def holds_nothing(store: Path) -> bool:
    """Whether no row of a store that cannot be opened was ever acknowledged.

    An empty file, and one that SQLite was killed in while it made the first table, hold nothing; of any other, the .head file
    must say so.
    """
    try:
        mark = read_mark(store)
        if mark is not None:
            return mark[0] < 0
        return store.stat().st_size == 0 or store.with_name(store.name + "-journal").exists()
    except OSError:
        return False


def naming_fresh(error: AlphaPulseError) -> AlphaPulseError:
    """The same error, which also names the option that starts without the store it is about."""
    return type(error)(f"{error}; or start a new store with --fresh, which leaves that store as it is")


def _set_aside(folder: Path) -> Path:
    aside = folder.with_name(folder.name + ASIDE)
    try:
        folder.rename(aside)
        sync_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"folder {folder} cannot be set aside: {reason_of(error)}; rename it, or begin with --fresh") from None
    return aside
