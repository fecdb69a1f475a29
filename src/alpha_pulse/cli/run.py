"""The command ``alpha-pulse run``: trade on paper at a chosen speed, and serve the page that shows and controls the run."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse import api
from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import create_app
from alpha_pulse.api.request_guard import LOOPBACK
from alpha_pulse.api.server import bind, run_server
from alpha_pulse.cli.default_store import open_default_store, with_fresh_hint
from alpha_pulse.cli.reading import show_files
from alpha_pulse.cli.render.report import show
from alpha_pulse.cli.replay import IN_MEMORY, new_run_id, warm_if_cold
from alpha_pulse.cli.terminal.paths import data_folder
from alpha_pulse.cli.terminal.progress import Phases
from alpha_pulse.cli.terminal.signals import StoppedError
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NotReadyError, StateError, StoreError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store

ANYWHERE = ("0.0.0.0", "::")
ECHO_S = 1.0
"""Seconds within which a second signal counts as the first: some programs signal a process and then its group."""


class ServeOptions(msgspec.Struct, frozen=True):
    """Where a run is served, its speed (bars per second; 0: as fast as possible), and the form of the start message."""

    host: str
    port: int
    speed: float
    json: bool
    default_store: bool
    """Whether the store is the default one of the data and the configuration, not one given by ``--store``."""


class Startup(msgspec.Struct, frozen=True):
    """The JSON that ``--json`` prints when the page is up; ``link`` signs in once, in one browser."""

    url: str
    link: str
    token_file: str
    store: str
    run_id: str
    pid: int


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
        warm_if_cold(config)
        run_id = new_run_id()
        with closing(_open(config, feed, store_url, run_id, fresh=fresh)) as store:
            try:
                gateway = _begin(config, feed, store, name, run_id, serving.speed)
            except (StateError, StoreError) as error:
                raise with_fresh_hint(error) if serving.default_store else error from None
            if store.location != IN_MEMORY and store.identity is not None:
                auth.keep_sessions(_sessions_file(store.identity.run_id))
            try:
                caught = _run(_run_with_server(gateway, feed, auth, bound, serving, store))
            except StateError as error:
                # Damage in older rows of the journal is found when its history is read.
                raise with_fresh_hint(error) if serving.default_store else error from None
            _report_stop(gateway, feed, store, caught, command)


def _open(config: Config, feed: ReplayFeed, store_url: str | None, run_id: str, *, fresh: bool) -> Store:
    if store_url is not None:
        return open_store(store_url, config.store)
    return open_default_store(feed, config, run_id, fresh=fresh)


def _sessions_file(run_id: str) -> Path:
    """The file of a run's sign-in sessions, beside the token; hashed, because a run id may contain any character."""
    return data_folder() / "sessions" / hashlib.sha256(run_id.encode()).hexdigest()[:16]


def _begin(config: Config, feed: ReplayFeed, store: Store, name: str, run_id: str, speed: float) -> LocalGateway:
    """A gateway to the run in the store; its history is read after the page is up."""
    system = System(config, feed, store)
    with closing(Phases()) as phases:
        system.begin(
            run_id,
            resume=True,
            on_replay=lambda done, rows: phases.show("replaying the end of the journal", rows, "steps", done),
        )
        for reason in system.skipped_checkpoints:
            phases.close()
            print(f"warning: {reason}", file=sys.stderr)
    gateway = LocalGateway(system, name, bars_per_second=speed)
    gateway.read_back_first()
    return gateway


def _run(served: Coroutine[None, None, int]) -> int:
    """Run on uvloop if it is installed, otherwise on asyncio."""
    try:
        from uvloop import new_event_loop as make
    except ImportError:
        return asyncio.run(served)
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(served)


async def _run_with_server(
    gateway: LocalGateway, feed: ReplayFeed, auth: Auth, bound: socket.socket, serving: ServeOptions, store: Store
) -> int:
    """Run and serve until a signal arrives, and return its number. Raises StateError when the history cannot be read."""
    stop = asyncio.Event()
    caught = _catch_signals(stop)
    page = Path(str(api.__file__)).parent / "page"
    if not page.is_dir():
        print("warning: the page is not built, so only the API is served; in a checkout, run 'make page'", file=sys.stderr)
    app = create_app(gateway, auth, static=page if page.is_dir() else None, hosts=_names(serving.host))
    work: asyncio.Task[None] | None = None

    def up(url: str) -> None:
        nonlocal work
        _announce(gateway, feed, auth, url, serving, store)
        gateway.listen(_EndReporter(gateway, serving.json))
        work = asyncio.create_task(gateway.runner.run())
        work.add_done_callback(lambda _: stop.set())

    try:
        await run_server(app, bound, on_up=up, stop=stop)
    finally:
        if work is not None:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        gateway.runner.stop()
    return caught[0] if caught else signal.SIGTERM


