"""All errors that are shown to users. A message is one sentence: the problem, its place, what is expected, and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AlphaPulseError(Exception):
    """The base class of errors that are shown to users.

    The command line prints the message without a traceback.
    """


class ConfigError(AlphaPulseError):
    """A configuration file, flag or environment variable that cannot be used."""


class DataError(AlphaPulseError):
    """Market data or other external input that is invalid."""


class UnsupportedSystemError(AlphaPulseError):
    """An operating system on which this program does not run."""


class NonFiniteError(DataError):
    """A NaN, an infinite or a too large number where a finite number is needed."""


class UnknownNameError(AlphaPulseError):
    """A name that is neither built in nor the name of an installed plug-in."""


class SessionError(AlphaPulseError):
    """A learning session that does not exist, exists already, or cannot do what is requested."""


class NotFoundError(AlphaPulseError):
    """A symbol, prediction or other object that does not exist."""


class ConflictError(AlphaPulseError):
    """A valid request that conflicts with the state of the run, such as a step while it is not paused."""


class NotReadyError(AlphaPulseError):
    """A request that cannot be served now: the engine is still starting, or has failed."""


class StartingError(NotReadyError):
    """A request that can be served in a few seconds, when the engine has started."""


class StateError(AlphaPulseError):
    """A snapshot, checkpoint or step of the journal that is damaged or does not fit this program."""


class StoreError(AlphaPulseError):
    """A store that cannot be opened, or that contains another run."""


class NoSpaceError(StoreError):
    """A store that cannot be written because its disk is full. What it was given is kept, and written once there is space."""


class OutputError(AlphaPulseError):
    """Standard output, or a file for results, that cannot be written."""


class OrderError(AlphaPulseError):
    """An invalid order, which neither the risk gate nor the venue accepts."""


class AgentError(AlphaPulseError):
    """A trading agent that violates its contract."""


class FeatureError(AlphaPulseError):
    """A user's own feature or target that violates its contract."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the nearest known spelling, as the tail of an error sentence.

    >>> did_you_mean("volatilty", ["volatility", "direction"])
    "; did you mean 'volatility'?"
    >>> did_you_mean("x", ["volatility", "direction"])
    '; known: direction, volatility'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else "; none are known"
