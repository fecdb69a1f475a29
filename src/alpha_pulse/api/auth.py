"""Who may speak to the server: one token, sessions for the page, and one-time tickets that stand for either.

Nothing is kept but SHA-256 digests. Comparing digests takes as long for a wrong token as for a right one, and looking one up
in a table tells nothing about the tokens behind the others.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.errors import ConfigError

TOKEN_VARIABLE = "ALPHA_PULSE__API__TOKEN"
MIN_CHARACTERS = 16
MIN_DIFFERENT = 8
PLACEHOLDERS = ("changeme", "change-me", "change_me", "password", "secret", "token", "example", "12345678")
TOKEN_BYTES = 32
SESSION_S = 12 * 3600
TICKET_S = 120
MAX_SESSIONS = 64
MAX_TICKETS = 256
SECOND_NS = 1_000_000_000
NEVER = 2**62


class _Life(NamedTuple):
    """Until when a secret is good, and when what is made with it ends at the latest."""

    until_ns: int
    ends_ns: int


class Auth:
    """Knows the token, the sessions and the tickets.

    Parameters
    ----------
    token
        What a request carries as ``Authorization: Bearer TOKEN``.
    where
        Where the token can be read, for people.
    now_ns
        A monotonic clock.

    >>> auth = Auth("correct-horse-battery", "an example")
    >>> session = auth.exchange(auth.ticket())
    >>> auth.accepts(session), auth.accepts("correct-horse-batterz")
    (True, False)
    """

    def __init__(self, token: str, where: str, now_ns: Callable[[], int] = elapsed_ns) -> None:
        self._digest = _digest(token)
        self.where = where
        self._now_ns = now_ns
        self._sessions: dict[bytes, _Life] = {}
        self._tickets: dict[bytes, _Life] = {}

    @classmethod
    def open(cls, path: Path, environ: Mapping[str, str] | None = None) -> Auth:
        """Take the token from the environment, else from the file, which is made at the first start.

        Raises
        ------
        ConfigError
            The token is weak, or the file cannot be made, or others can read it.
        """
        given = (os.environ if environ is None else environ).get(TOKEN_VARIABLE)
        if given is not None:
            _refuse_weak(given, TOKEN_VARIABLE)
            return cls(given, f"the environment variable {TOKEN_VARIABLE}")
        return cls(_read_or_make(path), str(path))

    def accepts(self, token: str) -> bool:
        """Whether this is the token, or that of a session that has not ended."""
        return self.end_of(token) is not None

    def end_of(self, token: str) -> int | None:
        """When a token ends, ``NEVER`` for the one of the file; None for one that is wrong or has ended."""
        digest = _digest(token)
        if hmac.compare_digest(digest, self._digest):
            return NEVER
        return self._end(self._sessions.get(digest))

    def seconds_left(self, ends_ns: int) -> float:
        """From now to an end that `end_of` or `redeem` gave."""
        return (ends_ns - self._now_ns()) / SECOND_NS

    def ticket(self, ends_ns: int = NEVER) -> str:
        """A fresh one-time ticket, good for ``TICKET_S`` seconds, for a token that ends then. Too many drive out the oldest."""
        return self._issue(self._tickets, TICKET_S, ends_ns, MAX_TICKETS)

    def redeem(self, ticket: str) -> int | None:
        """Use a ticket up: when the one that it was made for ends; None for a ticket that is unknown, used or too old."""
        return self._end(self._tickets.pop(_digest(ticket), None))

    def exchange(self, ticket: str) -> str | None:
        """A session token for a ticket, good for ``SESSION_S`` seconds; None for a ticket that is not good.

        The session ends no later than the one that the ticket was made for; else a session could renew itself for ever.
        """
        ends_ns = self.redeem(ticket)
        if ends_ns is None:
            return None
        until_ns = min(ends_ns, self._now_ns() + SESSION_S * SECOND_NS)
        return self._issue(self._sessions, SESSION_S, until_ns, MAX_SESSIONS)

    def _end(self, life: _Life | None) -> int | None:
        return life.ends_ns if life is not None and self._now_ns() < life.until_ns else None

    def _issue(self, table: dict[bytes, _Life], life_s: int, ends_ns: int, most: int) -> str:
        """Put a fresh secret into a table of lives by digest, in which the first is the oldest."""
        now_ns = self._now_ns()
        for digest in [digest for digest, life in table.items() if life.until_ns <= now_ns]:
            del table[digest]
        while len(table) >= most:
            del table[next(iter(table))]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        table[_digest(token)] = _Life(min(ends_ns, now_ns + life_s * SECOND_NS), ends_ns)
        return token


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _refuse_weak(token: str, where: str) -> None:
    """A token must be long, varied, and such that a header can carry it."""
    if len(token) < MIN_CHARACTERS:
        fault = f"has {len(token)} characters, but at least {MIN_CHARACTERS} are needed"
    elif not (token.isascii() and token.isprintable() and " " not in token):
        fault = "holds a character that a header cannot carry; use letters, digits and punctuation"
    elif len(set(token.lower())) < MIN_DIFFERENT:
        fault = f"has {len(set(token.lower()))} different characters, but at least {MIN_DIFFERENT} are needed"
    elif (known := next((word for word in PLACEHOLDERS if word in token.lower()), None)) is not None:
        fault = f"holds {known!r}, which is the first thing that anyone would try"
    else:
        return
    # The token itself is no part of the sentence, which may be logged.
    raise ConfigError(f"the token in {where} is too weak: it {fault}; leave it out, and a strong one is made")


def _read_or_make(path: Path) -> str:
    try:
        if not path.exists() and not path.is_symlink():
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read(4096).strip()
    except OSError as error:
        raise ConfigError(
            f"the token file {path} cannot be used ({error.strerror}); mend that, or set {TOKEN_VARIABLE} instead"
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"the token file {path} can be read by others (mode {mode:04o}); delete it, and one that they cannot is made"
        )
    _refuse_weak(token, str(path))
    return token


def _make(path: Path) -> None:
    """Write a fresh token. The file appears whole or not at all, and is never anyone else's to read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        try:
            # Unlike a rename, a link does not replace the token of a process that was quicker.
            os.link(part, path)
        except FileExistsError:
            return
    finally:
        part.unlink(missing_ok=True)
