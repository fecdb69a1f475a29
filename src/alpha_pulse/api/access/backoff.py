"""Responses to wrong tokens are delayed; the delay grows with their number. Requests with a valid token are never delayed.

No client is locked out. On loopback all clients have the same address, so a lock would exclude the owner too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS

FREE = 5
"""Number of wrong tokens that cause no delay, as after a typing error or from a page whose session has ended."""
FIRST_SECONDS, LONGEST_SECONDS = 0.1, 3.0
FORGIVEN_SECONDS = 10.0
"""The count falls by one in this time."""
MOST_COUNTED = 20


class Backoff:
    """Counts wrong tokens and tickets of all clients together.

    Parameters
    ----------
    now_ns
        A monotonic clock, in nanoseconds.
    longest_s
        The longest delay, in seconds.

    >>> backoff = Backoff(lambda: 0)
    >>> [backoff.count() for _ in range(8)]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.4]
    """

    def __init__(self, now_ns: Callable[[], int] = elapsed_ns, longest_s: float = LONGEST_SECONDS) -> None:
        self._longest_s = longest_s
        self._now_ns = now_ns
        self._counted = 0.0
        self._at_ns = now_ns()

    def count(self) -> float:
        """Count a wrong token and return the delay of its response, in seconds."""
        now_ns = self._now_ns()
        forgiven = (now_ns - self._at_ns) / (FORGIVEN_SECONDS * SECOND_NS)
        self._at_ns = now_ns
        self._counted = min(max(0.0, self._counted - forgiven) + 1.0, MOST_COUNTED)
        over = self._counted - FREE
        return 0.0 if over <= 0.0 else min(self._longest_s, FIRST_SECONDS * 2.0 ** (over - 1.0))

    async def wait(self) -> None:
        """Count a wrong token and sleep for its delay."""
        seconds = self.count()
        if seconds:
            await asyncio.sleep(seconds)
