"""What ``alpha-pulse replay`` does: choose a store, run, show, and leave nothing half written."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from alpha_pulse.cli.reading import show_files, with_files
from alpha_pulse.cli.render.report import show
from alpha_pulse.cli.terminal.paths import data_folder
from alpha_pulse.cli.terminal.progress import Phases, progress
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, result_file
from alpha_pulse.core.clock import wall_ns
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, OutputError
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.reporting.data_checks import remarks
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.decision_export import exported
from alpha_pulse.runtime.replay import Progress, replay
from alpha_pulse.runtime.warmup import about_how_many, is_warm, warm_up
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store

IN_MEMORY = "memory://"


class Outputs(msgspec.Struct, frozen=True):
    """Where results go beside the table; ``json`` may be ``-``."""

    json: str | None = None
    decisions: Path | None = None


def run(config: Config, feed: ReplayFeed, store_url: str | None, *, resume: bool, outputs: Outputs, again: list[str]) -> None:
    """Replay ``feed`` to its end and show the result.

    Parameters
    ----------
    store_url
        As given, or None for a fresh store in the user's data folder.
    again
        The command line without ``--store`` and ``--resume``, to say how to go on.

    Raises
    ------
    AlphaPulseError
        With one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM.
    """
    if resume and store_url is None:
        raise ConfigError("--resume was given without --store; name the store of the run to go on with")
    if outputs.decisions == Path(STANDARD_OUTPUT):
        raise ConfigError("--decisions - was given, but the result goes to standard output; write --decisions FILE")
    run_id = new_run_id()
    json_path = None if outputs.json in (None, STANDARD_OUTPUT) else Path(str(outputs.json))
    show_files(feed, remarks(config, feed))
    warm_if_cold(config)
    location = _fresh_store(run_id) if store_url is None else store_url
    try:
        with signals() as caught, result_file(json_path) as json_file, result_file(outputs.decisions) as decisions:
            store = open_store(location, config.store)
            location = store.location
            with closing(store):
                result = _replay(config, feed, store, run_id, resume, decisions, again, caught)
            pretty = msgspec.json.format(with_files(result, feed), indent=2) + b"\n"
            if json_file is not None:
                json_file.write(pretty)
        if outputs.json == STANDARD_OUTPUT:
            sys.stdout.buffer.write(pretty)
        else:
            show(decode_report(result))
        sys.stdout.flush()
    except OutputError as error:
        if location == IN_MEMORY:
            raise
        raise OutputError(f"{error}; the run is kept, and this shows it: {_go_on(again, location)}") from None


def warm_if_cold(config: Config) -> None:
    """Compile kernels before anything is timed or shown, when this program runs here for the first time."""
    if not is_warm(config):
        with progress("compiling kernels (first run only)", about_how_many(config), "kernels", countdown=False) as report:
            warm_up(config, report)


def _replay(
    config: Config,
    feed: ReplayFeed,
    store: Store,
    run_id: str,
    resume: bool,
    decisions: BinaryIO | None,
    again: list[str],
    caught: list[int],
) -> bytes:
    done = 0
    title = f"replaying {', '.join(feed.symbols)}"

    def show_progress(at: Progress) -> None:
        nonlocal done
        done = at.bars
        note = "" if at.bars_per_second is None else f"{at.bars_per_second:,.0f} bars/s"
        phases.show(title, feed.total_bars, "bars", at.bars, note)

    def tell_skipped(reason: str) -> None:
        phases.close()
        print(f"left out: {reason}", file=sys.stderr)

    with closing(Phases()) as phases:
        result = replay(
            config,
            feed,
            store,
            run_id,
            resume=resume,
            on_progress=show_progress,
            on_replay=lambda made, rows: phases.show("replaying the end of the journal", rows, "steps", made),
            on_skipped=tell_skipped,
            stopped=lambda: bool(caught),
            write_decision=None if decisions is None else lambda line: decisions.write(exported(line, feed.bar_open)),
        )
    if result is None:
        print(f"stopped after {done:,} of {feed.total_bars:,} bars; ", end="", file=sys.stderr)
        if store.location == IN_MEMORY:
            print(f"nothing was kept, since the store is {IN_MEMORY}", file=sys.stderr)
        else:
            print(f"all of them are kept. Go on with:\n  {_go_on(again, store.location)}", file=sys.stderr)
        raise StoppedError(caught[0])
    return result


def _go_on(again: list[str], location: str) -> str:
    return shlex.join([*again, "--store", location, "--resume"])


def new_run_id() -> str:
    """A name for a run: when it began (UTC), and four digits that tell apart those that began together."""
    now = wall_ns()
    short = hashlib.sha256(f"{now}/{os.getpid()}".encode()).hexdigest()[:4]
    return f"{datetime.fromtimestamp(now / 1e9, tz=UTC):%Y%m%d-%H%M%S}-{short}"


def _fresh_store(run_id: str) -> str:
    return f"sqlite:///{data_folder() / 'runs' / run_id / 'store.db'}"
