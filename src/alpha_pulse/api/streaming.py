"""Makes frames: one producer per symbol, each frame encoded once for all who listen, some 20 a second however fast the loop is.

The loop never waits for a listener. It calls `Hub.wake`, which sets an event; a frame then tells of all rows since the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from alpha_pulse.api.stream_client import Client, Frame, Span, message
from alpha_pulse.runtime.gateway import Control, Gateway

FRAME_SECONDS = 0.05
STEP_SECONDS, NEXT_SECONDS = 0.02, 0.002
"""The longest that a frame, and the sending of it to the next few clients, wait for a step."""
IDLE_SECONDS = 1.0
PING_SECONDS = 15.0
CATCH_UP_FRAMES = 200
TOGETHER = 8
MAX_CLIENTS = 512

log = logging.getLogger("alpha_pulse.api")


class Hub:
    """Everyone who listens, by symbol."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._channels: dict[str, Channel] = {}
        self._unlisten = gateway.listen(self.wake)
        self.frames = 0
        self.dropped = 0
        self._past_gaps = 0

    def wake(self) -> None:
        """There may be something to tell. Returns at once."""
        for channel in self._channels.values():
            channel.woken.set()

    @property
    def clients(self) -> int:
        """How many listen."""
        return sum(len(channel.clients) for channel in self._channels.values())

    @property
    def gaps(self) -> int:
        """How often a client's queue was let go of."""
        return self._past_gaps + sum(client.gaps for channel in self._channels.values() for client in channel.clients)

    @property
    def full(self) -> bool:
        """Whether there is no room for another client."""
        return self.clients >= MAX_CLIENTS

    def join(self, symbol: str, client: Client, task: asyncio.Task[None]) -> int:
        """Add a client, whose ``task`` is cancelled when it is too slow; the row up to which frames have been made before."""
        channel = self._channels.get(symbol)
        if channel is None:
            channel = self._channels[symbol] = Channel(self._gateway, symbol, self)
        channel.clients[client] = task
        return channel.told

    def leave(self, symbol: str, client: Client) -> None:
        """Remove a client; a symbol that nobody listens to costs nothing."""
        channel = self._channels.get(symbol)
        if channel is not None and channel.clients.pop(client, None) is not None:
            self._past_gaps += client.gaps
            if not channel.clients:
                channel.stop()
                del self._channels[symbol]

    def told(self, symbol: str) -> int:
        """The newest row that those who listen to a symbol have been told of, or the newest there is."""
        channel = self._channels.get(symbol)
        return self._gateway.control().seq if channel is None else channel.told

    def close(self) -> None:
        """Stop all producers."""
        self._unlisten()
        for channel in self._channels.values():
            channel.stop()


class Channel:
    """One symbol's producer."""

    def __init__(self, gateway: Gateway, symbol: str, hub: Hub) -> None:
        self._gateway = gateway
        self._symbol = symbol
        self._hub = hub
        self._control = gateway.control()
        self.told = self._control.seq
        self.clients: dict[Client, asyncio.Task[None]] = {}
        self.woken = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"stream of {symbol}")

    def stop(self) -> None:
        """End the producer."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._woken_within(IDLE_SECONDS)
            try:
                await self._tell()
            except Exception:
                # What went wrong with one frame may be over at the next.
                log.exception("a fault in the stream of %s", self._symbol)
            self._drop_the_slow()
            await asyncio.sleep(FRAME_SECONDS)
            if self.woken.is_set():
                await self._after_a_step(STEP_SECONDS)

    async def _after_a_step(self, seconds: float) -> None:
        """Right after a step it is longest until the next: what is done then delays no decision."""
        self.woken.clear()
        await self._woken_within(seconds)
        self.woken.set()

    async def _woken_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        self.woken.clear()

    async def _tell(self) -> None:
        control = self._gateway.control()
        made: list[Frame] = []
        if control.seq > self.told:
            first, self.told = self.told + 1, control.seq
            made += frames(self._gateway, self._symbol, first, control.seq)
        if (control.state, control.bars_per_second) != (self._control.state, self._control.bars_per_second):
            made.append(state_frame("state", control))
        self._control = control
        if made:
            await self._offer(made)
        for client in self.clients:
            if client.quiet_seconds > PING_SECONDS:
                client.offer(Frame(message("ping", control.seq, None), 1, 0))

    async def _offer(self, made: list[Frame]) -> None:
        self._hub.frames += len(made)
        # Who joins meanwhile has been told all of this already.
        for number, client in enumerate(list(self.clients), 1):
            for frame in made:
                client.offer(frame)
            if number % TOGETHER == 0:
                # All of them at once would hold the loop for as long as it takes to send to all.
                await self._after_a_step(NEXT_SECONDS)

    def _drop_the_slow(self) -> None:
        for client, task in list(self.clients.items()):
            if client.too_slow:
                self._hub.dropped += 1
                self._hub.leave(self._symbol, client)
                task.cancel()


def frames(gateway: Gateway, symbol: str, first: int, last: int) -> list[Frame]:
    """What is to be told of the rows ``first`` to ``last``: one step, behind a gap where the oldest are not known any more."""
    made = []
    oldest = gateway.oldest_step
    if first < oldest:
        until = min(oldest - 1, last)
        made.append(Frame(message("gap", until, Span(first, until)), first, until))
        first = until + 1
    if first <= last:
        step = gateway.steps(symbol, first, last)
        if step is not None:
            made.append(Frame(message("step", last, step), first, last))
    return made


def state_frame(kind: str, control: Control) -> Frame:
    """How the run stands, as a frame that tells of no rows."""
    return Frame(message(kind, control.seq, control), 1, 0)
