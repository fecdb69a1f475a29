"""Authorisation: one token, sign-in sessions of the page, and one-time tickets with the rights of either.

Only SHA-256 digests are stored. Those of sessions are also stored in a file, so that sessions survive a restart. The token's
digest is compared in constant time, and the time of a look-up by digest reveals nothing about other tokens.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from alpha_pulse.api.access.backoff import Backoff
from alpha_pulse.api.access.session_file import SessionFile
from alpha_pulse.api.access.token_file import TOKEN_VARIABLE, check_strength, fresh_token, read_or_make
from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS

SESSION_S = 12 * 3600
TICKET_S = 120
MAX_SESSIONS = 64
MAX_TICKETS = 256
NEVER = 2**62

log = logging.getLogger("alpha_pulse.api")


class _Life(NamedTuple):
    """``until_ns``: the secret is valid until then. ``ends_ns``: the latest end of a session or ticket that is made with it."""

    until_ns: int
    ends_ns: int


class Auth:
    """Checks the token, sessions and tickets.

    Parameters
    ----------
    token
        The token of the header ``Authorization: Bearer TOKEN``.
    where
        The place of the token, for messages.
    now_ns
        A monotonic clock, in nanoseconds.
    backoff
        Counts wrong tokens and delays their responses.

    >>> auth = Auth("correct-horse-battery", "an example")
    >>> session = auth.exchange(auth.ticket())
    >>> auth.accepts(session), auth.accepts("correct-horse-batterz")
    (True, False)
    """

    def __init__(self, token: str, where: str, now_ns: Callable[[], int] = elapsed_ns, backoff: Backoff | None = None) -> None:
        self._digest = _digest(token)
        self.where = where
        self._now_ns = now_ns
        self._sessions: dict[bytes, _Life] = {}
        self._tickets: dict[bytes, _Life] = {}
        self._file: SessionFile | None = None
        self.backoff = Backoff(now_ns) if backoff is None else backoff

    @classmethod
    def open(cls, path: Path, environ: Mapping[str, str] | None = None) -> Auth:
        """Read the token from the environment, else from the file ``path``, which is created at the first start.

        Raises
        ------
        ConfigError
            The token is weak, the file cannot be created or read, or other users can read it.
        """
        token = (os.environ if environ is None else environ).get(TOKEN_VARIABLE)
        if token is not None:
            check_strength(token, TOKEN_VARIABLE)
            return cls(token, f"the environment variable {TOKEN_VARIABLE}")
        return cls(read_or_make(path), str(path))

    def keep_sessions(self, path: Path) -> None:
        """Load the sessions of earlier processes from the file ``path``, and save new ones to it."""
        self._file = SessionFile(path, self._digest)
        now_ns = self._now_ns()
        for digest, left_ns in list(self._file.read().items())[-MAX_SESSIONS:]:
            # The wall clock may have been set back in the meantime.
            until_ns = now_ns + min(left_ns, SESSION_S * SECOND_NS)
            self._sessions[digest] = _Life(until_ns, until_ns)

    def accepts(self, token: str) -> bool:
        """Whether this is the token, or the token of a session that has not ended."""
        return self.end_of(token) is not None

    def end_of(self, token: str) -> int | None:
        """The end of a token on the monotonic clock (ns): ``NEVER`` for the configured token, None for a wrong or ended one."""
        digest = _digest(token)
        if hmac.compare_digest(digest, self._digest):
            return NEVER
        return self._end(self._sessions.get(digest))

    def seconds_left(self, ends_ns: int) -> float:
        """Seconds from now until an end that `end_of` or `redeem` returned."""
        return (ends_ns - self._now_ns()) / SECOND_NS

    def ticket(self, ends_ns: int = NEVER) -> str:
        """A new one-time ticket, valid for ``TICKET_S`` seconds, for a token that ends at ``ends_ns``.

        The oldest ticket is removed when there are more than ``MAX_TICKETS``.
        """
        return self._issue(self._tickets, TICKET_S, ends_ns, MAX_TICKETS)

    def redeem(self, ticket: str) -> int | None:
        """Use a ticket once. Returns the end of its token (ns); None for an unknown, used or expired ticket."""
        return self._end(self._tickets.pop(_digest(ticket), None))

    def exchange(self, ticket: str) -> str | None:
        """A session token for a ticket, valid for ``SESSION_S`` seconds; None for an invalid ticket.

        The session ends no later than the session that made the ticket; otherwise a session could be renewed without limit.
        """
        ends_ns = self.redeem(ticket)
        if ends_ns is None:
            return None
        until_ns = min(ends_ns, self._now_ns() + SESSION_S * SECOND_NS)
        token = self._issue(self._sessions, SESSION_S, until_ns, MAX_SESSIONS)
        self._save_sessions()
        return token

    def _save_sessions(self) -> None:
        if self._file is None:
            return
        now_ns = self._now_ns()
        try:
            self._file.write({digest: life.until_ns - now_ns for digest, life in self._sessions.items()})
        except OSError as error:
            log.warning("sign-in sessions could not be saved (%s); after a restart the page asks for the token", error)

    def _end(self, life: _Life | None) -> int | None:
        return life.ends_ns if life is not None and self._now_ns() < life.until_ns else None

    def _issue(self, table: dict[bytes, _Life], life_s: int, ends_ns: int, most: int) -> str:
        """Add a new secret to a table by digest, oldest first. Removes ended ones, and the oldest ones above ``most``."""
        now_ns = self._now_ns()
        for digest in [digest for digest, life in table.items() if life.until_ns <= now_ns]:
            del table[digest]
        while len(table) >= most:
            del table[next(iter(table))]
        token = fresh_token()
        table[_digest(token)] = _Life(min(ends_ns, now_ns + life_s * SECOND_NS), ends_ns)
        return token


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
