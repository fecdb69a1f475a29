"""Decision lines as they are exported: the journal's, with the opens of their bars beside the time of the decision."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class _Named(msgspec.Struct):
    symbol: str


class _Line(msgspec.Struct):
    """The part of a decision line that names bars."""

    ts: int
    signals: list[_Named] = []
    orders: list[_Named] = []


_read = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder().encode


def exported(line: bytes, opened: Callable[[str, int], int]) -> bytes:
    """The line with ``bar_open_ts`` as its last field: by symbol the open of the bar that was decided on.

    Parameters
    ----------
    line
        As the journal holds it, with a newline.
    opened
        The open of a symbol's bar that ends at an instant; see `alpha_pulse.feeds.base.Feed`.

    >>> exported(b'{"ts":9,"signals":[{"symbol":"X"}],"orders":[]}\\n', lambda symbol, ts: ts - 2)
    b'{"ts":9,"signals":[{"symbol":"X"}],"orders":[],"bar_open_ts":{"X":7}}\\n'
    """
    found = _read(line)
    opens = {one.symbol: opened(one.symbol, found.ts) for one in (*found.signals, *found.orders)}
    return line.rstrip()[:-1] + b',"bar_open_ts":' + _encode(opens) + b"}\n"
