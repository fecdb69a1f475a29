"""The token, tickets and sessions by themselves."""

from __future__ import annotations

import os
import random
import stat
import string
from pathlib import Path

import pytest

from alpha_pulse.api.access import session_file
from alpha_pulse.api.access.backoff import LONGEST_SECONDS, Backoff
from alpha_pulse.api.access.token_file import TOKEN_VARIABLE
from alpha_pulse.api.access.token_strength import weakness
from alpha_pulse.api.access.tokens import MAX_SESSIONS, MAX_TICKETS, NEVER, SESSION_S, TICKET_S, Auth
from alpha_pulse.core.clock import wall_ns
from alpha_pulse.core.errors import ConfigError

STRONG = "Kx7-quiet-otter-31"
SECOND_NS = 1_000_000_000


class Watch:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def test_the_first_start_makes_a_token_that_nobody_else_can_read(tmp_path: Path) -> None:
    path = tmp_path / "of" / "mine" / "token"
    umask = os.umask(0)
    try:
        auth = Auth.open(path, {})
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = path.read_text(encoding="ascii").strip()
    assert len(token) >= 43
    assert auth.accepts(token)
    assert Auth.open(path, {}).accepts(token)
    assert [found.name for found in path.parent.iterdir()] == ["token"]
    assert not Auth.open(tmp_path / "other", {}).accepts(token)


def test_the_environment_comes_first(tmp_path: Path) -> None:
    auth = Auth.open(tmp_path / "token", {TOKEN_VARIABLE: STRONG})
    assert auth.accepts(STRONG)
    assert not (tmp_path / "token").exists()
    assert TOKEN_VARIABLE in auth.where


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "0 characters"),
        ("Kx7-quiet-otter", "15 characters"),
        ("a" * 40, "1 different"),
        ("abcabcabcabcabcabcabc", "3 different"),
        ("Kx7-quiet otter-31", "cannot carry"),
        ("Kx7-quiet-öttér-31", "cannot carry"),
        ("changeme-Kx7-quiet", "'changeme'"),
        ("MyPassword-is-good-7", "'password'"),
        ("qwertyuiopasdfghjkl", "follows the keyboard"),
        ("QWERTYUIOPASDFGH", "follows the keyboard"),
        ("poiuytrewqlkjhgfdsa", "follows the keyboard"),
        ("1qaz2wsx3edc4rfv", "follows the keyboard"),
        ("q1w2e3r4t5y6u7i8o9", "follows the keyboard"),
        ("azertyuiopqsdfghjklm", "follows the keyboard"),
        ("qwertzuiopasdfghjkl", "follows the keyboard"),
        ("0987654321098765", "repeats its first 10 characters"),
        ("1234567890qwertyuiop", "'12345678'"),
        ("1234567890-123456-7890", "'12345678'"),
        ("!@#$%^&*()_+{}|:", "follows the keyboard"),
        ("abcdefghijklmnop", "follows the keyboard"),
        ("zyxwvutsrqponmlkji", "follows the keyboard"),
        ("aabbccddeeffgghhiijj", "follows the keyboard"),
        ("Kx7-quiet-Kx7-quiet-", "repeats its first 10 characters"),
        ("x7Kq9Lm2x7Kq9Lm2x7Kq9", "repeats its first 8 characters"),
    ],
)
def test_a_weak_token_is_refused_and_not_repeated(token: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said) as refusal:
        Auth.open(tmp_path / "token", {TOKEN_VARIABLE: token})
    assert not token or token not in str(refusal.value)
    (tmp_path / "token").write_text(token + "\n", encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(ConfigError, match=r"too weak"):
        Auth.open(tmp_path / "token", {})


def test_tokens_that_were_drawn_are_accepted() -> None:
    draw = random.Random(1)
    drawn = ["".join(draw.choices("0123456789abcdef", k=32)) for _ in range(2_000)]
    drawn += ["".join(draw.choices(string.ascii_letters + string.digits, k=16)) for _ in range(2_000)]
    # Chance makes a walk of 16 characters now and then, but none of the 43 that this program draws.
    assert sum(weakness(token) is not None for token in drawn) <= 2
    assert not any(weakness("".join(draw.choices(string.ascii_letters + "-_", k=43))) for _ in range(2_000))


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    Auth.open(path, {})
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"can be read by other users \(mode 0640\)"):
        Auth.open(path, {})


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "elsewhere").write_text(STRONG, encoding="ascii")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("folder", "link"):
        with pytest.raises(ConfigError, match="cannot be used"):
            Auth.open(tmp_path / name, {})
    with pytest.raises(ConfigError, match="cannot be used"):
        Auth.open(tmp_path / "elsewhere" / "token", {})


def test_a_ticket_is_good_once_and_for_a_while() -> None:
    watch = Watch()
    auth = Auth(STRONG, "a test", watch)
    first, late = auth.ticket(), auth.ticket()
    assert first != late
    assert auth.redeem(first)
    assert not auth.redeem(first)
    watch.ns = TICKET_S * SECOND_NS
    assert not auth.redeem(late)
    assert not auth.redeem("made up")
    assert auth.exchange("made up") is None
    assert 60 <= TICKET_S <= 300


def test_a_session_ends() -> None:
    watch = Watch()
    auth = Auth(STRONG, "a test", watch)
    session = auth.exchange(auth.ticket())
    assert session is not None
    watch.ns = SESSION_S * SECOND_NS - 1
    assert auth.accepts(session)
    watch.ns += 1
    assert not auth.accepts(session)
    assert auth.accepts(STRONG)
    # A ticket is no token, and a session no ticket.
    assert not auth.accepts(auth.ticket())
    assert not auth.redeem(session)