def _catch_signals(stop: asyncio.Event) -> list[int]:
    """The signals received so far. A second signal, more than `ECHO_S` after the first, ends the process at once."""
    caught: list[int] = []
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def restore_default_handlers() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def handle(number: int) -> None:
        if not caught:
            stop.set()
            loop.call_later(ECHO_S, restore_default_handlers)
        caught.append(number)

    for number in numbers:
        loop.add_signal_handler(number, handle, number)
    return caught


def _names(host: str) -> list[str]:
    """Valid Host names of requests: the names of loopback, ``host``, and for a wildcard address those of this machine."""
    hosts = [f"[{host}]" if ":" in host else host]
    if host in ANYWHERE:
        name = socket.gethostname()
        with contextlib.suppress(OSError):
            hosts += [str(address[4][0]) for address in socket.getaddrinfo(name, None, socket.AF_INET)]
        hosts += [name, socket.getfqdn()]
    return [*dict.fromkeys([*LOOPBACK, *hosts])]


def _announce(gateway: LocalGateway, feed: ReplayFeed, auth: Auth, url: str, serving: ServeOptions, store: Store) -> None:
    assert store.identity is not None
    link = f"{url}/#ticket={auth.ticket()}"
    if serving.json:
        started = Startup(url, link, auth.where, store.location, store.identity.run_id, os.getpid())
        print(msgspec.json.encode(started).decode(), flush=True)
        return
    finished = gateway.runner.result is not None
    bars = f"resumed after {feed.bars_done:,} of {feed.total_bars:,} bars" if feed.bars_done else f"{feed.total_bars:,} bars"
    speed = f"{serving.speed:g} bars per second" if serving.speed else "as fast as possible"
    if finished:
        bars = f"all {feed.total_bars:,} bars are done"
        speed = "start a new run with " + ("--fresh" if serving.default_store else "another --store")
    print(f"{', '.join(feed.symbols)} on paper: {bars}, {speed}")
    print(f"store {store.location}")
    print(f"open this sign-in link within two minutes; it works once, in one browser:\n\n  {link}\n")
    print(f"to sign in later, use the token in {auth.where}; stop with Ctrl-C", flush=True)
    if finished:
        _show_result(gateway)


class _EndReporter:
    """Reports once that the data have ended, or that the engine has failed."""

    def __init__(self, gateway: LocalGateway, json: bool) -> None:
        self._gateway = gateway
        self._json = json
        self._reported: str = "finished" if gateway.runner.result is not None else gateway.control().state

    def __call__(self) -> None:
        state = self._gateway.control().state
        if state == self._reported or state not in ("finished", "failed"):
            return
        self._reported = state
        if state == "failed":
            print(f"the engine has stopped: {self._gateway.runner.detail}", file=sys.stderr, flush=True)
            return
        print("the data have ended; the page stays up until Ctrl-C", file=sys.stderr, flush=True)
        if not self._json:
            _show_result(self._gateway)


def _show_result(gateway: LocalGateway) -> None:
    result = gateway.runner.result
    if result is not None:
        print()
        show(decode_report(result))
        sys.stdout.flush()


def _report_stop(gateway: LocalGateway, feed: ReplayFeed, store: Store, number: int, command: list[str]) -> None:
    """Print how to resume. Raises StoppedError before the end of the data, NotReadyError when the engine had failed."""
    if gateway.runner.result is not None:
        return
    if gateway.control().state == "failed":
        raise NotReadyError(f"the engine had stopped: {gateway.runner.detail}")
    print(f"\nstopped after {feed.bars_done:,} of {feed.total_bars:,} bars; ", end="", file=sys.stderr)
    if store.location == IN_MEMORY:
        print(f"nothing was stored, because the store is {IN_MEMORY}", file=sys.stderr)
    else:
        print(f"all are stored. Resume with:\n  {shlex.join(command)}", file=sys.stderr)
    raise StoppedError(number)
