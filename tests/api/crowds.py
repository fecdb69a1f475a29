"""Many connections at once that want nothing, each in another way; and what a process may open."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator

UPGRADE = (
    "GET /api/v1/online-learning/streaming/SYN HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BEGINNINGS = (
    "",
    "GET /health HTT",
    "GET /api/v1/system HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthoriz",
    "POST /api/v1/auth/exchange HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
    "POST /api/v1/auth/exchange HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    UPGRADE,
)
"""Silent, half a line, half a header, half a body, half a chunk, idle after an answer, a stream that names no token."""


@contextlib.contextmanager
def crowd(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many open connections, of all kinds in turn."""
    lines: list[socket.socket] = []
    try:
        for number in range(count):
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            lines.append(line)
            # Of the older ones the server has closed some, so that sending may fail.
            with contextlib.suppress(OSError):
                line.sendall(BEGINNINGS[number % len(BEGINNINGS)].encode())
        yield lines
    finally:
        for line in lines:
            line.close()


def may_open(files: int) -> bool:
    """Whether this process may open so many files, once it has asked for them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= files:
        return True
    if hard < files:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return True


def still_open(lines: list[socket.socket]) -> int:
    """How many the server has not closed."""
    found = 0
    for line in lines:
        line.setblocking(False)
        try:
            while line.recv(65_536):
                pass
        except BlockingIOError:
            found += 1
        except OSError:
            pass
    return found
