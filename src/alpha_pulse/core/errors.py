"""Every error a user can meet: one sentence saying what was found, where, what was expected, and the mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AlphaPulseError(Exception):
    """Base of all errors that are meant to be read by a person.

    The command line prints the message alone; no traceback.
    """


class ConfigError(AlphaPulseError):
    """A configuration file, flag or environment variable that cannot be used."""


class DataError(AlphaPulseError):
    """Market data or another outside input that is refused at the boundary."""


class NonFiniteError(DataError):
    """A NaN, an infinity or an absurd magnitude where a finite number is needed."""


class UnknownNameError(AlphaPulseError):
    """A name that no table or entry point holds."""


class SessionError(AlphaPulseError):
    """A learning session that does not exist, exists already, or cannot do what was asked."""


class NotFoundError(AlphaPulseError):
    """Something that was asked for by its name or id and is not there."""


class ConflictError(AlphaPulseError):
    """A request that is well formed, but does not fit what is going on."""


class NotReadyError(AlphaPulseError):
    """A request that cannot be served now: the engine is still starting, or has failed."""


class StateError(AlphaPulseError):
    """A snapshot, checkpoint or journal row that is damaged or does not fit this program."""


class StoreError(AlphaPulseError):
    """A store that cannot be opened, or that holds another run."""


class OutputError(AlphaPulseError):
    """Standard output, or another place for results, that cannot be written."""


class OrderError(AlphaPulseError):
    """An order that the venue or the risk gate could not have accepted."""


class AgentError(AlphaPulseError):
    """A trading agent that broke its contract."""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Name the nearest known spelling, as the tail of an error sentence.

    >>> did_you_mean("volatilty", ["volatility", "direction"])
    "; did you mean 'volatility'?"
    >>> did_you_mean("x", ["volatility", "direction"])
    '; known: direction, volatility'
    """
    names = sorted(known)
    near = difflib.get_close_matches(found, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else "; none are known"
