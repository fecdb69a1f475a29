"""Sends raw requests, many at a time, and reads what comes back to its end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Iterable

TOGETHER = 24
QUIET_S = 0.08
PATIENCE_S = 30.0
STATUS = re.compile(rb"(?:^|\n|\})HTTP/1\.[01] (\d{3}) ")


def statuses(port: int, requests: Iterable[bytes]) -> Counter[str]:
    """How often each status came, ``none`` for connections that were closed without one; those above 499 with their request."""
    return asyncio.run(_talk(port, requests))


async def _talk(port: int, requests: Iterable[bytes]) -> Counter[str]:
    found: Counter[str] = Counter()
    waiting = iter(requests)

    async def work() -> None:
        for request in waiting:
            answer = await asyncio.wait_for(_one(port, request), PATIENCE_S)
            said = [int(status) for status in STATUS.findall(answer)]
            found.update([str(status) if status < 500 else f"{status} for {request[:2_000]!r}" for status in said] or ["none"])

    await asyncio.gather(*(work() for _ in range(TOGETHER)))
    return found


async def _one(port: int, request: bytes) -> bytes:
    """What one connection answers until it is quiet, or closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
            while True:
                try:
                    # Only a whole request has an answer, and whether it is whole the server alone knows.
                    part = await asyncio.wait_for(reader.read(65_536), QUIET_S if answer else 6 * QUIET_S)
                except TimeoutError:
                    break
                if not part:
                    break
                answer += part
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return bytes(answer)
