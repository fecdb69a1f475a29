"""What client processes have in common. They import nothing of the product but its clock, so that they start at once."""

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec


def begin_as_client() -> dict[str, Any]:
    """What was asked, after moving to a core that the server leaves."""
    asked: dict[str, Any] = msgspec.json.decode(sys.argv[1])
    if sys.platform == "linux":
        free = set(range(os.cpu_count() or 1)) - set(asked["leave"])
        os.sched_setaffinity(0, free or {0})
    return asked


def wait_for_go() -> None:
    """Say that it is ready, and wait to be told."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
