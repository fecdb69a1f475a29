"""Sign-in sessions in a file, so that a page stays signed in after a restart.

The file contains the SHA-256 digests of session tokens and the end of each session (wall clock). Its last line is an HMAC of
the content, keyed by the token's digest. A file that was changed, or that was written with another token, is ignored.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import stat
from pathlib import Path

import msgspec

from alpha_pulse.core.clock import wall_ns

LARGEST = 64 * 1024
OLD_NS = 24 * 3600 * 1_000_000_000
"""A file that was last written this long ago (ns) contains only sessions that have ended."""


class _StoredSession(msgspec.Struct, frozen=True):
    digest: str
    until_ns: int


_decoder = msgspec.json.Decoder(list[_StoredSession])


class SessionFile:
    """Reads and writes the sessions of one run.

    Parameters
    ----------
    path
        The file; its folder is created when needed.
    key
        The key of the HMAC. A file that was written with another key is ignored.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    def read(self) -> dict[bytes, int]:
        """The remaining time of each session (ns), by its digest. Empty if the file is missing, damaged, or was written with
        another token."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(file.fileno())
                text = file.read(LARGEST)
        except OSError:
            return {}
        if os.name == "posix" and (stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid()):
            return {}
        body, _, file_digest = text.rpartition(b"\n")
        if not hmac.compare_digest(file_digest, self._hmac(body)):
            return {}
        now_ns = wall_ns()
        sessions = _decoder.decode(body)
        return {bytes.fromhex(session.digest): session.until_ns - now_ns for session in sessions if session.until_ns > now_ns}

    def write(self, left_ns: dict[bytes, int]) -> None:
        """Replace the file atomically, readable by its owner only. ``left_ns``: remaining time by digest. Raises OSError."""
        now_ns = wall_ns()
        body = msgspec.json.encode([_StoredSession(digest.hex(), now_ns + left) for digest, left in left_ns.items()])
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(body + b"\n" + self._hmac(body))
            part.replace(self._path)
            self._delete_old(now_ns)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _delete_old(self, now_ns: int) -> None:
        """Delete the files of other runs in which every session has ended."""
        for other in self._path.parent.iterdir():
            if other.lstat().st_mtime_ns < now_ns - OLD_NS:
                other.unlink(missing_ok=True)

    def _hmac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256").hex().encode()
