"""The command ``alpha-pulse replay``: choose a store, replay the bars, show or write the results."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec

from alpha_pulse.cli.reading import with_files
from alpha_pulse.cli.render.report import show
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, file_of, result_file
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, OutputError
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.library.compiling import warm_if_cold
from alpha_pulse.library.file_notes import show_files
from alpha_pulse.library.interrupts import say_stopping
from alpha_pulse.library.places import new_location, new_run_id
from alpha_pulse.library.progress import Phases
from alpha_pulse.library.registries import registry_of_run
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.decision_export import exported
from alpha_pulse.runtime.replay import Progress, replay
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store

IN_MEMORY = "memory://"


class Outputs(msgspec.Struct, frozen=True):
    """Files for results, in addition to the table on standard output; ``json`` may be ``-``."""

    json: str | None = None
    decisions: Path | None = None


def run(config: Config, feed: ReplayFeed, store_url: str | None, *, resume: bool, outputs: Outputs, command: list[str]) -> None:
    """Replay ``feed`` to its end and show the result.

    Parameters
    ----------
    store_url
        The value of ``--store``; None creates a store in the user's data folder.
    command
        The command line without ``--store`` and ``--resume``, for the hint on how to resume.

    Raises
    ------
    AlphaPulseError
        The message is one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM.
    """
    if resume and store_url is None:
        raise ConfigError("--resume was given without --store; name the store of the run to resume")
    if outputs.decisions == Path(STANDARD_OUTPUT):
        raise ConfigError("--decisions - was given, but the result goes to standard output; write --decisions FILE")
    run_id = new_run_id()
    show_files(feed, check_data(config, feed))
    warm_if_cold(config)
    location = new_location(run_id) if store_url is None else store_url
    try:
        with (
            signals(say_stopping) as caught,
            result_file(file_of(outputs.json)) as json_file,
            result_file(outputs.decisions) as decisions,
        ):
            store = open_store(location, config.store)
            location = store.location
            with closing(store):
                result = _replay(config, feed, store, run_id, resume, decisions, command, caught)
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
        raise OutputError(f"{error}; the run is stored; show its results with: {_resume_command(command, location)}") from None


def _replay(
    config: Config,
    feed: ReplayFeed,
    store: Store,
    run_id: str,
    resume: bool,
    decisions: BinaryIO | None,
    command: list[str],
    caught: list[int],
) -> bytes:
    title = f"replaying {', '.join(feed.symbols)}"

    def show_progress(state: Progress) -> None:
        note = "" if state.bars_per_second is None else f"{state.bars_per_second:,.0f} bars/s"
        phases.show(title, feed.total_bars, "bars", state.bars, note)

    def warn(reason: str) -> None:
        phases.close()
        print(f"warning: {reason}", file=sys.stderr)

    all_stored = True

    def report_waiting(reason: str | None) -> None:
        nonlocal all_stored
        all_stored = reason is None
        phases.report_waiting(reason)

    with closing(Phases()) as phases:
        result = replay(
            config,
            feed,
            store,
            run_id,
            resume=resume,
            on_progress=show_progress,
            on_replay=phases.show_replay,
            on_warning=warn,
            on_waiting=report_waiting,
            stopped=lambda: bool(caught),
            write_decision=None if decisions is None else lambda line: decisions.write(exported(line, feed.bar_open)),
            registry=registry_of_run(config, store),
        )
    if result is None:
        print(f"stopped after {feed.bars_done:,} of {feed.total_bars:,} bars; ", end="", file=sys.stderr)
        if store.location == IN_MEMORY:
            print(f"nothing was stored, because the store is {IN_MEMORY}", file=sys.stderr)
        else:
            print(f"{stored_part(all_stored)}. Resume with:\n  {_resume_command(command, store.location)}", file=sys.stderr)
        raise StoppedError(caught[0])
    return result


def stored_part(all_stored: bool) -> str:
    """How much of a stopped run is stored."""
    return "all are stored" if all_stored else "there was no space for the last ones, which will be repeated"


def _resume_command(command: list[str], location: str) -> str:
    return shlex.join([*command, "--store", location, "--resume"])
