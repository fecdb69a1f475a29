"""What is refused before it is looked at: strangers, other sites, too much, too slow. And faults, which are no 500."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from alpha_pulse.api import protocols
from alpha_pulse.api import request_guard as limits
from alpha_pulse.api.app import create_app
from alpha_pulse.api.request_guard import MAX_BODY
from alpha_pulse.api.server import bind
from alpha_pulse.core.errors import ConfigError
from api.running import TOKEN, Running

PREDICT = "/api/v1/online-learning/sessions/SYN/direction/predict"
HEALTH = ("/health", "/v2/health/live", "/v2/health/ready")
OPEN = {("POST", "/api/v1/auth/exchange"), *((method, path) for method in ("GET", "HEAD") for path in HEALTH)}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def described(live: Running) -> list[str]:
    paths = [str(path) for path in live.get("/api/v1/openapi.json")["paths"]]
    return [path.replace("{session_id}", "SYN/direction").replace("{symbol}", "SYN") for path in paths]


# Strangers.


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": f"token={TOKEN}"},
    ],
    ids=str,
)
def test_nothing_is_open_but_what_is_meant_to_be(live: Running, headers: dict[str, str]) -> None:
    seen = 0
    paths = [
        *described(live),
        "/api/v1",
        "/api/v1/nothing",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/api/v1/system/",
        "/api/v1//system",
    ]
    for path in paths:
        for method in METHODS:
            if (method, path) in OPEN:
                continue
            answer = live.http.request(method, f"{path}?token={TOKEN}", headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert live.auth.where not in answer.text
            seen += 1
    assert seen > 200


def test_two_tokens_are_none(live: Running) -> None:
    bearer = ("Authorization", f"Bearer {TOKEN}")
    assert live.http.get("/api/v1/system", headers=[bearer, bearer]).status_code == 401


def test_what_there_is_not_is_told_with_what_there_is(live: Running) -> None:
    live.refused(404, "/api/v1/systm", method="GET", said="did you mean '/api/v1/system'?")
    live.refused(404, "/zzz", method="GET", said="/api/v1/openapi.json lists all paths")
    live.refused(405, "/api/v1/system", method="DELETE", said="does not support DELETE")


def test_a_path_of_another_method_is_suggested_last_and_with_its_method(live: Running) -> None:
    posts = [path for path, methods in live.get("/api/v1/openapi.json")["paths"].items() if "get" not in methods]
    for path in ("/api/v1/status", "/api/v1/system/paus", "/api/v1/system/speeds"):
        said = live.refused(404, path, method="GET")
        assert not any(f"mean {post!r}" in said for post in posts)
    live.refused(404, "/api/v1/nothing", method="GET", said="there is no /api/v1/nothing; /api/v1/openapi.json lists all paths")
    live.refused(404, "/api/v1/system/paus", said="; did you mean '/api/v1/system/pause'?")
    live.refused(404, "/api/v1/sistem", method="DELETE", said="; did you mean GET '/api/v1/system'?")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/predictions/{}",
        "/api/v1/trading/fills/{}/decision",
        "/api/v1/market/{}/bars",
        "/api/v1/online-learning/sessions/{}/metrics",
        "/api/v1/trading/fills?symbol={}",
        "/{}",
    ],
)
def test_a_long_name_is_not_repeated_whole(live: Running, path: str) -> None:
    for name in ("x" * 20_000, "SYN/direction/" + "1" * 20_000, "x" * 20_000 + "/direction/7"):
        assert len(live.refused(404, path.format(name), method="GET")) < 400


def test_a_long_name_within_a_query_or_a_body_is_not_repeated_whole(live: Running) -> None:
    assert len(live.refused(422, f"/api/v1/trading/fills?{'x' * 20_000}=1", method="GET")) < 400
    assert len(live.refused(422, f"/api/v1/regimes?symbol={'x' * 20_000}", method="GET")) < 400
    unknown = {"features": {"y" * 100_000: 1.0}}
    assert len(live.refused(422, PREDICT, unknown, said="contain the unknown name 'yyy")) < 400


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from_seq=-1", "from_seq is '-1', but must be a whole number from 0 to 9007199254740991"),
        ("limit=0", "limit is '0', but must be a whole number from 1 to 10000"),
        ("limit=10001", "limit is '10001', but must be a whole number from 1 to 10000"),
        ("limit=x", "limit is 'x', but must be a whole number from 1 to 10000"),
        ("limit=1.5", "limit is '1.5', but must be"),
        ("limit=", "limit is '', but must be"),
        ("max_points=1", "max_points is '1', but must be a whole number from 2 to 5000"),
    ],
)
def test_a_number_out_of_range_is_told_with_its_range(live: Running, query: str, said: str) -> None:
    assert "$" not in live.refused(422, f"/api/v1/market/SYN/bars?{query}", method="GET", said=said)


def test_a_name_of_no_length_is_told_with_the_lengths_that_are_good(live: Running) -> None:
    said = "symbol is '', but must be a string of 1 to 200 characters"
    live.refused(422, "/api/v1/regimes?symbol=", method="GET", said=said)


# Other sites.


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "[::2]", "127.0.0.1:x", "", "a b"])
def test_a_name_that_was_made_to_point_here_is_refused(live: Running, host: str) -> None:
    for path in ("/health", "/", "/api/v1/system"):
        answer = live.http.get(path, headers={**live.bearer, "Host": host})
        assert answer.status_code == 403, path
        assert "Host" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1", "[::1]", "[::1]:{port}"])
def test_loopback_has_several_names(live: Running, host: str) -> None:
    assert live.http.get("/health", headers={"Host": host.format(port=live.port)}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1", "http://localhost:{port}", "file://", "http://127.0.0.1:1"],
)
def test_other_sites_pages_are_refused(live: Running, origin: str) -> None:
    headers = {**live.bearer, "Origin": origin.format(port=live.port)}
    for method, path in (("GET", "/health"), ("POST", "/api/v1/auth/ticket"), ("OPTIONS", "/api/v1/system")):
        answer = live.http.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert live.http.get("/health", headers={"Origin": live.url}).status_code == 200


# Too much.


def test_a_body_is_counted(live: Running) -> None:
    huge = b" " * (64 * MAX_BODY)

    def chunks() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * MAX_BODY

    for content in (huge, chunks(), b" " * (MAX_BODY + 1)):
        answer = live.http.post(PREDICT, content=content, headers=live.bearer)
        assert answer.status_code == 413
        assert "1048576 bytes" in answer.json()["detail"]
    # A body that no route asked for counts too; just below the bound it is looked at.
    assert live.http.request("GET", "/health", content=huge).status_code == 413
    assert live.http.post(PREDICT, content=b" " * MAX_BODY, headers=live.bearer).status_code == 422


def test_a_declared_length_is_believed_only_when_it_is_too_large(live: Running) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as line:
        line.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n".encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[NaN]", "malformed"),
        (b"[Infinity]", "malformed"),
        (b"[-Infinity]", "malformed"),
        (b"[1e999]", "out of range"),
        (b"[" + b"9" * 5_000 + b"]", "out of range"),
        (b"[" * 200_000, "Expected `float`"),
        (b'{"features":' + b'{"a":' * 100_000, "Expected `float`"),
        (b'{"a":' * 100_000, "unknown key 'a'"),
        (b'{"features":{"a":"1"}}', "Expected `float`"),
        (b"[true]", "Expected `float`"),
        (b"[null]", "Expected `float`"),
        (b"", "the body is empty"),
        (b"nul", "truncated"),
        (b"[1] [2]", "trailing"),
        (b"\xff\xfe[\x001\x00]\x00", "malformed"),
        (b'{"features":{"\\ud800":1}}', ""),
        (b'{"' + b"x" * 100_000 + b'":1}', "unknown key"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_not_a_list_of_finite_numbers_is_refused_in_a_sentence(live: Running, body: bytes, said: str) -> None:
    assert len(live.refused(422, PREDICT, body, said=said)) < 400


# Too slow.


def test_half_a_request_is_not_waited_for_for_ever(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    for begun in (b"", b"GET /health HTTP/1.1\r\nHost: 127"):
        with socket.create_connection(("127.0.0.1", live.port), timeout=10) as line:
            line.sendall(begun)
            assert line.recv(100) == b""
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as line:
        line.sendall(b"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n123")
        assert line.recv(100).startswith(b"HTTP/1.1 408")


# Answers.


def test_every_answer_carries_the_security_headers(live: Running) -> None:
    for path in ("/", "/health", "/api/v1/system", "/api/v1/nothing", "/assets/none.js"):
        for headers in ({}, live.bearer, {"Host": "evil.example"}):
            found = live.http.get(path, headers=headers).headers
            policy = dict(part.split(" ", 1) for part in found["content-security-policy"].split("; "))
            assert policy["default-src"] == "'self'"
            assert "script-src" not in policy
            assert policy["frame-ancestors"] == "'none'"
            assert [name for name, value in policy.items() if "unsafe" in value] == ["style-src-attr"]
            assert found["x-content-type-options"] == "nosniff"
            assert found["referrer-policy"] == "no-referrer"
            assert "server" not in found


def test_a_fault_of_our_own_is_logged_and_no_500(
    live: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, Any]:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(live.gateway, "config", broken)
    with caplog.at_level(logging.ERROR):
        sentence = live.refused(503, "/api/v1/system/config", method="GET", said="an error in AlphaPulse (ZeroDivisionError)")
    assert "a secret" not in sentence
    assert "ZeroDivisionError: a secret" in caplog.text


# The page.


def ask(live: Running, static: Path | None, *paths: str) -> list[httpx.Response]:
    async def story() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(live.gateway, live.auth, static=static))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(httpx.URL("http://127.0.0.1", raw_path=path.encode())) for path in paths]

    return asyncio.run(story())


def test_the_page_is_served_with_nothing_else(live: Running, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "assets" / "app-1234.js").write_text("let a = 1;")
    (tmp_path / "secret.txt").write_text("hidden words")
    page, script = ask(live, folder, "/", "/assets/app-1234.js")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert page.headers["content-type"].startswith("text/html")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in script.headers["content-type"]
    outside = ["/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets//etc/passwd", "/assets/%00", "/assets/"]
    for answer in ask(live, folder, *outside, "/assets/..%5c..%5csecret.txt", "/assets/app-1235.js", "/favicon.ico"):
        assert answer.status_code in {401, 404}
        assert "hidden words" not in answer.text


def test_a_page_that_is_not_built_is_told(live: Running, tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        page, script = ask(live, folder, "/", "/assets/app.js")
        assert page.status_code == 200
        assert "not built" in page.text
        assert script.status_code == 404


# The port.


def test_a_port_that_is_taken_is_told_before_anything_is_started(live: Running) -> None:
    with pytest.raises(ConfigError, match=rf"port {live.port} cannot be used"):
        bind("127.0.0.1", live.port)
    with pytest.raises(ConfigError, match="70000"):
        bind("127.0.0.1", 70_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_the_network_is_not_offered_by_accident(host: str) -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        bind(host, 0)


def test_examples_of_the_description_have_the_shape_of_answers(live: Running) -> None:
    from alpha_pulse.api.routers import adaptation, market, metrics, online_learning, predictions, system, trading

    parts = (system, online_learning, market, trading, predictions, metrics, adaptation)
    operations = [operation for part in parts for operation in part.routes(live.gateway).operations]
    assert len(operations) > 20
    for operation in operations:
        msgspec.convert(operation.example, operation.response)
        for example in operation.body_examples.values():
            msgspec.convert(example, operation.body)
