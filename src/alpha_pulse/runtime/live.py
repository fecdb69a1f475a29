"""Run a system on the event loop at a chosen speed: at most a millisecond of work per turn of the loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections import deque
from collections.abc import Callable, Iterator

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, ConflictError, NoSpaceError, NotReadyError
from alpha_pulse.engine.system import System
from alpha_pulse.gateway.messages import Control, State
from alpha_pulse.learning.commands import Command
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.runtime.full_disk import Delays, waiting, write_held
from alpha_pulse.runtime.pace import next_slices
from alpha_pulse.runtime.training.beside import TrainingBeside

BUDGET_NS = 1_000_000
"""Time budget of a turn of the event loop. A single step that takes longer is not divided."""
TICK_S = 0.02
"""The longest sleep while steps are not durable yet."""
MOST_SLICES = 32
"""Slices of a block at full speed, at most."""
LATE_NS = 1_000_000_000
"""A run that is later than this does not catch up."""
CHECKPOINT_NS = 60_000_000_000
"""Time between two checkpoints, in addition to those after a number of steps."""
MEASURED_NS = 5_000_000_000
SAMPLE_NS = 100_000_000
SLOWEST = 0.001
FASTEST = 1e9
RARELY = (50_000, 50, 100)
"""Thresholds of the garbage collector while a run is served."""

log = logging.getLogger("alpha_pulse.runtime")


class Runner:
    """Runs a system until its feed ends, then creates the result and waits.

    A failure of the engine is stored as a sentence; committed steps can still be read. While the disk is full the state is
    ``waiting``: nothing is processed, and writing is tried again until it succeeds. All methods belong to one event loop.

    Parameters
    ----------
    system
        A system after `System.begin`.
    count_bars
        Returns the number of bars processed so far.
    bars_per_second
        The speed; 0: as fast as possible.
    paused
        Start paused.

    Attributes
    ----------
    state, detail
        The state of the run, and a sentence about it or None.
    result
        The final report as JSON once the run is finished.
    training
        The training of batch models beside the run.
    """

    def __init__(
        self, system: System, count_bars: Callable[[], int], *, bars_per_second: float = 0.0, paused: bool = False
    ) -> None:
        self._system = system
        self._store = system.store
        self.training = TrainingBeside(system)
        self.state: State = "paused" if paused else "running"
        self.detail: str | None = None
        self.result: bytes | None = system.store.result()
        self._report: bytes | None = None
        """The result before it is stored."""
        self.bars_per_second = 0.0
        self._due_ns = 0
        self._slices = 1
        """Of a block at full speed: as many as fit into the budget."""
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
        self._delays = Delays()
        self._retry_s = 0.0
        self._set_pace(bars_per_second)

    def run_first(self, work: Iterator[object], detail: str) -> None:
        """Make `run` consume ``work`` in turns before the first step. Until it is done the state is ``warming``."""
        self._first, self._state_after = work, self.state
        self.state, self.detail = "warming", detail
        self._started.clear()

    async def ready(self) -> None:
        """Return when the work of `run_first` is done, or has failed."""
        await self._started.wait()

    # State and listeners.

    def control(self) -> Control:
        """The state, the speed and the newest step."""
        return Control(self.state, self.bars_per_second, self._store.head[0])

    @property
    def measured_bars_per_second(self) -> float | None:
        """Bars per second over the last seconds; None while no bars are processed."""
        if self.state != "running" or len(self._samples) < 2:
            return None
        (first_ns, first), (last_ns, last) = self._samples[0], self._samples[-1]
        return (last - first) * SECOND_NS / (last_ns - first_ns)

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """See `alpha_pulse.gateway.protocol.Gateway.listen`."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                # A failing listener must not end the run.
                log.exception("a listener failed and was removed")
                self._listeners.remove(listener)

    # Control.

    def pause(self) -> Control:
        """Stop between two steps."""
        return self._steer("paused", "paused")

    def resume(self) -> Control:
        """Continue."""
        self._samples.clear()
        self._due_ns = elapsed_ns()
        return self._steer("running", "resumed")

    def _steer(self, state: State, done: str) -> Control:
        if self.state == "warming" and self.result is None:
            # It takes effect when the run has started.
            self._state_after = state
            return self.control()
        self._refuse_at_the_end(f"cannot be {done}")
        if self.state == "waiting":
            self._state_after = state
            return self.control()
        return self._become(state)

    def set_speed(self, bars_per_second: float) -> Control:
        """Set the speed in bars per second."""
        self._set_pace(bars_per_second)
        self._samples.clear()
        return self._become(self.state)

    def _set_pace(self, bars_per_second: float) -> None:
        if not (bars_per_second == 0.0 or SLOWEST <= bars_per_second <= FASTEST):
            raise ConfigError(
                f"bars_per_second is {bars_per_second!r}, but 0 (as fast as possible) or a number from {SLOWEST:g} to "
                f"{FASTEST:g} is needed; pause the run to stop it"
            )
        self.bars_per_second = float(bars_per_second)
        self._due_ns = elapsed_ns()

    async def step(self, steps: int) -> Control:
        """Run some steps of a paused run."""
        self._refuse_at_the_end("cannot be stepped")
        if self.state != "paused":
            raise ConflictError("the run is not paused; pause it first, then step")
        async with self._stepping:
            while steps and self.state == "paused" and not self._ending:
                until = elapsed_ns() + BUDGET_NS
                while steps and not self.training.late(1) and self._advance(1):
                    steps -= 1
                    if elapsed_ns() >= until:
                        break
                self._notify()
                await (self._rest(TICK_S) if self.training.waiting else asyncio.sleep(0))
            if self._ending and self.state == "paused":
                await self._finish()
        if self.state == "paused":
            await self.durable()
        return self.control()

    async def command(self, command: Command) -> None:
        """Execute a checked command; return when it is durable in the journal."""
        self.carry_out(command)
        await self.durable()

    def carry_out(self, command: Command) -> None:
        """Execute a checked command; acknowledge it only after `durable`. Raises NoSpaceError when the disk is full."""
        self.check_accepts_commands()
        try:
            self._system.command([command])
        except Exception as error:
            raise self._fail(error) from error
        self._notify()

    async def durable(self) -> None:
        """Return when every step so far is on the disk. Raises NoSpaceError when it is full, StoreError when a write fails."""
        seq = self._store.head[0]
        try:
            while (commit := self._store.ensure_durable(seq)) is not None:
                # The next call of ensure_durable reports a failure, with its message.
                with contextlib.suppress(Exception):
                    await asyncio.wrap_future(commit)
        except Exception as error:
            raise self._fail(error) from error

    def check_accepts_commands(self) -> None:
        """Raises NotReadyError when the engine has failed, NoSpaceError while the disk is full, ConflictError when the run is
        starting or finished.
        """
        if self.state == "failed":
            raise NotReadyError(f"the engine has stopped: {self.detail}")
        if self.state == "waiting":
            raise NoSpaceError(f"{self.detail}; the request had no effect: send it again then")
        self._refuse_at_the_end("accepts no commands")

    def _refuse_at_the_end(self, refusal: str) -> None:
        if self.state == "warming":
            raise ConflictError(f"the run is starting and {refusal} yet ({self.detail}); try again in a moment")
        if self.state == "failed":
            raise ConflictError(f"the run has failed and {refusal}: {self.detail}")
        if self._ending:
            raise ConflictError(f"the run has finished and {refusal}; start another one")

    def _become(self, state: State) -> Control:
        self.state = state
        self._wake.set()
        self._notify()
        return self.control()

    # The loop.

    async def run(self) -> None:
        """Run until cancelled, also after a failure of the engine. Raises the errors of the work of `run_first`."""
        with _rare_collections():
            await self._run_first()
            while True:
                if self.state == "waiting":
                    await self._rest(self._retry_s)
                    await self._try_again()
                elif self.state != "running":
                    await self._rest(None)
                elif (ahead := self._due_ns - elapsed_ns()) > 0 and self.bars_per_second:
                    await self._rest(ahead / SECOND_NS)
                else:
                    self._run_for_budget()
                    self._checkpoint_in_time()
                    if self._ending and self.state == "running":
                        await self._finish()
                    await (self._rest(TICK_S) if self.training.waiting else asyncio.sleep(0))

    async def _run_first(self) -> None:
        work, self._first = self._first, None
        try:
            while work is not None:
                until = elapsed_ns() + BUDGET_NS
                if all(elapsed_ns() < until for _ in work):
                    self.detail, self._due_ns = None, elapsed_ns()
                    self._become(self._state_after)
                    break
                await asyncio.sleep(0)
        finally:
            self._started.set()

    def _run_for_budget(self) -> None:
        now = elapsed_ns()
        until = now + BUDGET_NS
        if now - self._due_ns > LATE_NS:
            self._due_ns = now
        while not self.training.late(slices := 1 if self.bars_per_second else self._slices) and self._advance(slices):
            began, now = now, elapsed_ns()
            self._slices = next_slices(self._slices, now - began, BUDGET_NS, MOST_SLICES)
            if now >= until or (self.bars_per_second and self._due_ns > now):
                break
        self._sample(now)
        self._notify()

    def _advance(self, slices: int) -> bool:
        """Run some steps; False at the end of the feed, and when a step failed."""
        before = self._system.feed.position
        try:
            bars = self._count_bars()
            self.training.before(slices)
            if self._system.advance(slices) < slices:
                self._ending = True
                return False
        except Exception as error:
            self._fail(error, f"step {before}")
            return False
        self._delays.after_success()
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
        """Wait at most ``seconds`` for a change, and write steps that are not durable yet."""
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

    async def _try_again(self) -> None:
        """Write what found no space; then go on where the run has stopped."""
        try:
            self._write_held()
        except Exception as error:
            self._fail(error)
            return
        if self._ending:
            await self._finish()

    def _write_held(self) -> None:
        """Write what is not on the disk, and leave the state ``waiting``. Raises StoreError when that fails."""
        write_held(self._system)
        if self.state == "waiting":
            self.detail, self._due_ns = None, elapsed_ns()
            self._samples.clear()
            self._become(self._state_after)

    async def _finish(self) -> None:
        """Create the result in a thread: the state is final, and it takes a second or more."""
        self.detail = "the data have ended; the result is being computed"
        self._notify()
        try:
            await self.durable()
            self._system.checkpoint_if_useful()
            if self._report is None:
                self._report = encode_report(await asyncio.to_thread(make_report, self._system))
            self._store.finish(self._report)
        except Exception as error:
            self._fail(error)
            return
        self.result, self.detail = self._report, None
        self._become("finished")

    def _checkpoint_in_time(self) -> None:
        """Take a checkpoint once a minute, so that a restart after a slow run replays few steps."""
        now = elapsed_ns()
        if now - self._checkpointed_ns < CHECKPOINT_NS or self.state != "running":
            return
        self._checkpointed_ns = now
        try:
            self._system.checkpoint_if_useful()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception, source: str = "the engine") -> AlphaPulseError:
        """Enter the state ``failed``, or ``waiting`` when the disk is full, and return the error for the caller."""
        if isinstance(error, NoSpaceError):
            return self._wait_for_space(error)
        if isinstance(error, AlphaPulseError):
            failure = error
        else:
            log.error("an error in %s", source, exc_info=error)
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            failure = NotReadyError(
                f"{source} failed because of an error in AlphaPulse ({reason}); committed steps can be read, and a restart "
                "resumes after them"
            )
        if self.state != "failed":
            self.detail = str(failure)
            self._become("failed")
        return failure

    def _wait_for_space(self, error: NoSpaceError) -> NoSpaceError:
        """Enter the state ``waiting``, and return the error for a caller whose request is not durable."""
        self._retry_s = self._delays.after_failure()
        if self.state in ("running", "paused"):
            self._state_after = self.state
        if self.state != "failed":
            self.detail = waiting(error)
            self._become("waiting")
        return NoSpaceError(f"{error}; the request takes effect once there is space: send it again then")

    def stop(self) -> None:
        """Make all steps durable, after `run` was cancelled; on a full disk, the state is ``waiting`` afterwards.

        Raises StoreError when a write fails.
        """
        self.training.close()
        if self.state == "failed":
            return
        try:
            self._write_held()
            if self.result is None:
                self._system.checkpoint_if_useful()
        except NoSpaceError as error:
            self._wait_for_space(error)


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage rarely: a full collection takes 0.1 s and more, while requests wait, and steps create no cycles."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
