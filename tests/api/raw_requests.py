"""Requests as no client would send them: bytes drawn from a seed, for every route, with and without the token.

Each is a whole connection's worth: what is sent, byte by byte, before the sender stops speaking.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from api.running import SYMBOL, TOKEN

STREAM = f"/api/v1/online-learning/streaming/{SYMBOL}"
PAGES = ("/", "/index.html", "/favicon.ico", "/assets/app.js", "/assets/../../x", "/nothing", "/api/v1", "*", "")
METHODS = (
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"CONNECT",
    b"get",
    b"G\x00T",
    b"PRI",
    b"BREW",
)
PIECES = (
    b"%ff", b"%00", b"%zz", b"%", b"%2", b"%c3%28", b"%2e%2e%2f", b"%252f",
    b"\xff", b"\xc3\xa9", b"\x00", b"\x7f", b"//", b"/../", b";a=b", b"#x", b"?", b"&", b"%ed%a0%80", b"%f8%88%80%80%80",
    b"\\", b"'", b'"', b"<script>", b"x" * 3_000, b"%0d%0aX-A:b",
)  # fmt: skip
VALUES = (
    b"", b"0", b"-1", b"1", b"10000", b"10001", b"9" * 400, b"1e999", b"NaN", b"Infinity", b"-0", b"0x10", b"1_000", b"%31",
    b"1.5", b"true", b"null", b"[]", b"%ff%fe", b"%00", b"+1", b" 1", b"SYN", b"direction", b"volatility", b"combined",
    b"all", b"\xd9\xa1", b"%D9%A1", b"x" * 5_000,
)  # fmt: skip
NAMES = (b"from_seq", b"limit", b"max_points", b"symbol", b"target", b"book", b"token", b"", b"%ff", b"x" * 300, b"a[b]")
CONTENT_TYPES = (
    b"application/json", b"text/plain", b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x", b"application/json; charset=utf-16", b"\xff\xfe", b"", b"application/xml",
)  # fmt: skip
WORDS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 10**400, -(10**19), 2**63, 2**64, 1e308, -1e308, 5e-324, "", "x", "1", "NaN", "\ud800",
    "\x00", "é" * 300, "x" * 5_000, [], {}, [[]], [None], {"": None}, [1.0] * 2_000, {"a": {"b": {"c": []}}},
)  # fmt: skip
RAW = (
    b"NaN", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"9" * 5_000, b"01", b"1.", b".5", b"+1", b"'a'", b"\xff", b"\xc3",
    b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\u12"', b'"\x01"', b"[" * 20_000, b'{"a":' * 20_000,
    b"\xef\xbb\xbf1", b"//", b'{"a":1,"a":2}', b"nul", b"\x00", b"[1,]", b"1 2",
)  # fmt: skip
ODD_HEADERS = (
    b"Expect: 100-continue", b"Expect: x", b"Connection: close", b"Connection: upgrade", b"Upgrade: h2c",
    b"Upgrade: websocket", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
    b"Content-Length: 1, 1", b"Content-Length: x", b"Range: bytes=0-", b"Host: evil.example", b"Host:",
    b"Host: 127.0.0.1:99999", b"Origin: null", b"Origin: http://\xff", b"Cookie: a=\xff", b"X-\xff: 1", b"X: \x01",
    b" folded: 1", b"X", b": 1", b"X: " + b"y" * 30_000, b"If-None-Match: *", b"Content-Encoding: gzip", b"Accept: \x80",
    b"TE: trailers", b"Authorization: Bearer", b"Authorization: Basic \xff", b"Authorization: Bearer \xff\xfe",
    b"X-Forwarded-For: 1.2.3.4", b"Sec-WebSocket-Key: x", b"If-Modified-Since: never",
)  # fmt: skip
FLOODED = b"".join(b"X-%d: 1\r\n" % number for number in range(300))
OPENINGS = (
    b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\r\n", b"\r\n\r\n\r\n",
    b"\x00" * 200, b"GET / HTTP/9.9\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n",
    b"GET http://127.0.0.1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"\xff" * 300, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 70_000,
)  # fmt: skip


class Drawn:
    """Draws requests.

    Parameters
    ----------
    description
        The server's OpenAPI document: routes, and examples of their bodies.
    seed
        Of everything drawn.
    """

    def __init__(self, description: Mapping[str, Any], seed: int) -> None:
        self._random = random.Random(seed)
        self._routes = list(_routes(description))

    def request(self) -> bytes:
        """One request, or several in a row, on any route."""
        kind = self._random.random()
        if kind < 0.04:
            return self._random.choice(OPENINGS)
        if kind < 0.2:
            return self._stream()
        parts = [self._http() for _ in range(self._random.choice((1, 1, 1, 1, 2)))]
        found = b"".join(parts)
        if self._random.random() < 0.1:
            return self._damaged(found)
        return found

    # HTTP.

    def _http(self) -> bytes:
        route_method, path, example = self._random.choice(self._routes)
        method = route_method if self._random.random() < 0.8 else self._random.choice(METHODS)
        body = self._body(example) if method == b"POST" or self._random.random() < 0.1 else b""
        lines = [b"%b %b HTTP/1.%d" % (method, self._address(path), self._random.random() < 0.97), b"Host: 127.0.0.1"]
        lines += self._credentials()
        if body or method == b"POST":
            lines.append(b"Content-Type: " + self._random.choice(CONTENT_TYPES))
        if self._random.random() < 0.15:
            lines += self._random.choices(ODD_HEADERS, k=self._random.choice((1, 1, 2, 3)))
        head = b"\r\n".join(lines) + b"\r\n"
        if self._random.random() < 0.01:
            head += FLOODED
        if body and self._random.random() < 0.2:
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + self._chunks(body)
        if body or method == b"POST":
            head += b"Content-Length: %d\r\n" % len(body)
        return head + b"\r\n" + body

    def _credentials(self) -> list[bytes]:
        drawn = self._random.random()
        if drawn < 0.7:
            return [b"Authorization: Bearer " + TOKEN.encode()]
        if drawn < 0.95:
            return []
        return [
            self._random.choice((b"Authorization: Bearer wrong", b"Authorization: " + b"Bearer " * 3, b"Authorization: \xff"))
        ]

    def _address(self, path: str) -> bytes:
        found = path.encode()
        for place in (b"{session_id}", b"{symbol}", b"{prediction_id}", b"{fill_id}", b"{target}", b"{n}"):
            while place in found:
                found = found.replace(place, self._random.choice(KNOWN_PLACES.get(place, (b"x",)) + PIECES), 1)
        if self._random.random() < 0.15:
            at = self._random.randrange(len(found) + 1)
            found = found[:at] + self._random.choice(PIECES) + found[at:]
        if self._random.random() < 0.4:
            pairs = [
                self._random.choice(NAMES) + b"=" + self._random.choice(VALUES) for _ in range(self._random.randrange(1, 4))
            ]
            found += b"?" + b"&".join(pairs)
        # A blank would only be another malformed request line, of which there are enough.
        return found.replace(b" ", b"+") or b"/"

    def _chunks(self, body: bytes) -> bytes:
        found, at = b"", 0
        while at < len(body):
            size = self._random.randrange(1, 5_000)
            part = body[at : at + size]
            found += b"%x\r\n%b\r\n" % (len(part), part)
            at += size
        return found + self._random.choice(
            (b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"zz\r\n\r\n", b"-1\r\n", b"ffffffffffffffff\r\nx", b"")
        )

    # Bodies.

    def _body(self, example: Any) -> bytes:
        drawn = self._random.random()
        if drawn < 0.1:
            return self._random.choice(RAW)
        value = example if example is not None else self._random.choice(WORDS)
        if drawn < 0.6:
            value = self._changed(value)
        text = json.dumps(value).encode()
        if drawn > 0.75:
            return self._damaged(text)
        if drawn > 0.7:
            return text.decode().encode(self._random.choice(("utf-16", "utf-32", "utf-8-sig")))
        return text

    def _changed(self, value: Any) -> Any:
        """A value with one part of it exchanged for a word that has no place there."""
        if isinstance(value, dict) and value and self._random.random() < 0.8:
            name = self._random.choice(list(value))
            changed = {**value, name: self._changed(value[name])}
            if self._random.random() < 0.1:
                del changed[name]
            if self._random.random() < 0.1:
                changed[self._random.choice(("", "x", "é", "\ud800"))] = self._random.choice(WORDS)
            return changed
        if isinstance(value, list) and value and self._random.random() < 0.8:
            at = self._random.randrange(len(value))
            return [*value[:at], self._changed(value[at]), *value[at + 1 :]]
        return self._random.choice(WORDS)

    def _damaged(self, text: bytes) -> bytes:
        """Bytes changed, put in, taken out, or the end cut off."""
        found = bytearray(text)
        for _ in range(self._random.choice((1, 1, 2, 5))):
            if not found:
                break
            at = self._random.randrange(len(found))
            drawn = self._random.random()
            if drawn < 0.35:
                found[at] = self._random.randrange(256)
            elif drawn < 0.7:
                found[at:at] = self._random.choice((*RAW[:22], *PIECES[:24]))[:100]
            elif drawn < 0.9:
                del found[at : at + self._random.choice((1, 2, 10))]
            else:
                del found[at:]
        return bytes(found)

    # WebSockets.

    def _stream(self) -> bytes:
        path = STREAM.encode() if self._random.random() < 0.8 else self._address(STREAM)
        lines = [b"GET %b HTTP/1.1" % path, b"Host: 127.0.0.1", b"Upgrade: websocket", b"Connection: Upgrade"]
        lines += [b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13"]
        if self._random.random() < 0.25:
            lines[self._random.randrange(1, len(lines))] = self._random.choice(
                (
                    *ODD_HEADERS,
                    b"Sec-WebSocket-Version: 7",
                    b"Sec-WebSocket-Protocol: \xff",
                    b"Sec-WebSocket-Extensions: permessage-deflate",
                )
            )
        head = b"\r\n".join(lines) + b"\r\n" + (FLOODED if self._random.random() < 0.03 else b"") + b"\r\n"
        return head + b"".join(self._frame() for _ in range(self._random.randrange(1, 4)))

    def _frame(self) -> bytes:
        opcode = self._random.choice((1, 1, 1, 1, 2, 0, 8, 9, 10, 3, 15))
        content = self._random.choice(
            (
                json.dumps({"type": "auth", "data": {"token": TOKEN}}).encode(),
                json.dumps(self._changed({"type": "auth", "data": {"token": TOKEN}, "from_seq": 0})).encode(),
                json.dumps({"type": "auth", "data": {"ticket": "x"}}).encode(),
                self._damaged(b'{"type":"auth","data":{"token":"' + TOKEN.encode() + b'"},"from_seq":1}'),
                self._random.choice(RAW)[:60_000],
                b"",
                struct.pack("!H", self._random.choice((0, 999, 1000, 1005, 1015, 4999, 65535))) + b"\xff",
            )
        )
        first = (0x80 if self._random.random() < 0.85 else 0) | (0x40 if self._random.random() < 0.05 else 0) | opcode
        masked = 0x80 if self._random.random() < 0.95 else 0
        size = len(content) if self._random.random() < 0.95 else self._random.choice((0, 200, 2**31, 2**63))
        if size < 126:
            head = struct.pack("!BB", first, masked | size)
        elif size < 65_536:
            head = struct.pack("!BBH", first, masked | 126, size)
        else:
            head = struct.pack("!BBQ", first, masked | 127, size)
        key = self._random.randbytes(4) if masked else b""
        hidden = bytes(byte ^ key[at % 4] for at, byte in enumerate(content)) if masked else content
        return head + key + hidden


KNOWN_PLACES: dict[bytes, tuple[bytes, ...]] = {
    b"{session_id}": (b"SYN/direction", b"SYN/volatility", b"SYN/trade_quality", b"MINE/liked", b"BTCUSDT/direction") * 5,
    b"{symbol}": (b"SYN",) * 20,
    b"{prediction_id}": (b"SYN/direction/100", b"SYN/volatility/7", b"SYN/direction/-1", b"SYN/direction/" + b"9" * 400) * 4,
    b"{fill_id}": (b"combined/SYN/104/f", b"combined/SYN/x/f", b"/") * 5,
    b"{target}": (b"direction", b"volatility") * 8,
    b"{n}": (b"100", b"0", b"-1", b"9" * 400) * 4,
}


def _routes(description: Mapping[str, Any]) -> Iterator[tuple[bytes, str, Any]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [one["value"] for one in content.get("examples", {}).values()] or [None]
            for example in examples:
                yield method.upper().encode(), path, example
    for path in PAGES:
        yield b"GET", path, None
