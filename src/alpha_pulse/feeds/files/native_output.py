"""Suppresses what native code prints on standard error when it fails; the failure itself is raised as an exception."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def suppressed_stderr() -> Iterator[None]:
    """Discard standard error of the process: polars prints a trace when it panics on a damaged file."""
    sys.stderr.flush()
    try:
        saved, null_device = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error
        yield
        return
    try:
        os.dup2(null_device, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null_device)
