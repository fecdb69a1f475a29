"""The command ``alpha-pulse run``: trade on paper at a chosen speed, and serve the page that shows and controls the run."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.request_guard import LOOPBACK
from alpha_pulse.api.server import bind
from alpha_pulse.cli.default_store import open_default_store, with_fresh_hint
from alpha_pulse.cli.replay import IN_MEMORY
from alpha_pulse.cli.served_run import ServedRun, ServeOptions, run_on_loop
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import StateError, StoreError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.base.kernel_cache import can_store
from alpha_pulse.library.compiling import warm_if_cold
from alpha_pulse.library.file_notes import show_files
from alpha_pulse.library.places import data_folder, new_run_id
from alpha_pulse.library.progress import Phases
from alpha_pulse.library.registries import registry_of_run
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.runtime.warmup import is_warm
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store


def run(
    config: Config,
    feed: ReplayFeed,
    name: str,
    store_url: str | None,
    *,
    fresh: bool,
    serving: ServeOptions,
    command: list[str],
) -> None:
    """Start or resume the run of these data and this configuration, and serve it until a signal arrives.

    Parameters
    ----------
    name
        A short name of the data.
    store_url
        The value of ``--store``; None for the default store of these data and this configuration.
    fresh
        Start from the first bar in a new store, which later starts resume.
    command
        The command line, for the hint on how to resume.

    Raises
    ------
    AlphaPulseError
        The message is one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM before the end of the data.
    """
    public = serving.host not in (*LOOPBACK, "::1")
    # Before anything that takes time.
    with closing(bind(serving.host, serving.port, public=public)) as bound:
        auth = Auth.open(data_folder() / "token", os.environ)
        if public:
            print(
                f"warning: other machines can reach {serving.host}, and the connection is not encrypted: anyone who can read "
                "the traffic can control the run; prefer 127.0.0.1 behind a tunnel",
                file=sys.stderr,
            )
        show_files(feed, check_data(config, feed))
        compiled = is_warm(config)
        if not (compiled or can_store()):
            # Another process could not hand its kernels over.
            warm_if_cold(config)
            compiled = True
        run_id = new_run_id()
        with closing(_open(config, feed, store_url, run_id, fresh=fresh)) as store:
            if store.identity is not None:
                run_id = store.identity.run_id
            if store.location != IN_MEMORY:
                auth.keep_sessions(_sessions_file(run_id))
            begin = partial(_begin, config, feed, store, name, run_id, serving)
            served = ServedRun(config, feed, store, run_id, auth, serving, begin)
            if compiled:
                served.begin_engine()
            served.report_stop(run_on_loop(served.run(bound)), command)


def _open(config: Config, feed: ReplayFeed, store_url: str | None, run_id: str, *, fresh: bool) -> Store:
    if store_url is not None:
        return open_store(store_url, config.store)
    return open_default_store(feed, config, run_id, fresh=fresh)


def _sessions_file(run_id: str) -> Path:
    """The file of a run's sign-in sessions, beside the token; hashed, because a run id may contain any character."""
    return data_folder() / "sessions" / hashlib.sha256(run_id.encode()).hexdigest()[:16]


def _begin(config: Config, feed: ReplayFeed, store: Store, name: str, run_id: str, serving: ServeOptions) -> LocalGateway:
    """A gateway to the run in the store; its history is read after the page is up."""
    system = System(config, feed, store)
    with closing(Phases()) as phases:
        try:
            system.begin(
                run_id,
                resume=True,
                on_replay=phases.show_replay,
            )
        except (StateError, StoreError) as error:
            raise with_fresh_hint(error) if serving.default_store else error from None
        for reason in system.skipped_checkpoints:
            phases.close()
            print(f"warning: {reason}", file=sys.stderr)
    gateway = LocalGateway(system, name, bars_per_second=serving.speed, registry=registry_of_run(config, store))
    gateway.read_back_first()
    return gateway
