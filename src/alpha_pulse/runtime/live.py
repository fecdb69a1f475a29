"""Paces a system on the event loop: stretches of at most a millisecond, then whoever else waits gets their turn."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections import deque
from collections.abc import Callable, Iterator

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, ConflictError, NotReadyError
from alpha_pulse.engine.system import System
from alpha_pulse.learning.commands import Command
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.runtime.messages import Control, State

STRETCH_NS = 1_000_000
"""Work between two turns of the event loop. A single step that takes longer, such as a training, cannot be divided."""
TICK_S = 0.02
"""The longest sleep while rows may wait for the disk."""
LATE_NS = 1_000_000_000
"""Further behind its pace than this, a run does not try to catch up."""
CHECKPOINT_NS = 60_000_000_000
"""Time between checkpoints that no number of steps asked for."""
MEASURED_NS = 5_000_000_000
SAMPLE_NS = 100_000_000
SLOWEST = 0.001
FASTEST = 1e9
RARELY = (50_000, 50, 100)
"""Thresholds of the garbage collector while a run is served."""

log = logging.getLogger("alpha_pulse.runtime")


class Runner:
    """Runs a system that has begun, until its feed ends; then makes the result and rests.

    A failure of the engine is kept as a sentence, and everything that was committed can still be read. All methods belong to
    one event loop.

    Parameters
    ----------
    system
        After `System.begin`.
    count_bars
        Says how many bars were taken in so far.
    bars_per_second
        The pace; 0 is as fast as it goes.
    paused
        Begin with a pause.

    Attributes
    ----------
    state, detail
        How the run stands, and a sentence on it.
    result
        The final report as JSON once the run is finished.
    """

    def __init__(
        self, system: System, count_bars: Callable[[], int], *, bars_per_second: float = 0.0, paused: bool = False
    ) -> None:
        self._system = system
        self._store = system.store
        self.state: State = "paused" if paused else "running"
        self.detail: str | None = None
        self.result: bytes | None = system.store.result()
        self.bars_per_second = 0.0
        self._due_ns = 0
        self._ending = self.result is not None
        self._safe = -1
        self._checkpointed_ns = elapsed_ns()
        self._reached_ns = 0
        self._wake = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._listeners: list[Callable[[], object]] = []
        self._count_bars = count_bars
        self._samples: deque[tuple[int, int]] = deque()
        self._first: Iterator[object] | None = None
        self._started = asyncio.Event()
        self._started.set()
        if self.result is not None:
            self.state = "finished"
        self._state_after: State = self.state
        self._set_pace(bars_per_second)

    def do_first(self, work: Iterator[object], what: str) -> None:
        """Have `run` do some work before anything else, in stretches too; until it is done the state is ``warming``."""
        self._first, self._state_after = work, self.state
        self.state, self.detail = "warming", what
        self._started.clear()

    async def ready(self) -> None:
        """Return when the work of `do_first` is done, or has failed."""
        await self._started.wait()

    # Asking and telling.

    def control(self) -> Control:
        """How the run stands."""
        return Control(self.state, self.bars_per_second, self._store.head[0])

    @property
    def measured_bars_per_second(self) -> float | None:
        """Over the last seconds; None while nothing moves."""
        if self.state != "running" or len(self._samples) < 2:
            return None
        (first_ns, first), (last_ns, last) = self._samples[0], self._samples[-1]
        return (last - first) * SECOND_NS / (last_ns - first_ns)

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """See `alpha_pulse.runtime.gateway.Gateway.listen`."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                # A run must not end because of someone who watches it.
                log.exception("a listener failed and is told nothing more")
                self._listeners.remove(listener)

    # Steering.

    def pause(self) -> Control:
        """Stop between two steps."""
        return self._steer("paused", "paused")

    def resume(self) -> Control:
        """Go on."""
        self._samples.clear()
        self._due_ns = elapsed_ns()
        return self._steer("running", "resumed")

    def _steer(self, state: State, done: str) -> Control:
        if self.state == "warming" and self.result is None:
            # It holds from when the run has started.
            self._state_after = state
            return self.control()
        self._refuse_at_the_end(done)
        return self._become(state)

    def set_speed(self, bars_per_second: float) -> Control:
        """Change the pace."""
        self._set_pace(bars_per_second)
        self._samples.clear()
        return self._become(self.state)

    def _set_pace(self, bars_per_second: float) -> None:
        if not (bars_per_second == 0.0 or SLOWEST <= bars_per_second <= FASTEST):
            raise ConfigError(
                f"bars_per_second is {bars_per_second!r}, but 0 (as fast as it goes) or a number from {SLOWEST:g} to "
                f"{FASTEST:g} is needed; pause the run to have it stand still"
            )
        self.bars_per_second = float(bars_per_second)
        self._due_ns = elapsed_ns()

    async def step(self, steps: int) -> Control:
        """Make some steps of a run that is paused."""
        self._refuse_at_the_end("stepped")
        if self.state != "paused":
            raise ConflictError("the run is not paused, so it makes its steps by itself; pause it first")
        async with self._stepping:
            while steps and self.state == "paused" and not self._ending:
                until = elapsed_ns() + STRETCH_NS
                while steps and self._one():
                    steps -= 1
                    if elapsed_ns() >= until:
                        break
                self._tell()
                await asyncio.sleep(0)
            if self._ending and self.state == "paused":
                await self._finish()
        if self.state == "paused":
            await self.durable()
        return self.control()

    async def command(self, command: Command) -> None:
        """Carry out a command that was checked; return when the journal holds it durably."""
        self.carry_out(command)
        await self.durable()

    def carry_out(self, command: Command) -> None:
        """Carry out a command that was checked; it is acknowledged only after `durable`."""
        self.refuse_commands()
        try:
            self._system.command([command])
        except Exception as error:
            raise self._fail(error) from error
        self._tell()

    async def durable(self) -> None:
        """Return when every row so far is on the disk. Raises StoreError when it cannot get there."""
        seq = self._store.head[0]
        try:
            while (commit := self._store.ensure_durable(seq)) is not None:
                # Its failure is found again, as a sentence, by the next turn.
                with contextlib.suppress(Exception):
                    await asyncio.wrap_future(commit)
        except Exception as error:
            raise self._fail(error) from error

    def refuse_commands(self) -> None:
        """Raises NotReadyError when the engine has failed, ConflictError when the run is over: no row can follow then."""
        if self.state == "failed":
            raise NotReadyError(f"the engine has stopped: {self.detail}")
        self._refuse_at_the_end("given anything more to learn")

    def _refuse_at_the_end(self, done: str) -> None:
        if self.state == "warming":
            raise ConflictError(f"the run is starting and cannot be {done} yet ({self.detail}); try again in a moment")
        if self.state == "failed":
            raise ConflictError(f"the run has failed and cannot be {done}: {self.detail}")
        if self._ending:
            raise ConflictError(f"the run is finished and cannot be {done}; start another one")

    def _become(self, state: State) -> Control:
        self.state = state
        self._wake.set()
        self._tell()
        return self.control()

    # Working.

    async def run(self) -> None:
        """Work until cancelled; nothing that the engine does ends it. Raises what the work of `do_first` raises."""
        with _rare_collections():
            await self._do_first()
            while True:
                if self.state != "running":
                    await self._rest(None)
                elif (ahead := self._due_ns - elapsed_ns()) > 0 and self.bars_per_second:
                    await self._rest(ahead / SECOND_NS)
                else:
                    self._run_for_budget()
                    self._checkpoint_in_time()
                    if self._ending and self.state == "running":
                        await self._finish()
                    await asyncio.sleep(0)

    async def _do_first(self) -> None:
        work, self._first = self._first, None
        try:
            while work is not None:
                until = elapsed_ns() + STRETCH_NS
                if all(elapsed_ns() < until for _ in work):
                    self.detail, self._due_ns = None, elapsed_ns()
                    self._become(self._state_after)
                    break
                await asyncio.sleep(0)
        finally:
            self._started.set()

    def _run_for_budget(self) -> None:
        now = elapsed_ns()
        until = now + STRETCH_NS
        if now - self._due_ns > LATE_NS:
            self._due_ns = now
        while self._one():
            now = elapsed_ns()
            if now >= until or (self.bars_per_second and self._due_ns > now):
                break
        self._sample(now)
        self._tell()

    def _one(self) -> bool:
        """Make one step; False at the end, or when it failed."""
        before = self._system.feed.position
        try:
            bars = self._count_bars()
            if not self._system.step():
                self._ending = True
                return False
        except Exception as error:
            self._fail(error, f"step {before}")
            return False
        if self.bars_per_second:
            self._due_ns += round((self._count_bars() - bars) * SECOND_NS / self.bars_per_second)
        return True

    def _sample(self, now: int) -> None:
        samples = self._samples
        if not samples or now - samples[-1][0] >= SAMPLE_NS:
            samples.append((now, self._count_bars()))
            while now - samples[0][0] > MEASURED_NS and len(samples) > 2:
                samples.popleft()

    async def _rest(self, seconds: float | None) -> None:
        """Wait, at most ``seconds``, until something changes; rows that wait for the disk are not left waiting."""
        self._wake.clear()
        seq = self._store.head[0]
        if seq != self._safe and self.state in ("running", "paused"):
            self._bring_to_disk(seq)
            seconds = TICK_S if seconds is None else min(TICK_S, seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _bring_to_disk(self, seq: int) -> None:
        now = elapsed_ns()
        if now - self._reached_ns < TICK_S * SECOND_NS:
            return
        self._reached_ns = now
        try:
            if self._store.ensure_durable(seq) is None:
                self._safe = seq
        except AlphaPulseError as error:
            self._fail(error)

    async def _finish(self) -> None:
        """Make the result, beside the event loop: nothing changes any more, and it takes a second or more."""
        self.detail = "the data have ended; the result is being made"
        self._tell()
        try:
            await self.durable()
            self._system.checkpoint_if_useful()
            report = await asyncio.to_thread(make_report, self._system)
            self.result = encode_report(report)
            self._store.finish(self.result)
        except Exception as error:
            self._fail(error)
            return
        self.detail = None
        self._become("finished")

    def _checkpoint_in_time(self) -> None:
        """Once a minute, so that a start after a slow run, or after a crash of one, replays few rows."""
        now = elapsed_ns()
        if now - self._checkpointed_ns < CHECKPOINT_NS or self.state != "running":
            return
        self._checkpointed_ns = now
        try:
            self._system.checkpoint_if_useful()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception, what: str = "the engine") -> AlphaPulseError:
        """Keep what went wrong; the error to give to whoever asked for it."""
        if isinstance(error, AlphaPulseError):
            found = error
        else:
            log.error("a fault at %s", what, exc_info=error)
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            found = NotReadyError(
                f"{what} failed because of a fault in AlphaPulse ({reason}); what was committed can be read, and a new start "
                "goes on from there"
            )
        if self.state != "failed":
            self.detail = str(found)
            self._become("failed")
        return found

    def stop(self) -> None:
        """Make everything so far durable, after `run` was cancelled. Raises StoreError when that cannot be done."""
        if self.state == "failed":
            return
        self._store.flush()
        if self.result is None:
            self._system.checkpoint_if_useful()


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """A full collection walks everything that lives, for 0.1 s and more, while requests wait; steps leave no cycles behind."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
