"""Ctrl-C, and the stop button of a notebook, as a request to stop at the next step."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOPPING = "stopping after the current block of bars; Ctrl-C again stops at once"
"""Printed when Ctrl-C is pressed, as the block of a slow feature or model may take seconds."""


def say_stopping() -> None:
    """Print that a run stops at its next step: for a handler of signals, which may interrupt another print."""
    with suppress(RuntimeError):  # standard error cannot be written to within a write to it
        print(f"\n{STOPPING}", file=sys.stderr, flush=True)


@contextmanager
def interruptible(on_press: Callable[[], object] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Within the block, whether Ctrl-C was pressed. The first one calls ``on_press``, a second one raises KeyboardInterrupt.

    Python delivers signals to the main thread only; in another one the block changes nothing.
    """
    pressed = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        on_press()

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
