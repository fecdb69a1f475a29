"""Keeps what native code prints when it fails off the terminal: the failure itself is an exception, which is reported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def suppressed_stderr() -> Iterator[None]:
    """Send standard error of the process to nowhere for a moment: polars prints a trace when it panics on a damaged file."""
    sys.stderr.flush()
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no standard error
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
