"""Requests predictions at a fixed rate, however late responses are; records the time from each due time to the response."""

from __future__ import annotations

import select
import socket
import sys
from collections import deque
from typing import Any

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from benchmarks.client import begin_as_client, wait_for_go

END = b'"model_version":'
"""Occurs once in each successful response, at its end."""
GRACE_NS = 5_000_000_000


def main() -> None:
    """Print {"latency_us": [...], "sent": n} as JSON."""
    options = begin_as_client()
    lines = [socket.create_connection(("127.0.0.1", options["port"])) for _ in range(options["connections"])]
    for line in lines:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = _request(options)
    _attack(lines, request, 200, options["rate"])
    wait_for_go()
    taken = _attack(lines, request, options["requests"], options["rate"])
    sys.stdout.buffer.write(msgspec.json.encode({"latency_us": taken, "sent": options["requests"]}) + b"\n")


def _request(options: dict[str, Any]) -> bytes:
    body = msgspec.json.encode([round(0.01 * index - 0.1, 6) for index in range(options["features"])])
    head = (
        f"POST /api/v1/online-learning/sessions/{options['session']}/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {options['token']}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _attack(lines: list[socket.socket], request: bytes, requests: int, rate: float) -> list[int]:
    """Microseconds from the due time of each request to its response; requests without a response are left out."""
    waiting: dict[socket.socket, deque[int]] = {line: deque() for line in lines}
    rest = dict.fromkeys(lines, b"")
    taken: list[int] = []
    start, sent, gap = elapsed_ns(), 0, 1e9 / rate
    until = start + round(requests * gap) + GRACE_NS
    while len(taken) < requests and (now := elapsed_ns()) < until:
        while sent < requests and (due := start + round(sent * gap)) <= now:
            line = lines[sent % len(lines)]
            line.sendall(request)
            waiting[line].append(due)
            sent += 1
        pause = (start + sent * gap - elapsed_ns()) / 1e9 if sent < requests else 0.1
        for line in select.select(lines, (), (), max(0.0, pause))[0]:
            content = rest[line] + line.recv(1 << 16)
            answered = content.count(END)
            rest[line] = content[content.rfind(END) + len(END) :] if answered else content
            now = elapsed_ns()
            taken.extend((now - waiting[line].popleft()) // 1_000 for _ in range(answered))
    return taken


if __name__ == "__main__":
    main()
