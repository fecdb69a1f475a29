"""Notes: what a reader of bars reports about data that it accepts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

PLACES = 5
"""The largest number of places in a note."""
_NAMED = 3


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A report about accepted data.

    Parameters
    ----------
    kind
        One word for programs, such as ``sorted``, ``jump`` or ``gap``; docs/how-to/read-your-data.md lists them.
    text
        A sentence for people.
    count
        How often it occurs.
    places
        The first few: a file and row, or a symbol and the start of a bar.
    """

    kind: str
    text: str
    count: int = 1
    places: tuple[str, ...] = ()


def show_time(ts: int) -> str:
    """An instant (ns since the epoch), to the second, or to a fraction if it has one.

    >>> show_time(1_500_000_000_000_000_000)
    '2017-07-14 02:40:00 UTC'
    """
    return f"{np.datetime_as_string(np.datetime64(ts, 'ns'), unit='s' if ts % 10**9 == 0 else 'ns').replace('T', ' ')} UTC"


def show_place(symbol: str, ts_start: int) -> str:
    """A bar as a note names it.

    >>> show_place("A", 0)
    'A at 1970-01-01 00:00:00 UTC'
    """
    return f"{symbol} at {show_time(ts_start)}"


def some(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are.

    >>> some(["A"]), some(["A", "B"]), some(list("ABCDE"))
    ('A', 'A and B', 'A, B, C and 2 more')
    """
    if len(names) <= _NAMED:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
