"""Segments of a generated stream, each with another concept, and checks of the parameters of generators."""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.ranges import check_range
from alpha_pulse.evaluation.streams.base import Labels

MOST_VALUES = 200_000_000
"""Maximum number of feature values of a generated stream: 1.6 GB."""


def parts(n: int, count: int) -> Labels:
    """The segment, from 0, of each of ``n`` examples; the ``count`` segments have about equal length.

    >>> parts(5, 2).tolist()
    [0, 0, 0, 1, 1]
    """
    return np.arange(n, dtype=np.int64) * count // n


def change_points(segment: Labels) -> tuple[int, ...]:
    """The first example of each segment except the first.

    >>> change_points(np.array([0, 0, 1, 1, 2]))
    (2, 4)
    """
    return tuple((np.flatnonzero(np.diff(segment)) + 1).tolist())


def check_options(generator: str, **options: tuple[float, float, float | None]) -> None:
    """Check options given as (value, lowest, highest); a highest of None means no limit.

    Raises
    ------
    ConfigError
        An option is out of range; the message reports the generator, the option and its range.

    >>> check_options("sea", n=(0, 1, None))
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: n of sea is 0; expected 1 or more
    """
    for name, (value, lowest, highest) in options.items():
        check_range(f"{name} of {generator}", value, lowest, math.inf if highest is None else highest, inclusive=True)


def check_size(generator: str, columns: int, **counts: int) -> None:
    """Check that ``columns`` numbers for each of ``counts`` rows fit into memory, before any are generated.

    Raises
    ------
    ConfigError
        There are more than `MOST_VALUES` numbers; the message reports their size and the largest allowed count.

    >>> check_size("sea", 3, n=10**9)
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: sea was given n = 1,000,000,000, of 3 numbers each: 24 GB; give 66,666,666 or fewer
    """
    for name, count in counts.items():
        if count * columns > MOST_VALUES:
            most = MOST_VALUES // columns
            fix = f"give {most:,} or fewer" if most else f"expected {MOST_VALUES:,} numbers or fewer"
            raise ConfigError(
                f"{generator} was given {name} = {count:,}, of {columns:,} numbers each: {8 * count * columns // 10**9:,} GB; "
                f"{fix}"
            )
