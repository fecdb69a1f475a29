"""Whatever bytes come: no 5xx, no traceback, and the engine goes on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from api.raw_requests import Drawn
from api.running import TOKEN, Running
from api.talking import statuses
from flow.runs import configured, restless

SMALL, MANY = 800, 5_000


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("raw"), restless(), configured({"batch.train_bars": 1_500})).start()
    try:
        running.advance(300)
        yield running
    finally:
        running.stop()


def withstood(running: Running, seed: int, count: int, caplog: pytest.LogCaptureFixture) -> int:
    """Send so many requests; how many were answered."""
    drawn = Drawn(running.get("/api/v1/openapi.json"), seed)
    with caplog.at_level(logging.WARNING):
        found = statuses(running.port, (drawn.request() for _ in range(count)))
    assert [said for said in found if said.startswith("5")] == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []
    state = running.get("/api/v1/system")
    assert state["state"] in {"paused", "running", "finished"}, state["detail"]
    # All kinds of answers were met, so the requests were neither all good nor all bad.
    assert {"200", "400", "401", "403", "404", "405", "422", "101"} <= set(found)
    return sum(found.values()) - found["none"]


def test_bytes_that_no_client_sends(fuzzed: Running, caplog: pytest.LogCaptureFixture) -> None:
    assert withstood(fuzzed, 1, SMALL, caplog) > SMALL // 2


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_more_bytes_that_no_client_sends(fuzzed: Running, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    answered = withstood(fuzzed, seed, MANY, caplog)
    print(f"{MANY} raw requests of seed {seed}, {answered} answers, none of them a 5xx")


INVALID = (b"\xff", b'{"ticket":"\xff"}', b'{"symbol":"\xc3","model_type":"logistic"}', b'{"examples":[{"id":"\xed\xa0\x80"')
"""Bodies that are no UTF-8, the last ones within a text of a field that a route knows."""


def test_a_body_that_is_no_utf_8_is_refused_on_every_route(fuzzed: Running, caplog: pytest.LogCaptureFixture) -> None:
    asked = 0
    for path, methods in fuzzed.get("/api/v1/openapi.json")["paths"].items():
        address = path.replace("{session_id}", "SYN/direction").replace("{symbol}", "SYN")
        for method in methods:
            for token in (TOKEN, None):
                for body in INVALID:
                    answer = fuzzed.send(method.upper(), address, body, token)
                    assert answer.status_code < 500, (method, address, body, answer.text)
                    assert method == "get" or answer.status_code >= 400, (method, address, body)
                    asked += 1
    assert asked > 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    said = fuzzed.refused(422, "/api/v1/auth/exchange", INVALID[1], token=None)
    assert said == "the body cannot be used: it is not UTF-8 (byte 11 is 0xff); send JSON in UTF-8"


def said(running: Running, request: bytes) -> tuple[int, str]:
    """Status and sentence of the answer to some bytes."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as line:
        line.sendall(request)
        answer = b""
        while part := line.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower()
    return int(head.split()[1]), str(msgspec.json.decode(body)["detail"])


@pytest.mark.parametrize(
    ("request_", "status", "sentence"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "this is not an HTTP request"),
        (b"GET /health HTTP/1.1\r\nX: " + b"y" * 70_000, 431, "larger than 65536 bytes"),
        (
            b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            400,
            "not an HTTP request",
        ),
    ],
    ids=["no HTTP", "endless", "no ASCII"],
)
def test_what_is_no_request_is_refused_in_a_sentence(fuzzed: Running, request_: bytes, status: int, sentence: str) -> None:
    found = said(fuzzed, request_)
    assert found[0] == status
    assert sentence in found[1]


def test_each_head_is_counted_by_itself_and_a_body_is_none(fuzzed: Running) -> None:
    line = HTTPConnection("127.0.0.1", fuzzed.port, timeout=10)
    for _ in range(3):
        line.request("GET", "/health", headers={f"X-{number}": "y" * 1_000 for number in range(40)})
        answer = line.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    line.close()
    assert fuzzed.send("POST", "/api/v1/auth/exchange", b" " * 200_000, None).status_code == 422


def test_a_text_frame_that_is_no_utf_8_ends_the_stream_and_is_nothing_for_the_log(
    fuzzed: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(f"ws://127.0.0.1:{fuzzed.port}/api/v1/online-learning/streaming/SYN") as line:
        line.send(b'{"type":"\xff"}', text=True)
        with pytest.raises(ConnectionClosed):
            line.recv(10)
        assert line.close_code == 1007
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
