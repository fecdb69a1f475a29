"""The WebSocket, spoken to by real clients: who may listen, what is told, what was missed, who is too slow."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from alpha_pulse.api import protocols, stream_client
from alpha_pulse.api.access.tokens import SESSION_S
from alpha_pulse.api.routers import streaming
from alpha_pulse.core.clock import elapsed_ns
from api.running import SYMBOL, TOKEN, Running
from flow.runs import LEAN, configured, restless

MS = 1_000_000
SECONDS = 30
RACE_BARS = 15_000


def address(live: Running, symbol: str = SYMBOL) -> str:
    return f"{live.url.replace('http', 'ws')}/api/v1/online-learning/streaming/{symbol}"


def hello(**more: Any) -> str:
    return msgspec.json.encode({"type": "auth", "data": {"token": TOKEN}, **more}).decode()


@contextlib.contextmanager
def listening(live: Running, symbol: str = SYMBOL, first: str | None = None, **more: Any) -> Iterator[ClientConnection]:
    with connect(address(live, symbol), max_size=None, **more) as line:
        line.send(hello() if first is None else first)
        yield line


def receive(line: ClientConnection, kind: str | None = None) -> Any:
    """The next message, of a kind."""
    while True:
        found = msgspec.json.decode(line.recv(timeout=SECONDS))
        assert set(found) == {"type", "v", "seq", "data"}
        assert found["v"] == 1
        if kind is None or found["type"] == kind:
            return found


def end_of(line: ClientConnection) -> tuple[int, str]:
    """Read to the end; code and reason."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            line.recv(timeout=SECONDS)
    assert line.close_code is not None
    return line.close_code, line.close_reason or ""


# Who may listen.


def test_a_ticket_is_good_for_one_stream(live: Running) -> None:
    ticket = live.post("/api/v1/auth/ticket")["ticket"]
    first = msgspec.json.encode({"type": "auth", "data": {"ticket": ticket}}).decode()
    with listening(live, first=first) as line:
        assert receive(line)["type"] == "hello"
    with listening(live, first=first) as line:
        assert end_of(line) == (1008, "the ticket is unknown, used or too old; request a new one")


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ('{"type":"auth","data":{"token":"wrong"}}', "the token is wrong"),
        ('{"type":"auth","data":{"ticket":"wrong"}}', "the ticket is unknown"),
        ('{"type":"auth","data":{}}', "either a ticket or a token"),
        (hello(data={"token": TOKEN, "ticket": "x"}), "either a ticket or a token"),
        ('{"type":"auth"}', "first"),
        ('{"type":"hello","data":{}}', "first"),
        (hello(from_seq=-1), "from_seq must be a whole number >= 0"),
        (hello(from_seq=1.5), "from_seq must be a whole number >= 0"),
        (hello(from_seq="7"), "from_seq must be a whole number >= 0"),
        (hello(from_seq=2**53), "below 2**53"),
        (hello(more=1), "first"),
        ("", "first"),
        ("[" * 60_000, "first"),
        ("NaN", "first"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_nobody_else_may_listen(live: Running, first: str, said: str) -> None:
    with connect(address(live)) as line:
        line.send(first)
        code, reason = end_of(line)
        assert code == 1008
        assert said in reason


@pytest.mark.parametrize("by_ticket", [True, False], ids=["ticket", "token"])
def test_a_stream_ends_with_the_session_that_opened_it(live: Running, monkeypatch: pytest.MonkeyPatch, by_ticket: bool) -> None:
    parent = live.session()
    monkeypatch.setattr(live.clock, "ahead_s", SESSION_S - 2.0)
    session = live.session(parent)
    ticket = live.post("/api/v1/auth/ticket", token=session)
    assert ticket["expires_in_s"] <= 2
    data = {"ticket": ticket["ticket"]} if by_ticket else {"token": session}
    with listening(live, first=hello(data=data)) as line, listening(live) as mine:
        assert receive(line)["type"] == receive(mine)["type"] == "hello"
        assert end_of(line) == (1008, "the session that opened this stream has ended; sign in again")
        # Nothing ends for who has the token itself.
        made = live.post("/api/v1/system/step", {"steps": 1})
        assert receive(mine, "step")["seq"] == made["seq"]
    live.refused(401, "/api/v1/auth/ticket", token=session)


def test_who_says_nothing_is_not_waited_for(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert streaming.AUTH_SECONDS == 5.0
    monkeypatch.setattr(streaming, "AUTH_SECONDS", 0.2)
    with connect(address(live)) as line:
        assert end_of(line) == (1008, "no auth message was received within 0.2 seconds")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "ws://127.0.0.1:{port}"]
)
def test_other_sites_pages_cannot_listen(live: Running, origin: str) -> None:
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(address(live), additional_headers={"Origin": origin.format(port=live.port)}),
    ):
        pass


