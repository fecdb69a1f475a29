"""Decision lines for export: those of the journal, with the opens of their bars added."""

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
    """The line with ``bar_open_ts`` as its last field: the open of the decided bar by symbol, in ns.

    Parameters
    ----------
    line
        A line of the journal, with a newline.
    opened
        Returns the open of a symbol's bar by its end; see `alpha_pulse.feeds.base.Feed`.

    >>> exported(b'{"ts":9,"signals":[{"symbol":"X"}],"orders":[]}\\n', lambda symbol, ts: ts - 2)
    b'{"ts":9,"signals":[{"symbol":"X"}],"orders":[],"bar_open_ts":{"X":7}}\\n'
    """
    decision = _read(line)
    opens = {item.symbol: opened(item.symbol, decision.ts) for item in (*decision.signals, *decision.orders)}
    return line.rstrip()[:-1] + b',"bar_open_ts":' + _encode(opens) + b"}\n"
