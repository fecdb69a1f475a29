"""The file with the token: created at the first start, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from alpha_pulse.api.access.token_strength import weakness
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.files import sync_folder

TOKEN_VARIABLE = "ALPHA_PULSE__API__TOKEN"
TOKEN_BYTES = 32


def fresh_token() -> str:
    """A random token of 256 bits, as URL-safe base64."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def check_strength(token: str, where: str) -> None:
    """Raise ConfigError for a token that is easily guessed, or that a header cannot carry."""
    problem = weakness(token)
    if problem is not None:
        # The message may be logged, so it does not contain the token.
        raise ConfigError(f"the token in {where} is too weak: it {problem}; remove it, and a strong one is created")


def read_or_make(path: Path) -> str:
    """The token in a file. A missing file is created with a random token.

    Raises
    ------
    ConfigError
        The token is weak, the file cannot be created or read, or other users can read it.
    """
    try:
        if not path.exists() and not path.is_symlink():
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read(4096).strip()
    except OSError as error:
        raise ConfigError(
            f"the token file {path} cannot be used: {reason_of(error)}; fix this, or set {TOKEN_VARIABLE} instead"
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"the token file {path} can be read by other users (mode {mode:04o}); delete it, and a private one is created"
        )
    check_strength(token, str(path))
    return token


def _make(path: Path) -> None:
    """Write a random token. The file appears atomically, and only its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(fresh_token() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # Unlike a rename, a link does not replace the token of another process that was faster.
            os.link(part, path)
            sync_folder(path.parent)
        except FileExistsError:
            return
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