def test_another_name_cannot_listen(live: Running) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as line:
        line.sendall(handshake(live, "evil.example"))
        assert line.recv(100).startswith(b"HTTP/1.1 403")


def test_the_servers_own_page_can_listen(live: Running) -> None:
    with listening(live, additional_headers={"Origin": live.url}) as line:
        assert receive(line)["type"] == "hello"


def test_an_unknown_symbol_is_told_to_those_who_may_listen(live: Running) -> None:
    with listening(live, "SYM") as line:
        assert end_of(line) == (1008, f"the feed has no 'SYM'; did you mean '{SYMBOL}'?")
    with pytest.raises(InvalidStatus, match="403"), connect(live.url.replace("http", "ws") + "/api/v1/nothing"):
        pass


def test_large_frames_and_chatter_end_the_stream(live: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(live) as line:
        receive(line)
        line.send("x" * (64 * 1024 + 1))
        assert end_of(line)[0] == 1009
    monkeypatch.setattr(streaming, "MOST_MESSAGES", 5)
    with listening(live) as line:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(50):
                line.send("{}")
        assert end_of(line) == (1008, "the stream accepts no message after the first")


# What is told.


def test_each_step_is_told_as_the_journal_has_it(live: Running) -> None:
    with listening(live) as line:
        first = receive(line)
        assert first["type"] == "hello"
        assert first["data"] == live.post("/api/v1/system/pause")
        for _ in range(3):
            made = live.post("/api/v1/system/step", {"steps": 1})
            step = receive(line, "step")
            assert step["seq"] == made["seq"]
            assert_step(live, step)


def assert_step(live: Running, message: Any) -> None:
    """A step of one row is what the journal's row says."""
    seq, data = message["seq"], message["data"]
    assert data["steps"] == 1
    ((ts, opened, high, low, close),) = live.sql("SELECT ts_event, open, high, low, close FROM bars WHERE seq = ?", seq)
    assert (data["ts_ms"], data["bar_open_ms"]) == (ts // MS, ts // MS - 3_600_000)
    assert data["bar"] == {"open": opened, "high": high, "low": low, "close": close, "volume": None}
    served = live.sql(
        "SELECT target, probability, confidence, prediction_id FROM predictions WHERE seq = ? ORDER BY target", seq
    )
    told = [(one["target"], one["probability"], one["confidence"], one["prediction_id"]) for one in data["served"]]
    assert sorted(told) == served
    assert len(data["labels"]) == live.sql("SELECT count(*) FROM labels WHERE seq = ?", seq)[0][0]
    assert [fill["fill_id"] for fill in data["fills"]] == [
        row[0] for row in live.sql("SELECT fill_id FROM fills WHERE seq = ? ORDER BY rowid", seq)
    ] or len(data["fills"]) == live.sql("SELECT count(*) FROM fills WHERE seq = ?", seq)[0][0]
    ((amount,),) = live.sql("SELECT json_extract(payload, '$.equity.combined') FROM journal WHERE seq = ?", seq)
    ((decimals,),) = live.sql("SELECT cash_decimals FROM units")
    assert data["equity"]["combined"] == amount / 10**decimals


def test_a_change_of_the_runs_state_is_told(live: Running) -> None:
    with listening(live) as line:
        receive(line)
        live.post("/api/v1/system/speed", {"bars_per_second": 0.002})
        assert receive(line, "state")["data"]["bars_per_second"] == 0.002
        live.post("/api/v1/system/resume")
        assert receive(line, "state")["data"]["state"] == "running"
        live.post("/api/v1/system/pause")
        assert receive(line, "state")["data"]["state"] == "paused"
        live.post("/api/v1/system/speed", {"bars_per_second": 0})


def test_what_was_missed_is_told_row_by_row(live: Running) -> None:
    with listening(live) as line:
        seen = receive(line)["seq"]
    live.advance(12)
    with listening(live, first=hello(from_seq=seen + 1)) as line:
        assert receive(line)["seq"] == seen + 12
        for seq in range(seen + 1, seen + 13):
            message = receive(line)
            assert (message["type"], message["seq"]) == ("step", seq)
            assert_step(live, message)
        live.advance(1)
        assert receive(line)["seq"] == seen + 13


def test_what_is_too_long_ago_is_told_as_a_gap(live: Running) -> None:
    with listening(live, first=hello(from_seq=0)) as line:
        newest = receive(line)["seq"]
        gap = receive(line)
        assert gap["type"] == "gap"
        assert gap["data"] == {"from_seq": 0, "to_seq": gap["seq"]}
        at, labels = gap["seq"], 0
        assert newest - at >= 1_000
        while at < newest:
            step = receive(line)
            assert step["type"] == "step"
            labels += len(step["data"]["labels"])
            at = step["seq"]
        assert labels == live.sql("SELECT count(*) FROM labels WHERE seq > ?", gap["seq"])[0][0]


@pytest.mark.parametrize("beyond", [2, 1_000, 2**53 - 10_000])
def test_a_row_beyond_the_next_one_is_refused_after_the_hello(live: Running, beyond: int) -> None:
    newest = live.get("/api/v1/system")["seq"]
    with listening(live, first=hello(from_seq=newest + beyond)) as line:
        assert receive(line)["seq"] == newest
        said = f"from_seq is {newest + beyond}, but the newest step is {newest}; send at most {newest + 1}, or omit it"
        assert end_of(line) == (1008, said)


def test_the_first_row_may_be_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    running = Running(tmp_path_factory.mktemp("empty"), restless(300), configured(LEAN)).start()
    try:
        with listening(running, first=hello(from_seq=0)) as line:
            receive(line, "hello")
            running.advance(1)
            assert receive(line, "step")["seq"] == 0
    finally:
        running.stop()


# Who is too slow.


@pytest.fixture
def race(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A long run that goes as fast as it can, once it is resumed."""
    running = Running(tmp_path_factory.mktemp("race"), restless(RACE_BARS), configured(LEAN)).start()
    try:
        yield running
    finally:
        running.stop()


def handshake(live: Running, host: str = "127.0.0.1") -> bytes:
    return (
        f"GET /api/v1/online-learning/streaming/{SYMBOL} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def deaf(live: Running) -> socket.socket:
    """One who listens, and never reads."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.connect(("127.0.0.1", live.port))
    line.settimeout(SECONDS)
    line.sendall(handshake(live))
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += line.recv(1)
    assert answer.startswith(b"HTTP/1.1 101")
    said = hello().encode()
    # Masked with zeros, which leaves it as it is.
    line.sendall(bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said)
    return line


class Reader(threading.Thread):
    """One who reads everything, and notes which rows were told and when frames came."""

    def __init__(self, live: Running) -> None:
        super().__init__()
        self._live = live
        self.spans: list[tuple[int, int]] = []
        self.gaps = 0
        self.ready = threading.Event()
        self.frames_ns: list[int] = []
        self.start_seq = -1

    def run(self) -> None:
        with listening(self._live) as line:
            at = self.start_seq = receive(line)["seq"]
            self.ready.set()
            while True:
                message = receive(line)
                self.frames_ns.append(elapsed_ns())
                if message["type"] == "step":
                    self.spans.append((at + 1, message["seq"]))
                    assert message["data"]["steps"] == message["seq"] - at
                    at = message["seq"]
                elif message["type"] == "gap":
                    self.gaps += 1
                    at = message["seq"]
                elif message["data"] is not None and message["data"]["state"] == "finished":
                    return


@pytest.mark.parametrize("patience", [60.0, 0.05])
def test_one_who_never_reads_is_dropped_and_slows_nobody(
    race: Running, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr(protocols, "CUT_SECONDS", patience)
    monkeypatch.setattr(stream_client, "STUCK_SECONDS", 0.4)
    reader = Reader(race)
    reader.start()
    assert reader.ready.wait(SECONDS)
    idle = deaf(race)
    race.post("/api/v1/system/resume")
    reader.join(60)
    assert not reader.is_alive()
    # The reader was told every row, some twenty times a second.
    assert reader.gaps == 0
    assert reader.spans[-1][1] == RACE_BARS - 1
    assert len(reader.spans) > 20
    seconds = (reader.frames_ns[-1] - reader.frames_ns[0]) / 1e9
    assert len(reader.spans) <= 25 * seconds + 5
    text = race.http.get("/metrics", headers=race.bearer).text
    values = dict(one.rsplit(" ", 1) for one in text.splitlines() if not one.startswith("#"))
    assert values["alpha_pulse_stream_clients_dropped_total"] == "1.0"
    assert values["alpha_pulse_stream_clients"] == "0.0"
    content = b""
    with idle, contextlib.suppress(ConnectionError):
        while piece := idle.recv(1 << 20):
            content = content[-4_096:] + piece
            if content.endswith(b"\x03\xf5" + streaming.TOO_SLOW.encode()):
                break
    # Where it was given the time to read on, the last thing is why; else it was cut.
    assert content.endswith(streaming.TOO_SLOW.encode()) == (patience > 1)


def test_the_end_of_the_server_ends_the_stream(tmp_path_factory: pytest.TempPathFactory) -> None:
    running = Running(tmp_path_factory.mktemp("short"), restless(300), configured(LEAN)).start()
    with listening(running) as line:
        receive(line)
        running.stop()
        assert end_of(line)[0] == 1012
