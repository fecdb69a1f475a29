"""The default store of `run`: one per data and configuration, resumed by the next start."""

from __future__ import annotations

import sys
from pathlib import Path

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import AlphaPulseError, StateError, StoreError
from alpha_pulse.core.files import sync_folder
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.library.places import STORE_FILE, UNOPENED_SUFFIX, data_folder
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import SCHEMA_VERSION, Store
from alpha_pulse.stores.head import InUseError, read_mark
from alpha_pulse.stores.inspection import written_schema_version
from alpha_pulse.stores.versions import CONVERTIBLE, conversion


def open_default_store(feed: ReplayFeed, config: Config, run_id: str, *, fresh: bool) -> Store:
    """Open this user's newest store for these data and this configuration; a new store if there is none, or with ``fresh``.

    A store that cannot be opened and contains no steps is renamed, with a warning, and a new one is created. A warning names
    the newest run of these data that has another configuration or schema version, when there is none to resume.

    Raises
    ------
    StoreError, StateError
        The newest store is in use, or contains steps and cannot be opened.
    """
    folder = data_folder() / "live" / f"{feed.identity[:12]}-{config.config_hash[:12]}"
    # Any file of a store counts, so that a store whose database was deleted is found too.
    names = {path.parent.name for path in folder.glob(f"*/{STORE_FILE}*")}
    run_ids = sorted(name for name in names if not name.endswith(UNOPENED_SUFFIX))
    new = f"sqlite:///{folder / run_id / STORE_FILE}"
    if not fresh and not run_ids:
        _warn_of_older_run(folder)
    if fresh or not run_ids:
        return open_store(new, config.store)
    newest = folder / run_ids[-1] / STORE_FILE
    try:
        return open_store(f"sqlite:///{newest}", config.store)
    except InUseError:
        raise
    except (StoreError, StateError) as error:
        if not contains_no_rows(newest):
            raise with_fresh_hint(error) from None
        aside = _set_aside(newest.parent)
        print(f"warning: {error}; it contains no steps, so it was moved to {aside}, and a new run starts", file=sys.stderr)
        return open_store(new, config.store)


def contains_no_rows(store: Path) -> bool:
    """Whether no step was ever committed to a store that cannot be opened.

    An empty file contains nothing, nor does a database whose creation was interrupted. For any other, the .head file decides.
    """
    try:
        mark = read_mark(store)
        if mark is not None:
            return mark[0] < 0
        return store.stat().st_size == 0 or store.with_name(store.name + "-journal").exists()
    except OSError:
        return False


def with_fresh_hint(error: AlphaPulseError) -> AlphaPulseError:
    """The same error, with a hint about ``--fresh``, which starts a new store."""
    return type(error)(f"{error}; or start a new store with --fresh, which leaves that store as it is")


def _warn_of_older_run(folder: Path) -> None:
    """Print a warning when a store of the same data lies beside ``folder``, which contains none."""
    identity = folder.name.partition("-")[0]
    stores = [path for path in folder.parent.glob(f"{identity}-*/*/{STORE_FILE}") if path.parent.parent != folder]
    for path in sorted(stores, key=lambda path: path.parent.name, reverse=True):
        try:
            version = written_schema_version(path)
        except OSError:
            continue
        if version is None or path.parent.name.endswith(UNOPENED_SUFFIX):
            continue
        if version == SCHEMA_VERSION:
            reader, difference = "this configuration", "another configuration"
        else:
            reader, difference = "this version", f"schema version {version}"
        converted = f"; {conversion(path)}" if version == CONVERTIBLE else ""
        print(
            f"warning: an older run of these data is in {path} ({difference}); {reader} cannot resume it and starts a new run"
            f"{converted}",
            file=sys.stderr,
        )
        return


def _set_aside(folder: Path) -> Path:
    aside = folder.with_name(folder.name + UNOPENED_SUFFIX)
    try:
        folder.rename(aside)
        sync_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"folder {folder} cannot be renamed: {reason_of(error)}; rename it, or start with --fresh") from None
    return aside
