"""What a reader of bars reports: never silent, never fatal."""

from __future__ import annotations

import msgspec


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something about data that was accepted.

    Parameters
    ----------
    kind
        One word for programs, such as ``sorted``, ``jump`` or ``gap``; docs/data.md lists them.
    text
        One sentence for people.
    count
        How often it occurs.
    places
        The first few: a file and row, or a symbol and the start of a bar.
    """

    kind: str
    text: str
    count: int
    places: tuple[str, ...] = ()
