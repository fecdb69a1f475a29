"""Ctrl-C and SIGTERM as a request to stop, which a command checks between two steps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StoppedError(Exception):
    """A signal requested the end of the command; everything so far is durable."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


@contextmanager
def signals(on_first: Callable[[], object] = lambda: None) -> Iterator[list[int]]:
    """The signals received so far. The first one calls ``on_first``, a second one ends the process at once."""
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        for other in before:
            signal.signal(other, signal.SIG_DFL)
        on_first()

    for number in before:
        signal.signal(number, handle)
    try:
        yield caught
    finally:
        for number, old in before.items():
            signal.signal(number, old)
