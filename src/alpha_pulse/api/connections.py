"""All open connections, in two classes: authorised ones, which have sent a valid token, and others.

Anyone who can reach the port can open many connections. When the maximum is reached, a new connection closes the oldest
unauthorised one. An authorised client starts as one of the others, and becomes authorised with its first request; connections
that authorised clients do not use are left to the others.
"""

from __future__ import annotations

from typing import Protocol

RESERVED_FILES = 128
"""Open files reserved for the store, libraries and the terminal."""
MOST_FILES = 4_096
MOST, MOST_HOLDERS = 896, 640


class Connection(Protocol):
    """The interface of a connection."""

    @property
    def busy(self) -> bool:
        """Whether a request is in progress, or a stream is open."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Connections:
    """The open connections.

    Parameters
    ----------
    room, holders
        The maximum number of connections, and of authorised ones, which is smaller.
    """

    def __init__(self, room: int = MOST, holders: int = MOST_HOLDERS) -> None:
        self._room = room
        self._holders_room = holders
        self._others: dict[Connection, None] = {}
        self._holders: dict[Connection, None] = {}
        self.dropped = 0

    def opened(self, connection: Connection) -> None:
        """Add a connection, not authorised yet."""
        while self._others and len(self._others) + len(self._holders) >= self._room:
            self._drop(self._others, next(iter(self._others)))
        self._others[connection] = None

    def closed(self, connection: Connection) -> None:
        """Remove a connection."""
        self._others.pop(connection, None)
        self._holders.pop(connection, None)

    def admit(self, connection: Connection) -> bool:
        """Mark a connection as authorised. False when all authorised connections are busy and the maximum is reached."""
        if connection in self._holders:
            # Keeps the order of last use.
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
    """Connections sized by the number of files this process may open, after raising its limit.

    The default limit of a shell, 1,024 or on some systems 256, is not enough for both classes.
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
            # Some systems report a higher limit than they allow.
            pass
    return _within(MOST_FILES if soft == resource.RLIM_INFINITY else soft)


def _within(files: int) -> Connections:
    """The connections for a number of open files.

    >>> room = _within(256)
    >>> room._room, room._holders_room
    (128, 96)
    """
    room = min(MOST, max(32, files - RESERVED_FILES))
    return Connections(room, min(MOST_HOLDERS, room - room // 4))