def test_what_a_session_makes_ends_no_later_than_itself() -> None:
    watch = Watch()
    auth = Auth(STRONG, "a test", watch)
    session = auth.exchange(auth.ticket())
    assert session is not None
    ends = auth.end_of(session)
    assert ends == SESSION_S * SECOND_NS
    watch.ns = ends - 10 * SECOND_NS
    child = auth.exchange(auth.ticket(ends))
    assert child is not None
    assert auth.end_of(child) == auth.redeem(auth.ticket(ends)) == ends
    late = auth.ticket(ends)
    mine = auth.exchange(auth.ticket())
    watch.ns = ends
    assert not auth.accepts(child)
    assert auth.exchange(late) is None
    # The token itself never ends, nor is what it makes bound by another's end.
    assert mine is not None
    assert auth.end_of(mine) == ends - 10 * SECOND_NS + SESSION_S * SECOND_NS
    assert auth.end_of(STRONG) == auth.redeem(auth.ticket()) == NEVER


def test_there_is_a_bound_to_all_that_is_kept() -> None:
    auth = Auth(STRONG, "a test")
    tickets = [auth.ticket() for _ in range(MAX_TICKETS + 1)]
    assert not auth.redeem(tickets[0])
    assert auth.redeem(tickets[1])
    sessions = [auth.exchange(auth.ticket()) for _ in range(MAX_SESSIONS + 1)]
    good = [session is not None and auth.accepts(session) for session in sessions]
    assert good == [False] + [True] * MAX_SESSIONS


@pytest.mark.parametrize("given", ["", "\ud800", "é", STRONG[:-1], STRONG + " ", STRONG.lower()])
def test_nothing_but_the_token_is_accepted(given: str) -> None:
    assert not Auth(STRONG, "a test").accepts(given)


# Sessions outlive the process.


def restarted(path: Path, token: str = STRONG) -> Auth:
    auth = Auth(token, "a test")
    auth.keep_sessions(path)
    return auth


def signed_in(auth: Auth) -> str:
    session = auth.exchange(auth.ticket())
    assert session is not None
    return session


def test_a_session_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "run"
    first = restarted(path)
    sessions = [signed_in(first) for _ in range(3)]
    for _ in range(3):
        again = restarted(path)
        assert all(again.accepts(session) for session in sessions)
        assert not again.accepts("made up")
        sessions.append(signed_in(again))
    end = again.end_of(sessions[0])
    assert end is not None
    assert 0.0 < again.seconds_left(end) <= SESSION_S


def test_the_file_of_sessions_tells_no_token_and_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "sessions" / "run"
    umask = os.umask(0)
    try:
        session = signed_in(restarted(path))
    finally:
        os.umask(umask)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert session.encode() not in path.read_bytes()
    assert STRONG.encode() not in path.read_bytes()
    assert [found.name for found in path.parent.iterdir()] == ["run"]
    path.chmod(0o640)
    assert not restarted(path).accepts(session)


def test_another_token_ends_all_sessions(tmp_path: Path) -> None:
    path = tmp_path / "run"
    session = signed_in(restarted(path))
    assert not restarted(path, STRONG + "x").accepts(session)
    assert restarted(path).accepts(session)
    signed_in(restarted(path, STRONG + "x"))
    assert not restarted(path).accepts(session)


def test_a_changed_or_cut_file_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "run"
    session = signed_in(restarted(path))
    held = path.read_bytes()
    for place in range(len(held)):
        path.write_bytes(held[:place] + bytes([held[place] ^ 1]) + held[place + 1 :])
        assert not restarted(path).accepts(session)
        path.write_bytes(held[:place])
        assert not restarted(path).accepts(session)
    path.write_bytes(held)
    assert restarted(path).accepts(session)


def test_a_session_ends_by_the_wall_clock_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run"
    session = signed_in(restarted(path))
    later = wall_ns() + SESSION_S * SECOND_NS
    monkeypatch.setattr(session_file, "wall_ns", lambda: later)
    assert not restarted(path).accepts(session)
    # A clock that was set back makes no session longer than it was at first.
    monkeypatch.setattr(session_file, "wall_ns", lambda: later - 1_000 * SESSION_S * SECOND_NS)
    back = restarted(path)
    end = back.end_of(session)
    assert end is not None
    assert back.seconds_left(end) <= SESSION_S


def test_files_in_which_every_session_has_ended_are_deleted(tmp_path: Path) -> None:
    signed_in(restarted(tmp_path / "old"))
    signed_in(restarted(tmp_path / "young"))
    os.utime(tmp_path / "old", (0, 0))
    signed_in(restarted(tmp_path / "run"))
    assert sorted(found.name for found in tmp_path.iterdir()) == ["run", "young"]


def test_a_folder_that_cannot_be_written_costs_no_sign_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "sessions").write_text("a file where a folder should be")
    auth = restarted(tmp_path / "sessions" / "run")
    assert auth.accepts(signed_in(auth))
    assert "could not be saved" in caplog.text


# Wrong tokens are answered late.


def test_wrong_ones_are_held_back_longer_and_longer_until_they_cease() -> None:
    watch = Watch()
    backoff = Backoff(watch)
    held = [backoff.count() for _ in range(12)]
    assert held[:5] == [0.0] * 5
    assert held[5:] == sorted(held[5:])
    assert held[-1] == LONGEST_SECONDS
    assert [backoff.count() for _ in range(1_000)] == [LONGEST_SECONDS] * 1_000
    watch.ns = 300 * SECOND_NS
    assert backoff.count() == 0.0
