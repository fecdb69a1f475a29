"""Waits for space on the disk of a store, and tries again: soon at first, then every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import NoSpaceError
from alpha_pulse.engine.system import System

FIRST_S, LONGEST_S = 0.1, 5.0
"""Seconds between the first two attempts to write, and the most between two."""
_LOOK_S = 0.1
Result = TypeVar("Result")


class Delays:
    """The time from each failed attempt to the next one, doubled each time.

    >>> delays = Delays()
    >>> [delays.after_failure() for _ in range(8)]
    [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    """

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after_failure(self) -> float:
        """The time until the next attempt, in seconds."""
        delay, self._next_s = self._next_s, min(2.0 * self._next_s, LONGEST_S)
        return delay

    def after_success(self) -> None:
        """Begin anew."""
        self._next_s = FIRST_S


def waiting(error: NoSpaceError) -> str:
    """The message about a run that waits for space.

    >>> waiting(NoSpaceError("store run.db could not be written: no space is left on the disk"))
    'store run.db could not be written: no space is left on the disk; the run waits, and continues by itself'
    """
    return f"{error}; the run waits, and continues by itself"


def write_held(system: System) -> None:
    """Write the steps that found no space, and let out what belongs to them. Raises NoSpaceError and StoreError."""
    system.store.flush()
    system.complete_block()


def until_written(
    action: Callable[[], Result], on_waiting: Callable[[str | None], object], stopped: Callable[[], bool]
) -> Result:
    """Repeat ``action`` while it raises NoSpaceError, and return its result.

    Parameters
    ----------
    action
        It can be repeated after NoSpaceError.
    on_waiting
        Called with a sentence when the waiting begins, and with None when it has ended.
    stopped
        Asked ten times a second, while waiting, whether to stop.

    Raises
    ------
    NoSpaceError
        There is no space, and ``stopped`` returned True.

    >>> until_written(lambda: 7, print, lambda: False)
    7
    """
    delays, waits = Delays(), False
    while True:
        try:
            result = action()
        except NoSpaceError as error:
            if not waits:
                on_waiting(waiting(error))
            waits = True
            if _slept(delays.after_failure(), stopped):
                continue
            raise
        if waits:
            on_waiting(None)
        return result


def _slept(seconds: float, stopped: Callable[[], bool]) -> bool:
    """Sleep; False when it was ended by ``stopped``."""
    ends = elapsed_ns() + round(seconds * SECOND_NS)
    while not stopped():
        left = (ends - elapsed_ns()) / SECOND_NS
        if left <= 0.0:
            return True
        threading.Event().wait(min(left, _LOOK_S))
    return False
