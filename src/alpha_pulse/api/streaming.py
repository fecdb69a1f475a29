"""Produces frames for streams: one producer per symbol, each frame encoded once for all clients, at most 20 per second.

The engine never waits for a client. It calls `Hub.wake`, which sets an event; the next frame covers all steps since the
previous one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from alpha_pulse.api.stream_client import Client, Frame, Span, message
from alpha_pulse.gateway.protocol import Control, Gateway

FRAME_SECONDS = 0.05
STEP_SECONDS, NEXT_SECONDS = 0.02, 0.002
"""Maximum time to wait for the end of a step: before a frame is made, and before it is sent to the next few clients."""
IDLE_SECONDS = 1.0
PING_SECONDS = 15.0
CATCH_UP_FRAMES = 200
TURN_CLIENTS = 8
MAX_CLIENTS = 512

log = logging.getLogger("alpha_pulse.api")


class Hub:
    """All clients, by symbol."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._channels: dict[str, Channel] = {}
        self._unlisten = gateway.listen(self.wake)
        self.frames = 0
        self.dropped = 0
        self._past_gaps = 0

    def wake(self) -> None:
        """Notify the producers of possible news. Returns at once."""
        for channel in self._channels.values():
            channel.woken.set()

    @property
    def clients(self) -> int:
        """The number of clients."""
        return sum(len(channel.clients) for channel in self._channels.values())

    @property
    def gaps(self) -> int:
        """The number of dropped client queues."""
        return self._past_gaps + sum(client.gaps for channel in self._channels.values() for client in channel.clients)

    @property
    def full(self) -> bool:
        """Whether the maximum number of clients is reached."""
        return self.clients >= MAX_CLIENTS

    def join(self, symbol: str, client: Client, task: asyncio.Task[None]) -> int:
        """Add a client, whose ``task`` is cancelled when it is too slow. Returns the newest step sent before."""
        channel = self._channels.get(symbol)
        if channel is None:
            channel = self._channels[symbol] = Channel(self._gateway, symbol, self)
        channel.clients[client] = task
        return channel.newest_sent

    def leave(self, symbol: str, client: Client) -> None:
        """Remove a client; the producer of a symbol without clients stops."""
        channel = self._channels.get(symbol)
        if channel is not None and channel.clients.pop(client, None) is not None:
            self._past_gaps += client.gaps
            if not channel.clients:
                channel.stop()
                del self._channels[symbol]

    def newest_sent(self, symbol: str) -> int:
        """The newest step sent to the clients of a symbol; without clients, the newest step."""
        channel = self._channels.get(symbol)
        return self._gateway.control().seq if channel is None else channel.newest_sent

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
        self.newest_sent = self._control.seq
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
                await self._send_news()
            except Exception:
                # The next frame may succeed.
                log.exception("an error in the stream of %s", self._symbol)
            self._drop_the_slow()
            await asyncio.sleep(FRAME_SECONDS)
            if self.woken.is_set():
                await self._after_a_step(STEP_SECONDS)

    async def _after_a_step(self, seconds: float) -> None:
        """Wait for a step: work right after it delays no decision."""
        self.woken.clear()
        await self._woken_within(seconds)
        self.woken.set()

    async def _woken_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        self.woken.clear()

    async def _send_news(self) -> None:
        control = self._gateway.control()
        new_frames: list[Frame] = []
        if control.seq > self.newest_sent:
            first, self.newest_sent = self.newest_sent + 1, control.seq
            new_frames += frames(self._gateway, self._symbol, first, control.seq)
        if (control.state, control.bars_per_second) != (self._control.state, self._control.bars_per_second):
            new_frames.append(state_frame("state", control))
        self._control = control
        if new_frames:
            await self._offer(new_frames)
        for client in self.clients:
            if client.quiet_seconds > PING_SECONDS:
                client.offer(Frame(message("ping", control.seq, None), 1, 0))

    async def _offer(self, new_frames: list[Frame]) -> None:
        self._hub.frames += len(new_frames)
        # A client that joins meanwhile has received these steps already.
        for number, client in enumerate(list(self.clients), 1):
            for frame in new_frames:
                client.offer(frame)
            if number % TURN_CLIENTS == 0:
                # Sending to all clients at once would block the event loop.
                await self._after_a_step(NEXT_SECONDS)

    def _drop_the_slow(self) -> None:
        for client, task in list(self.clients.items()):
            if client.too_slow:
                self._hub.dropped += 1
                self._hub.leave(self._symbol, client)
                task.cancel()


def frames(gateway: Gateway, symbol: str, first: int, last: int) -> list[Frame]:
    """The frames for the steps ``first`` to ``last``: one message, after a gap if the oldest are no longer stored."""
    new_frames = []
    oldest = gateway.oldest_step
    if first < oldest:
        until = min(oldest - 1, last)
        new_frames.append(Frame(message("gap", until, Span(first, until)), first, until))
        first = until + 1
    if first <= last:
        step = gateway.steps(symbol, first, last)
        if step is not None:
            new_frames.append(Frame(message("step", last, step), first, last))
    return new_frames


def state_frame(kind: str, control: Control) -> Frame:
    """The state of the run, as a frame without steps."""
    return Frame(message(kind, control.seq, control), 1, 0)
