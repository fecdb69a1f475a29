"""``replay``: trade bars on paper, learn from the outcomes, and return the run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from os import PathLike
from typing import Any

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.data import DEFAULT
from alpha_pulse.feeds.market_data import Dates, Duplicates, Stamp
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.library.bars import feed_of
from alpha_pulse.library.compiling import warm_if_cold
from alpha_pulse.library.file_notes import show_files
from alpha_pulse.library.interrupts import interruptible, say_stopping
from alpha_pulse.library.places import new_location, new_run_id
from alpha_pulse.library.progress import Phases
from alpha_pulse.library.registries import registry_of_run
from alpha_pulse.library.run import Run
from alpha_pulse.library.settings import Settings, settings_of
from alpha_pulse.library.store_paths import check_folder_exists
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.runtime.replay import Progress
from alpha_pulse.runtime.replay import replay as run_to_the_end
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore


def replay(
    data: Any = DEFAULT,
    *,
    config: Settings = None,
    symbol: str | Sequence[str] | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool = True,
    interval: str | None = None,
    tz: str | None = None,
    stamp: Stamp | None = None,
    duplicates: Duplicates = "refuse",
    dates: Dates | None = None,
    adjusted: bool = False,
    **settings: Any,
) -> Run:
    """Replay bars as fast as possible: predict, trade on paper, learn from every outcome, and store the run.

    Parameters
    ----------
    data
        The path of a file of bars, a folder or a pattern; a list of paths; a polars or pandas frame, or a dict of arrays by
        name of the column; the result of `alpha_pulse.data.read`; the name of a bundled file (`alpha_pulse.data.bundled`) or
        of a demo: ``drift``, a synthetic market that changes, or ``eurusd``, the bundled year.
    config
        A `Config`, a dict of sections, or the path of a TOML file; None: the defaults.
    symbol
        Only these symbols; a single one names the bars of data without symbols.
    store
        Where the run is stored: the path of a file in a folder that exists, or ``memory://``, which is lost with the program;
        None: a new store in the user's data folder. If the file contains an equal run, that run is continued, or returned if
        it is finished.
    progress
        Whether a progress bar is shown, and how files were read.
    interval, tz, stamp, duplicates, dates, adjusted
        How to read the bars, see `alpha_pulse.data.read`.
    settings
        Settings by section, which take precedence over ``config``: ``venue={"fee_bps": 2}``, ``seed=7``.

    Raises
    ------
    DataError
        The bars cannot be used; the message names file, row, column and what was expected.
    ConfigError, UnknownNameError
        A setting or an option does not exist or has an invalid value.
    StoreError, StateError
        The store cannot be opened, is in use, or contains another run.
    KeyboardInterrupt
        By Ctrl-C. The steps up to there are stored; the same call with the same store continues.

    >>> run = replay("eurusd_1h_2017", store="memory://", progress=False, batch={"enabled": False})
    >>> run.state, run.metrics["bars"]
    ('finished', 6225)
    """
    options = {
        "interval": interval, "tz": tz, "symbol": symbol, "stamp": stamp, "duplicates": duplicates, "dates": dates,
        "adjusted": adjusted,
    }  # fmt: skip
    chosen = settings_of(config, settings)
    location = _location(store, run_id := new_run_id())
    feed = feed_of(data, options)
    if progress:
        show_files(feed, check_data(chosen, feed))
    warm_if_cold(chosen, shown=progress)
    opened = open_store(location, chosen.store)
    if isinstance(opened, MemoryStore):
        _finish(chosen, feed, opened, run_id, shown=progress)
        return Run(opened)
    with closing(opened):
        _finish(chosen, feed, opened, run_id, shown=progress)
    return Run(opened.location)


def _location(store: Any, run_id: str) -> str:
    if store is None:
        return new_location(run_id)
    if not isinstance(store, str | PathLike):
        raise ConfigError(
            f"store is {type(store).__name__}, but the path of a file or memory:// is expected; the settings of section store "
            "are given in config"
        )
    check_folder_exists("store", str(store))
    return str(store)


def _finish(config: Config, feed: ReplayFeed, store: Store, run_id: str, *, shown: bool) -> None:
    """Run to the end of the bars. Raises KeyboardInterrupt."""
    all_stored, title = True, f"replaying {', '.join(feed.symbols)}"
    with closing(Phases(shown=shown)) as phases, interruptible(say_stopping) as stopped:

        def show_progress(state: Progress) -> None:
            note = "" if state.bars_per_second is None else f"{state.bars_per_second:,.0f} bars/s"
            phases.show(title, feed.total_bars, "bars", state.bars, note)

        def report_waiting(reason: str | None) -> None:
            nonlocal all_stored
            all_stored = reason is None
            phases.report_waiting(reason)

        result = run_to_the_end(
            config, feed, store, run_id, resume=True, on_progress=show_progress, on_replay=phases.show_replay,
            on_waiting=report_waiting,
            on_warning=lambda reason: print(f"warning: {reason}", file=sys.stderr), stopped=stopped,
            registry=registry_of_run(config, store),
        )  # fmt: skip
    if result is None:
        stored = "they" if all_stored else "all but the last"
        raise KeyboardInterrupt(
            f"stopped after {feed.bars_done:,} of {feed.total_bars:,} bars; {stored} are stored, "
            f"and the same call with store={store.location!r} continues"
        )
