"""Schema versions of stores: which can be converted, and what reads the others."""

from __future__ import annotations

import shlex
from pathlib import Path

from alpha_pulse.stores.base import SCHEMA_VERSION

CONVERTIBLE = 4
"""The version that `alpha-pulse journal upgrade` reads."""
STEP_TABLES = {CONVERTIBLE: "journal", SCHEMA_VERSION: "block"}
"""The table that contains the steps, in versions that this program reads."""
LAST_READERS = {1: "251e8c2 (2026-11-23)", 2: "8ae6a72 (2026-11-30)", 3: "5c418ec (2026-11-30)"}
"""The last commit of AlphaPulse 0.1.0 that reads a version."""


def other_version(path: Path, version: int, advice: str = "") -> str:
    """One sentence about a store of another version than this program expects: what reads it, or else ``advice``.

    >>> print(other_version(Path("run.db"), 4))
    store run.db was written by an earlier version (schema version 4); `alpha-pulse journal upgrade run.db --to NEW` converts it
    """
    otherwise = f", or {advice}" if advice else ""
    if version == SCHEMA_VERSION:
        return f"store {path} has schema version {version} already, so it needs no conversion"
    if version > SCHEMA_VERSION:
        return (
            f"store {path} was written by a later version (schema version {version}; this version reads {SCHEMA_VERSION}); "
            f"open it with that version{otherwise}"
        )
    written = f"store {path} was written by an earlier version (schema version {version})"
    if version == CONVERTIBLE:
        return f"{written}; {conversion(path)}"
    reader = f"AlphaPulse 0.1.0 at commit {LAST_READERS[version]}" if version in LAST_READERS else "the version that wrote it"
    return f"{written} and cannot be converted; open it with {reader} (docs/upgrading.md){otherwise}"


def conversion(path: Path) -> str:
    """How a store of a convertible version is converted, as the end of a sentence."""
    return f"`alpha-pulse journal upgrade {shlex.quote(str(path))} --to NEW` converts it"
