"""Named points of the program at which a copy of the warm process kills itself."""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpha_pulse.engine.pipeline import Pipeline
from alpha_pulse.stores import connection
from alpha_pulse.stores.head import HeadFile
from alpha_pulse.stores.sql import SqliteStore

PLACES: dict[str, tuple[Any, str]] = {
    "creation": (connection, "make_database"),
    "rename": (Path, "replace"),
    "append": (SqliteStore, "append"),
    "commit": (SqliteStore, "_commit"),
    "mark": (HeadFile, "write"),
    "merge": (SqliteStore, "_merge_wal"),
    "checkpoint": (SqliteStore, "save_checkpoint"),
    "learning": (Pipeline, "learn"),
    "decision": (Pipeline, "decide"),
    "acknowledgement": (os, "write"),
}
AT_MOST = {"creation": 1, "rename": 1, "merge": 3, "checkpoint": 4, "acknowledgement": 40}
"""How often a place is reached in a short run, where that is not often."""


def die_at(place: str, nth: int, *, after: bool) -> None:
    """Be killed before or after the ``nth`` call of a place."""
    owner, name = PLACES[place]
    original: Callable[..., Any] = getattr(owner, name)
    calls = itertools.count(1)

    @functools.wraps(original)
    def call(*arguments: Any, **named: Any) -> Any:
        last = next(calls) == nth
        if last and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, call)
