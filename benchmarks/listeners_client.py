"""Many WebSocket clients in one process: some read all frames, the others never read."""

from __future__ import annotations

import selectors
import socket
import sys
from typing import Any

import msgspec

from alpha_pulse.core.clock import elapsed_ns
from benchmarks.client import begin_as_client, wait_for_go

TINY = 4_096
TIMEOUT_S = 30.0


class Reader:
    """A client that reads and counts frames, without decoding them."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.frames = 0
        self.ended = False
        self._rest = b""

    def take(self) -> None:
        """Read the available bytes."""
        content = self.line.recv(1 << 20)
        self.ended = not content
        self._rest += content
        while (size := _frame_size(self._rest)) is not None and len(self._rest) >= size:
            self._rest = self._rest[size:]
            self.frames += 1


def _frame_size(content: bytes) -> int | None:
    """The length in bytes of the first frame in ``content``, with its header; None while the header is incomplete."""
    if len(content) < 2:
        return None
    short = content[1] & 0x7F
    width = {126: 2, 127: 8}.get(short, 0)
    if len(content) < 2 + width:
        return None
    return 2 + width + (int.from_bytes(content[2 : 2 + width], "big") if width else short)


def main() -> None:
    """Print {"frames": mean of the reading clients, "ended": how many of them were closed} as JSON."""
    options = begin_as_client()
    deaf = [_listen(options, TINY) for _ in range(options["deaf"])]
    readers = [Reader(_listen(options, None)) for _ in range(options["readers"])]
    wait_for_go()
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            reader.line.setblocking(False)
            selector.register(reader.line, selectors.EVENT_READ, reader)
        until = elapsed_ns() + round(options["seconds"] * 1e9)
        while (left := until - elapsed_ns()) > 0:
            for key, _ in selector.select(left / 1e9):
                key.data.take()
                if key.data.ended:
                    selector.unregister(key.fileobj)
    frames = sum(reader.frames for reader in readers) / max(len(readers), 1)
    ended = sum(reader.ended for reader in readers)
    sys.stdout.buffer.write(msgspec.json.encode({"frames": frames, "ended": ended}) + b"\n")
    sys.stdout.flush()
    for line in deaf:
        line.close()


def _listen(options: dict[str, Any], buffer: int | None) -> socket.socket:
    """Connect, authenticate, and wait for the response to the handshake."""
    line = socket.socket()
    if buffer is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    line.settimeout(TIMEOUT_S)
    line.connect(("127.0.0.1", options["port"]))
    line.sendall(
        f"GET /api/v1/online-learning/streaming/{options['symbol']} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += line.recv(1)
    content = msgspec.json.encode({"type": "auth", "data": {"token": options["token"]}})
    # A mask of zeros leaves the content unchanged.
    line.sendall(bytes([0x81, 0x80 | len(content), 0, 0, 0, 0]) + content)
    return line


if __name__ == "__main__":
    main()
