"""Wrong tokens are answered late, and the later the more of them come. Right ones are never kept waiting.

Nobody is locked out: on loopback all have one address, so there is nothing to lock a guesser out by that would spare the owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.core.durations import SECOND_NS

FREE = 5
"""Wrong ones that are answered at once: a slip of the hand, a page whose session has ended."""
FIRST_SECONDS, LONGEST_SECONDS = 0.1, 3.0
FORGIVEN_SECONDS = 10.0
"""After so long one wrong token less counts."""
MOST_COUNTED = 20


class Backoff:
    """Counts wrong tokens and tickets, whoever sends them.

    Parameters
    ----------
    now_ns
        A monotonic clock.
    longest_s
        The most that one is held back.

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
        """One more was wrong; how many seconds its answer is to be held back."""
        now_ns = self._now_ns()
        forgiven = (now_ns - self._at_ns) / (FORGIVEN_SECONDS * SECOND_NS)
        self._at_ns = now_ns
        self._counted = min(max(0.0, self._counted - forgiven) + 1.0, MOST_COUNTED)
        over = self._counted - FREE
        return 0.0 if over <= 0.0 else min(self._longest_s, FIRST_SECONDS * 2.0 ** (over - 1.0))

    async def wait(self) -> None:
        """Hold back the answer to one that was wrong."""
        seconds = self.count()
        if seconds:
            await asyncio.sleep(seconds)
