"""One run as it is served: the page from the first second on, and the engine as soon as its kernels are compiled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import cast

import msgspec

from alpha_pulse import api
from alpha_pulse.api.access.tokens import Auth
from alpha_pulse.api.app import create_app
from alpha_pulse.api.request_guard import LOOPBACK
from alpha_pulse.api.server import run_server
from alpha_pulse.cli.default_store import with_fresh_hint
from alpha_pulse.cli.render.report import show
from alpha_pulse.cli.replay import IN_MEMORY, stored_part
from alpha_pulse.cli.results.next_steps import next_steps
from alpha_pulse.cli.terminal.service_manager import report_health
from alpha_pulse.cli.terminal.signals import StoppedError
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NotReadyError, StateError
from alpha_pulse.feeds.notes import some
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import SyntheticFeed
from alpha_pulse.gateway.protocol import Gateway
from alpha_pulse.library.compiling import compiling
from alpha_pulse.library.progress import SPACE_AGAIN
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.runtime.starting_gateway import StartingGateway
from alpha_pulse.runtime.warmup import about_how_many
from alpha_pulse.runtime.warmup_process import warm_up_beside
from alpha_pulse.stores.base import Store

ANYWHERE = ("0.0.0.0", "::")
ECHO_S = 1.0
"""Seconds within which a second signal counts as the first: some programs signal a process and then its group."""


class ServeOptions(msgspec.Struct, frozen=True):
    """Where a run is served, its speed (bars per second; 0: as fast as possible), the form of the start message, and the
    arguments of the command line that name its bars and the file of its settings."""

    host: str
    port: int
    speed: float
    json: bool
    default_store: bool
    """Whether the store is the default one of the data and the configuration, not one given by ``--store``."""
    bars: tuple[str, ...] = ()
    config: str | None = None


class Startup(msgspec.Struct, frozen=True):
    """The JSON that ``--json`` prints when the page is up; ``link`` works once, and signs in one tab."""

    url: str
    link: str
    token_file: str
    store: str
    run_id: str
    pid: int


class ServedRun:
    """Serves a run until a signal arrives.

    Parameters
    ----------
    config, feed, store, run_id
        Of the run.
    auth
        Checks the tokens of requests.
    serving
        Where it is served, and how fast it runs.
    begin
        Makes the engine. Without `begin_engine`, `run` calls it after the kernels have been compiled.
    """

    def __init__(
        self,
        config: Config,
        feed: ReplayFeed,
        store: Store,
        run_id: str,
        auth: Auth,
        serving: ServeOptions,
        begin: Callable[[], LocalGateway],
    ) -> None:
        self._config, self._feed, self._store, self._run_id = config, feed, store, run_id
        self._auth, self._serving, self._begin = auth, serving, begin
        self._engine: LocalGateway | None = None
        self._problem: str | None = None

    def begin_engine(self) -> LocalGateway:
        """Start or resume the run. Raises StateError or StoreError when the store cannot be used."""
        self._engine = self._begin()
        return self._engine

    async def run(self, bound: socket.socket) -> int:
        """Run and serve until a signal arrives, and return its number. Raises StateError when the history cannot be read."""
        stop = asyncio.Event()
        caught = _catch_signals(stop)
        page = Path(str(api.__file__)).parent / "page"
        if not page.is_dir():
            print("warning: the page is not built, so only the API is served; in a checkout, run 'make page'", file=sys.stderr)
        gateway = self._engine or self._starting_gateway()
        # Its other methods are those of the engine.
        served = cast("Gateway", gateway)
        app = create_app(served, self._auth, static=page if page.is_dir() else None, hosts=_names(self._serving.host))
        work: asyncio.Task[None] | None = None
        health: asyncio.Task[None] | None = None

        def up(url: str) -> None:
            nonlocal work, health
            self._announce(url)
            health = asyncio.create_task(report_health(lambda: gateway.control().state != "failed"))
            work = asyncio.create_task(self._work(gateway))
            work.add_done_callback(lambda task: stop.set() if task.cancelled() or task.exception() else None)

        try:
            await run_server(app, bound, on_up=up, stop=stop)
        finally:
            if health is not None:
                health.cancel()
            if work is not None:
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
            if self._engine is not None:
                self._engine.runner.stop()
                self._engine.models.close()
                if self._engine.models.problem is not None:
                    print(f"warning: {self._engine.models.problem}", file=sys.stderr)
        return caught[0] if caught else signal.SIGTERM

    async def _work(self, gateway: LocalGateway | StartingGateway) -> None:
        if isinstance(gateway, StartingGateway):
            try:
                await self._compile(gateway)
            except NotReadyError as error:
                self._problem = str(error)
                print(f"{error}\nthe page stays up until Ctrl-C", file=sys.stderr, flush=True)
                gateway.fail(self._problem)
                return
            gateway.begin(self.begin_engine())
            if not self._serving.json:
                self._announce_bars()
        engine = self._engine
        assert engine is not None
        engine.listen(_StateReporter(engine, self._serving.json, self._next_steps()))
        try:
            await engine.runner.run()
        except StateError as error:
            # Damage in older blocks of the journal is found when its history is read.
            raise with_fresh_hint(error) if self._serving.default_store else error from None

    async def _compile(self, gateway: StartingGateway) -> None:
        with compiling(self._config) as show:

            def count(compiled: int) -> None:
                gateway.count(compiled)
                show(compiled)

            await warm_up_beside(self._config, count)

    def _starting_gateway(self) -> StartingGateway:
        kernels = about_how_many(self._config)
        return StartingGateway(self._feed.symbols, self._serving.speed, self._store.head[0], kernels)

    # What is said.

    def _announce(self, url: str) -> None:
        link = f"{url}/#ticket={self._auth.ticket()}"
        if self._serving.json:
            started = Startup(url, link, self._auth.where, self._store.location, self._run_id, os.getpid())
            print(msgspec.json.encode(started).decode(), flush=True)
            return
        if self._engine is not None:
            self._announce_bars()
        print(f"store {self._store.location}")
        print(f"open this sign-in link within two minutes; it works once, and signs in one tab:\n\n  {link}\n")
        print(f"to sign in later, use the token in {self._auth.where}; stop with Ctrl-C", flush=True)
        if self._engine is None:
            print("the engine is compiled first, once on this machine; the page shows how far it is", flush=True)
        else:
            _show_result(self._engine, self._next_steps())

    def _next_steps(self) -> str:
        """What to do with the run once it is finished; nothing for one in memory."""
        if self._store.location == IN_MEMORY:
            return ""
        serving = self._serving
        return next_steps(self._run_id if serving.default_store else self._store.location, serving.bars, serving.config)

    def _announce_bars(self) -> None:
        feed, serving = self._feed, self._serving
        total = f"{feed.total_bars:,} bars"
        bars = f"resumed after {feed.bars_done:,} of {total}" if feed.bars_done else total
        speed = f"{serving.speed:g} bars per second" if serving.speed else "as fast as possible"
        if self._engine is not None and self._engine.runner.result is not None:
            bars = f"all {total} are done"
            speed = "start a new run with " + ("--fresh" if serving.default_store else "another --store")
        print(f"{', '.join(feed.symbols)} on paper: {bars}, {speed}", flush=True)
        if isinstance(feed, SyntheticFeed) and feed.about is not None:
            changes = some([f"{bar:,}" for bar in feed.change_points])
            print(f"the generator changes this market at bars {changes}; the page shows what follows", flush=True)

    def report_stop(self, number: int, command: list[str]) -> None:
        """Print how to resume. Raises StoppedError before the end of the data, NotReadyError when the engine had failed."""
        engine, store = self._engine, self._store
        again = f"\n  {shlex.join(command)}"
        if self._problem is not None:
            raise NotReadyError(self._problem)
        if engine is None:
            print(
                f"\nstopped while the engine was compiled; what is compiled is kept. Start again with:{again}", file=sys.stderr
            )
            raise StoppedError(number)
        if engine.runner.result is not None:
            return
        if engine.control().state == "failed":
            raise NotReadyError(f"the engine had stopped: {engine.runner.detail}")
        stopped = f"\nstopped after {self._feed.bars_done:,} of {self._feed.total_bars:,} bars"
        all_stored = engine.control().state != "waiting"
        if store.location == IN_MEMORY:
            print(f"{stopped}; nothing was stored, because the store is {IN_MEMORY}", file=sys.stderr)
        else:
            print(f"{stopped}; {stored_part(all_stored)}. Resume with:{again}", file=sys.stderr)
        raise StoppedError(number)


def run_on_loop(served: Coroutine[None, None, int]) -> int:
    """Run on uvloop if it is installed, otherwise on asyncio."""
    try:
        from uvloop import new_event_loop as make
    except ImportError:
        return asyncio.run(served)
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(served)


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


class _StateReporter:
    """Reports once that the disk is full or has space again, that the data have ended, or that the engine has failed."""

    def __init__(self, gateway: LocalGateway, json: bool, next_steps: str) -> None:
        self._gateway = gateway
        self._json = json
        self._next_steps = next_steps
        self._reported: str = "finished" if gateway.runner.result is not None else gateway.control().state

    def __call__(self) -> None:
        state = self._gateway.control().state
        before, self._reported = self._reported, state
        if state == before:
            return
        if state == "waiting":
            print(f"warning: {self._gateway.runner.detail}", file=sys.stderr, flush=True)
        elif before == "waiting" and state != "failed":
            print(SPACE_AGAIN, file=sys.stderr, flush=True)
        if state not in ("finished", "failed"):
            return
        if state == "failed":
            print(f"the engine has stopped: {self._gateway.runner.detail}", file=sys.stderr, flush=True)
            return
        print("the data have ended; the page stays up until Ctrl-C", file=sys.stderr, flush=True)
        if not self._json:
            _show_result(self._gateway, self._next_steps)


def _show_result(gateway: LocalGateway, next_steps: str) -> None:
    result = gateway.runner.result
    if result is not None:
        print()
        show(decode_report(result))
        print(next_steps)
        sys.stdout.flush()
