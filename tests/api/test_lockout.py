"""Whoever reaches the port may fill it with connections or with guesses: the token's holder gets in all the same."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest
from websockets.sync.client import connect

from alpha_pulse.api.connections import MOST, MOST_HOLDERS, Connections, _within
from api.crowds import crowd, may_open, still_open
from api.running import TOKEN, Running
from flow.gateways import quiet
from flow.runs import LEAN, configured

CROWD = 1_100
SOON_S, HELD_BACK_S = 2.0, 1.0


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("besieged"), quiet(), configured(LEAN), backoff_s=HELD_BACK_S).start()
    try:
        yield running
    finally:
        running.stop()


def asked(running: Running) -> float:
    """Seconds that the holder's request takes by a connection of its own."""
    began = time.perf_counter()
    line = HTTPConnection("127.0.0.1", running.port, timeout=10)
    try:
        line.request("GET", "/api/v1/system", headers=running.bearer)
        assert line.getresponse().status == 200
    finally:
        line.close()
    return time.perf_counter() - began


def test_a_crowd_that_wants_nothing_keeps_nobody_out(besieged: Running) -> None:
    if not may_open(2 * CROWD + 500):
        pytest.skip("this process may not open enough files")
    address = besieged.url.replace("http", "ws") + "/api/v1/online-learning/streaming/SYN"
    with connect(address) as stream, httpx.Client(base_url=besieged.url, timeout=10) as kept:
        stream.send(json.dumps({"type": "auth", "data": {"token": TOKEN}}))
        assert json.loads(stream.recv(10))["type"] == "hello"
        assert kept.get("/api/v1/system", headers=besieged.bearer).status_code == 200
        with crowd(besieged.port, CROWD) as lines:
            assert max(asked(besieged) for _ in range(20)) < SOON_S
            with connect(address, open_timeout=SOON_S) as another:
                another.send(json.dumps({"type": "auth", "data": {"token": TOKEN}}))
                assert json.loads(another.recv(SOON_S))["type"] == "hello"
            assert httpx.get(besieged.url + "/health", timeout=SOON_S).status_code == 200
            assert still_open(lines) <= MOST
        # Neither was among those that had to go.
        besieged.post("/api/v1/system/step", {"steps": 1})
        assert json.loads(stream.recv(10))["type"] == "step"
        assert kept.get("/api/v1/system", headers=besieged.bearer).status_code == 200


def test_the_holder_has_an_end_too_and_gets_past_it(besieged: Running) -> None:
    if not may_open(2 * MOST_HOLDERS + 600):
        pytest.skip("this process may not open enough files")
    request = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".replace(
        "health", "api/v1/auth/x"
    )
    lines: list[socket.socket] = []
    try:
        for _ in range(MOST_HOLDERS + 60):
            line = socket.create_connection(("127.0.0.1", besieged.port), timeout=10)
            lines.append(line)
            line.sendall(request.encode())
            assert line.recv(12) == b"HTTP/1.1 404"
        assert asked(besieged) < SOON_S
        # Idle ones that were used longest ago are closed; requests of others on the way were none.
        assert MOST_HOLDERS - 10 <= still_open(lines) <= MOST_HOLDERS
    finally:
        for line in lines:
            line.close()


def test_wrong_tokens_are_slowed_and_the_right_one_is_not(besieged: Running) -> None:
    held_back: list[float] = []

    def guess() -> None:
        began = time.perf_counter()
        assert besieged.send("GET", "/api/v1/system", None, "wrong").status_code == 401
        held_back.append(time.perf_counter() - began)

    guessers = [threading.Thread(target=guess) for _ in range(20)]
    for guesser in guessers:
        guesser.start()
    time.sleep(HELD_BACK_S / 4)
    # Guesses are being held back; the right token, and its tickets, are not.
    assert asked(besieged) < HELD_BACK_S
    assert besieged.session()
    for guesser in guessers:
        guesser.join()
    assert sum(seconds >= HELD_BACK_S for seconds in held_back) >= 10
    for path, body in (("/api/v1/auth/exchange", {"ticket": "wrong"}), ("/api/v1/system/pause", None)):
        began = time.perf_counter()
        assert besieged.send("POST", path, body, "wrong").status_code == 401
        assert time.perf_counter() - began >= HELD_BACK_S


class Held:
    """A connection that is told to end."""

    def __init__(self, busy: bool = False) -> None:
        self.busy = busy
        self.ended = False

    def abort(self) -> None:
        self.ended = True


def test_who_has_shown_no_token_gives_way_in_the_order_of_coming() -> None:
    connections, lines = Connections(room=4, holders=2), [Held() for _ in range(5)]
    for line in lines[:3]:
        connections.opened(line)
    assert connections.admit(lines[0])
    for line in lines[3:]:
        connections.opened(line)
    assert [line.ended for line in lines] == [False, True, False, False, False]
    # Whose connection was closed a moment ago is not let in by it.
    assert not connections.admit(lines[1])
    assert connections.dropped == 1
    connections.closed(lines[2])
    connections.closed(lines[2])


def test_a_holder_gives_way_to_a_holder_only_when_idle() -> None:
    connections, lines = Connections(room=10, holders=2), [Held(busy=number < 2) for number in range(4)]
    for line in lines:
        connections.opened(line)
    assert [connections.admit(line) for line in lines[:3]] == [True, True, False]
    lines[1].busy = False
    assert connections.admit(lines[2])
    assert [line.ended for line in lines] == [False, True, False, False]
    # Of two that are idle the one that was used last stays.
    lines[0].busy = False
    assert connections.admit(lines[0])
    assert connections.admit(lines[3])
    assert [line.ended for line in lines] == [False, True, True, False]


@pytest.mark.parametrize("files", [0, 256, 1_024, 4_096])
def test_there_are_places_for_both_however_few_files_may_be_open(files: int) -> None:
    room = _within(files)
    assert room._room - room._holders_room >= 8
    assert room._holders_room >= 16
    assert room._room <= max(32, files - 100)
