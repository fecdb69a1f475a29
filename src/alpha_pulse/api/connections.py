"""All open connections, in two classes: those that have shown a good token, and all others.

Whoever reaches the port can open connections without end. They compete among themselves only: one that is opened when there is
no room for another closes the oldest that has shown no token. A connection of the token's holder is one of those from its
opening to its first request, and is among the newest then; so all room that holders do not use is left to the others.
"""

from __future__ import annotations

from typing import Protocol

RESERVED_FILES = 128
"""Open files that are left to everything but connections: the store, the libraries, the terminal."""
MOST_FILES = 4_096
MOST, MOST_HOLDERS = 896, 640


class Connection(Protocol):
    """What is asked of a connection."""

    @property
    def busy(self) -> bool:
        """Whether a request is being answered, or a stream is open."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Connections:
    """Who is connected.

    Parameters
    ----------
    room, holders
        Room for all connections, and, of it, for those that have shown a good token: fewer than ``room``.
    """

    def __init__(self, room: int = MOST, holders: int = MOST_HOLDERS) -> None:
        self._room = room
        self._holders_room = holders
        self._others: dict[Connection, None] = {}
        self._holders: dict[Connection, None] = {}
        self.dropped = 0

    def opened(self, connection: Connection) -> None:
        """One more, which has shown no token yet."""
        while self._others and len(self._others) + len(self._holders) >= self._room:
            self._drop(self._others, next(iter(self._others)))
        self._others[connection] = None

    def closed(self, connection: Connection) -> None:
        """It is gone."""
        self._others.pop(connection, None)
        self._holders.pop(connection, None)

    def admit(self, connection: Connection) -> bool:
        """It has shown a good token; False when all connections of the token's holders are busy, so that there is no room."""
        if connection in self._holders:
            # The one that was used last comes last.
            self._holders[connection] = self._holders.pop(connection)
            return True
        if connection not in self._others:
            return False
        if len(self._holders) >= self._holders_room:
            idle = next((held for held in self._holders if not held.busy), None)
            if idle is None:
                return False
            self._drop(self._holders, idle)
        self._others.pop(connection)
        self._holders[connection] = None
        return True

    def _drop(self, table: dict[Connection, None], connection: Connection) -> None:
        del table[connection]
        self.dropped += 1
        connection.abort()


def make_room() -> Connections:
    """Connections for as many files as this process may open, once it has asked for more of them.

    What a shell allows by default, 1,024 and on some systems 256, is not enough for both classes.
    """
    try:
        import resource
    except ImportError:
        return Connections()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):
            # Some systems name a higher limit than they allow.
            pass
    return _within(MOST_FILES if soft == resource.RLIM_INFINITY else soft)


def _within(files: int) -> Connections:
    """As many as so many files have room for, at least a few.

    >>> room = _within(256)
    >>> room._room, room._holders_room
    (128, 96)
    """
    room = min(MOST, max(32, files - RESERVED_FILES))
    return Connections(room, min(MOST_HOLDERS, room - room // 4))
