"""What ``alpha-pulse run`` does: trade on paper at a pace that can be watched, and serve the page that shows and steers it."""

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
from alpha_pulse.api.server import bind, serve
from alpha_pulse.cli.default_store import naming_fresh, open_own_store
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
from alpha_pulse.reporting.data_checks import remarks
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store

ANYWHERE = ("0.0.0.0", "::")
ECHO_S = 1.0
"""Some programs send a signal to a process and then to its group; what comes so soon is still the first one."""


class Serving(msgspec.Struct, frozen=True):
    """How a run is shown: where, at which pace (bars per second, 0: as fast as it goes), and for whom."""

    host: str
    port: int
    speed: float
    json: bool
    own_store: bool
    """Whether the store is the one that belongs to data and configuration, rather than one that was named."""


class Started(msgspec.Struct, frozen=True):
    """What ``--json`` says once the page is up; ``link`` lets one browser in, once."""

    url: str
    link: str
    token_file: str
    store: str
    run_id: str
    process: int


def run(
    config: Config, feed: ReplayFeed, name: str, store_url: str | None, *, fresh: bool, serving: Serving, again: list[str]
) -> None:
    """Start, or go on with, the run of these data and this configuration, and serve it until a signal comes.

    Parameters
    ----------
    name
        Of the data, for people.
    store_url
        As given, or None for the one that belongs to these data and this configuration.
    fresh
        Start from the first bar in a new store, which later starts resume.
    again
        The command line, to say how to go on.

    Raises
    ------
    AlphaPulseError
        With one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM before the end of the data.
    """
    public = serving.host not in (*LOOPBACK, "::1")
    # Before anything that takes time.
    with closing(bind(serving.host, serving.port, public=public)) as bound:
        auth = Auth.open(data_folder() / "token", os.environ)
        if public:
            print(
                f"warning: {serving.host} can be reached from other machines, and the connection is not encrypted: whoever "
                "reads along can steer the run; prefer 127.0.0.1 behind a tunnel",
                file=sys.stderr,
            )
        show_files(feed, remarks(config, feed))
        warm_if_cold(config)
        run_id = new_run_id()
        with closing(_opened(config, feed, store_url, run_id, fresh=fresh)) as store:
            try:
                gateway = _begun(config, feed, store, name, run_id, serving.speed)
            except (StateError, StoreError) as error:
                raise naming_fresh(error) if serving.own_store else error from None
            if store.location != IN_MEMORY and store.identity is not None:
                auth.keep_sessions(_sessions_file(store.identity.run_id))
            try:
                caught = _run(_served(gateway, feed, auth, bound, serving, store))
            except StateError as error:
                # A journal that is damaged further back is found when its history is read.
                raise naming_fresh(error) if serving.own_store else error from None
            _say_how_to_go_on(gateway, feed, store, caught, again)


def _opened(config: Config, feed: ReplayFeed, store_url: str | None, run_id: str, *, fresh: bool) -> Store:
    if store_url is not None:
        return open_store(store_url, config.store)
    return open_own_store(feed, config, run_id, fresh=fresh)


def _sessions_file(run_id: str) -> Path:
    """Where a run's sign-in sessions are kept: beside the token, under a name that any run's name gives."""
    return data_folder() / "sessions" / hashlib.sha256(run_id.encode()).hexdigest()[:16]


def _begun(config: Config, feed: ReplayFeed, store: Store, name: str, run_id: str, speed: float) -> LocalGateway:
    """A gateway to the run as the store has it; its history is read once it is served."""
    system = System(config, feed, store)
    with closing(Phases()) as phases:
        system.begin(
            run_id,
            resume=True,
            on_replay=lambda made, rows: phases.show("replaying the end of the journal", rows, "steps", made),
        )
        for reason in system.skipped_checkpoints:
            phases.close()
            print(f"left out: {reason}", file=sys.stderr)
    gateway = LocalGateway(system, name, bars_per_second=speed)
    gateway.read_back_first()
    return gateway


def _run(served: Coroutine[None, None, int]) -> int:
    """Run on the quickest event loop there is."""
    try:
        from uvloop import new_event_loop as make
    except ImportError:
        return asyncio.run(served)
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(served)


