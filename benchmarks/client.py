"""The common part of client processes. They import only the clock of the product, so that they start quickly."""

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec


def begin_as_client() -> dict[str, Any]:
    """The parsed arguments; the process moves to a core that the server does not use."""
    options: dict[str, Any] = msgspec.json.decode(sys.argv[1])
    if sys.platform == "linux":
        free = set(range(os.cpu_count() or 1)) - set(options["leave"])
        os.sched_setaffinity(0, free or {0})
    return options


def wait_for_go() -> None:
    """Print that it is ready, and wait for the signal to start."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
