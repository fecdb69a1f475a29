"""One client of a stream: a short queue of encoded frames, and the handling of a slow client.

The producer of frames never waits for a client. When the queue is full, its content is dropped, and the client receives the
range of steps that it must read by HTTP. A client that stays behind is disconnected.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from alpha_pulse.api.schemas.responses import encode
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS

QUEUE_FRAMES = 16
STUCK_SECONDS = 5.0
BEHIND_SECONDS = 30.0
VERSION = 1


class Frame(msgspec.Struct, frozen=True):
    """An encoded message, and the steps ``first`` to ``last`` that it covers; ``first`` > ``last`` for none."""

    text: str
    first: int
    last: int


class Envelope(msgspec.Struct, frozen=True):
    """The form of every message of the server."""

    type: str
    v: int
    seq: int
    data: object


class Span(msgspec.Struct, frozen=True):
    """Rows that a client must read by HTTP, both included."""

    from_seq: int
    to_seq: int


def message(kind: str, seq: int, data: object) -> str:
    """The text of a message.

    >>> message("gap", 9, Span(3, 9))
    '{"type":"gap","v":1,"seq":9,"data":{"from_seq":3,"to_seq":9}}'
    """
    return encode(Envelope(kind, VERSION, seq, data)).decode()


class Client:
    """Queues frames and sends them as fast as the client reads.

    Parameters
    ----------
    send
        Sends one text; may wait for the client.
    now_ns
        A monotonic clock, in nanoseconds.

    Attributes
    ----------
    gaps
        How often the queue was dropped.
    """

    def __init__(self, send: Callable[[str], Awaitable[None]], now_ns: Callable[[], int] = elapsed_ns) -> None:
        self._send = send
        self._now_ns = now_ns
        self._queue: deque[Frame] = deque()
        self._lost: Span | None = None
        self._wake = asyncio.Event()
        self._sending_since: int | None = None
        self._behind_since: int | None = None
        self._sent_ns = now_ns()
        self.gaps = 0

    def offer(self, frame: Frame) -> None:
        """Queue a frame. When the queue is full, its frames become a gap."""
        if len(self._queue) >= QUEUE_FRAMES:
            self._drop_queue()
        self._queue.append(frame)
        self._wake.set()

    def _drop_queue(self) -> None:
        dropped = [frame for frame in self._queue if frame.first <= frame.last]
        # A frame without steps contains the state of the run; only the newest one matters.
        states = [frame for frame in self._queue if frame.first > frame.last][-1:]
        self._queue.clear()
        self._queue.extend(states)
        if dropped:
            first = dropped[0].first if self._lost is None else self._lost.from_seq
            self._lost = Span(first, dropped[-1].last)
            self.gaps += 1
        if self._behind_since is None:
            self._behind_since = self._now_ns()

    @property
    def too_slow(self) -> bool:
        """Whether a send is stuck, or the client has been behind for too long."""
        now = self._now_ns()
        stuck, behind = self._sending_since, self._behind_since
        return (stuck is not None and now - stuck > STUCK_SECONDS * SECOND_NS) or (
            behind is not None and now - behind > BEHIND_SECONDS * SECOND_NS
        )

    @property
    def quiet_seconds(self) -> float:
        """Seconds since the last sent message."""
        return (self._now_ns() - self._sent_ns) / SECOND_NS

    async def pump(self) -> None:
        """Send queued frames until cancelled. Raises the errors of ``send``."""
        while True:
            await self._wake.wait()
            while (text := self._next()) is not None:
                self._sending_since = self._now_ns()
                await self._send(text)
                self._sending_since = None
                self._sent_ns = self._now_ns()
            self._wake.clear()
            self._behind_since = None

    def _next(self) -> str | None:
        lost = self._lost
        if lost is not None:
            self._lost = None
            return message("gap", lost.to_seq, lost)
        return self._queue.popleft().text if self._queue else None