async def _served(
    gateway: LocalGateway, feed: ReplayFeed, auth: Auth, bound: socket.socket, serving: Serving, store: Store
) -> int:
    """Run and serve until a signal comes; its number. Raises what makes the history unreadable."""
    stop = asyncio.Event()
    caught = _catch_signals(stop)
    page = Path(str(api.__file__)).parent / "page"
    if not page.is_dir():
        print("warning: the page is not built, so only the API is served; in a checkout, make page builds it", file=sys.stderr)
    app = create_app(gateway, auth, static=page if page.is_dir() else None, hosts=_names(serving.host))
    work: asyncio.Task[None] | None = None

    def up(url: str) -> None:
        nonlocal work
        _announce(gateway, feed, auth, url, serving, store)
        gateway.listen(_EndTeller(gateway, serving.json))
        work = asyncio.create_task(gateway.runner.run())
        work.add_done_callback(lambda _: stop.set())

    try:
        await serve(app, bound, on_up=up, stop=stop)
    finally:
        if work is not None:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        gateway.runner.stop()
    return caught[0] if caught else signal.SIGTERM


def _catch_signals(stop: asyncio.Event) -> list[int]:
    """The signals that ask for the end; a second one, when it is not the first one's echo, ends the process at once."""
    caught: list[int] = []
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def lose_patience() -> None:
        for each in numbers:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    def handle(number: int) -> None:
        if not caught:
            stop.set()
            loop.call_later(ECHO_S, lose_patience)
        caught.append(number)

    for number in numbers:
        loop.add_signal_handler(number, handle, number)
    return caught


def _names(host: str) -> list[str]:
    """What a request may call this server: by loopback's names, the host that was given, and with a wildcard this machine's."""
    given = [f"[{host}]" if ":" in host else host]
    if host in ANYWHERE:
        name = socket.gethostname()
        with contextlib.suppress(OSError):
            given += [str(address[4][0]) for address in socket.getaddrinfo(name, None, socket.AF_INET)]
        given += [name, socket.getfqdn()]
    return [*dict.fromkeys([*LOOPBACK, *given])]


def _announce(gateway: LocalGateway, feed: ReplayFeed, auth: Auth, url: str, serving: Serving, store: Store) -> None:
    assert store.identity is not None
    link = f"{url}/#ticket={auth.ticket()}"
    if serving.json:
        started = Started(url, link, auth.where, store.location, store.identity.run_id, os.getpid())
        print(msgspec.json.encode(started).decode(), flush=True)
        return
    finished = gateway.runner.result is not None
    at = f"goes on after {feed.bars_done:,} of {feed.total_bars:,} bars" if feed.bars_done else f"{feed.total_bars:,} bars"
    pace = f"{serving.speed:g} bars a second" if serving.speed else "as fast as it goes"
    if finished:
        at, pace = (
            f"all {feed.total_bars:,} bars are done",
            "start anew with " + ("--fresh" if serving.own_store else "another --store"),
        )
    print(f"{', '.join(feed.symbols)} on paper: {at}, {pace}")
    print(f"store {store.location}")
    print(f"open this link, which lets one browser in within two minutes:\n\n  {link}\n")
    print(f"later, sign in with the token in {auth.where}; stop with Ctrl-C", flush=True)
    if finished:
        _show_result(gateway)


class _EndTeller:
    """Says once that the data have ended, or that the engine has failed."""

    def __init__(self, gateway: LocalGateway, json: bool) -> None:
        self._gateway = gateway
        self._json = json
        self._told: str = "finished" if gateway.runner.result is not None else gateway.control().state

    def __call__(self) -> None:
        state = self._gateway.control().state
        if state == self._told or state not in ("finished", "failed"):
            return
        self._told = state
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


def _say_how_to_go_on(gateway: LocalGateway, feed: ReplayFeed, store: Store, number: int, again: list[str]) -> None:
    """Tell what is kept. Raises StoppedError before the end of the data, NotReadyError when the engine had failed."""
    if gateway.runner.result is not None:
        return
    if gateway.control().state == "failed":
        raise NotReadyError(f"the engine had stopped: {gateway.runner.detail}")
    print(f"\nstopped after {feed.bars_done:,} of {feed.total_bars:,} bars; ", end="", file=sys.stderr)
    if store.location == IN_MEMORY:
        print(f"nothing was kept, since the store is {IN_MEMORY}", file=sys.stderr)
    else:
        print(f"all of them are kept. Go on with:\n  {shlex.join(again)}", file=sys.stderr)
    raise StoppedError(number)
