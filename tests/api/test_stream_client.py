"""One listener's queue, with a clock and a line that the test holds."""

from __future__ import annotations

import asyncio

import msgspec

from alpha_pulse.api.stream_client import BEHIND_SECONDS, QUEUE_FRAMES, STUCK_SECONDS, Client, Frame

SECOND_NS = 1_000_000_000


class Line:
    """Takes texts while it is free, and tells the time."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.ns = 0

    async def send(self, text: str) -> None:
        await self.free.wait()
        self.texts.append(text)

    def now_ns(self) -> int:
        return self.ns


def row(seq: int) -> Frame:
    return Frame(f"row {seq}", seq, seq)


def started() -> tuple[Line, Client, asyncio.Task[None]]:
    line = Line()
    client = Client(line.send, line.now_ns)
    return line, client, asyncio.create_task(client.pump())


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_frames_arrive_in_order() -> None:
    async def story() -> list[str]:
        line, client, pump = started()
        for seq in range(3 * QUEUE_FRAMES):
            client.offer(row(seq))
            await settle()
        pump.cancel()
        return line.texts

    assert asyncio.run(story()) == [f"row {seq}" for seq in range(3 * QUEUE_FRAMES)]


def test_one_that_does_not_read_loses_frames_and_is_told_which() -> None:
    async def story() -> tuple[list[str], int]:
        line, client, pump = started()
        line.free.clear()
        for seq in range(100):
            client.offer(row(seq))
            await settle()
        assert not client.too_slow
        line.free.set()
        await settle()
        await asyncio.sleep(0.01)
        pump.cancel()
        return line.texts, client.gaps

    texts, gaps = asyncio.run(story())
    assert texts[0] == "row 0"  # it was under way already
    gap = msgspec.json.decode(texts[1])
    assert gap["type"] == "gap"
    first, last = gap["data"]["from_seq"], gap["data"]["to_seq"]
    assert first == 1
    assert texts[2:] == [f"row {seq}" for seq in range(last + 1, 100)]
    assert len(texts) <= QUEUE_FRAMES + 2
    assert gaps > 1  # joined into one


def test_a_change_of_the_runs_state_is_not_lost() -> None:
    async def story() -> list[str]:
        line, client, pump = started()
        line.free.clear()
        client.offer(row(0))
        await settle()
        client.offer(Frame("running", 1, 0))
        client.offer(Frame("paused", 1, 0))
        for seq in range(1, 40):
            client.offer(row(seq))
        line.free.set()
        await asyncio.sleep(0.01)
        pump.cancel()
        return line.texts

    texts = asyncio.run(story())
    assert "paused" in texts
    assert "running" not in texts


def test_when_it_is_too_slow() -> None:
    async def story() -> None:
        line, client, pump = started()
        line.free.clear()
        client.offer(row(0))
        await settle()
        line.ns = int(STUCK_SECONDS * SECOND_NS)
        assert not client.too_slow
        line.ns += 1
        assert client.too_slow
        line.free.set()
        await settle()
        assert not client.too_slow
        # Now each send goes through, but never all of them.
        pump.cancel()
        for seq in range(1, QUEUE_FRAMES + 2):
            client.offer(row(seq))
        line.ns += int(BEHIND_SECONDS * SECOND_NS) + 1
        assert client.too_slow

    asyncio.run(story())
