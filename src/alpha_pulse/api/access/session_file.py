"""Sign-in sessions in a file, so that a restart keeps a page signed in.

The file holds SHA-256 digests of session tokens and when each ends, by the wall clock; below them stands a keyed digest of all
that, made with the token. A file that another token wrote, or that was changed, therefore counts for nothing.
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
"""A file that was written so long ago holds ended sessions only."""


class _Kept(msgspec.Struct, frozen=True):
    digest: str
    until_ns: int


_decoder = msgspec.json.Decoder(list[_Kept])


class SessionFile:
    """Reads and writes the sessions of one run.

    Parameters
    ----------
    path
        Of the file; its folder is made when it is needed.
    key
        Made of the token: with another one nothing is read.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    def read(self) -> dict[bytes, int]:
        """Nanoseconds that are left of each session, by its digest; empty when there is no file, or none that is good."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(file.fileno())
                text = file.read(LARGEST)
        except OSError:
            return {}
        if os.name == "posix" and (stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid()):
            return {}
        body, _, seal = text.rpartition(b"\n")
        if not hmac.compare_digest(seal, self._seal(body)):
            return {}
        now_ns = wall_ns()
        kept = _decoder.decode(body)
        return {bytes.fromhex(one.digest): one.until_ns - now_ns for one in kept if one.until_ns > now_ns}

    def write(self, left_ns: dict[bytes, int]) -> None:
        """Keep sessions by what is left of each. The file appears whole or not at all, and is nobody else's to read."""
        now_ns = wall_ns()
        body = msgspec.json.encode([_Kept(digest.hex(), now_ns + left) for digest, left in left_ns.items()])
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(body + b"\n" + self._seal(body))
            part.replace(self._path)
            self._delete_old(now_ns)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _delete_old(self, now_ns: int) -> None:
        """Files of other runs, in which every session has ended."""
        for other in self._path.parent.iterdir():
            if other.lstat().st_mtime_ns < now_ns - OLD_NS:
                other.unlink(missing_ok=True)

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256").hex().encode()
