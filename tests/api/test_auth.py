"""The token, tickets and sessions by themselves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from alpha_pulse.api.auth import MAX_SESSIONS, MAX_TICKETS, NEVER, SESSION_S, TICKET_S, TOKEN_VARIABLE, Auth
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


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    Auth.open(path, {})
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"can be read by others \(mode 0640\)"):
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
