"""How a message names an option of the reader: as on the command line, and as an argument in Python."""

from __future__ import annotations


def option(name: str, *values: str) -> str:
    """An option with the values that it may have; an option without a value is a switch.

    >>> option("tz", "UTC")
    '--tz UTC (in Python tz="UTC")'
    >>> option("stamp", "open", "close")
    '--stamp open or close (in Python stamp="open" or "close")'
    >>> option("adjusted")
    '--adjusted (in Python adjusted=True)'
    """
    if not values:
        return f"--{name} (in Python {name}=True)"
    quoted = [f'"{value}"' for value in values]
    return f"--{name} {' or '.join(values)} (in Python {name}={' or '.join(quoted)})"
