"""What a user's code raised or returned, in one line."""

from __future__ import annotations

import importlib
import os
import reprlib
import traceback
from pathlib import Path

PROGRAM = f"{Path(__file__).parents[2]}{os.sep}"
"""The folder of this program."""


def raised(error: Exception) -> str:
    """What a user's code raised, and where, in one line; see `described_error`.

    >>> try:
    ...     1 / 0
    ... except ZeroDivisionError as error:
    ...     raised(error)
    'raised ZeroDivisionError: division by zero'
    """
    return f"raised {described_error(error)}"


def described_error(error: Exception) -> str:
    """Type and text of an error in one line, and the last line of the user's file that led to it.

    The user's file is the first one that was called and is none of this program. Without a line where nothing was called, as
    with a wrong number of arguments.

    >>> try:
    ...     {}["x"]
    ... except KeyError as error:
    ...     described_error(error)
    "KeyError: 'x'"
    """
    called = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)[1:]
        if not frame.filename.startswith(("<frozen", PROGRAM)) and frame.filename != importlib.__file__
    ]
    own = [frame for frame in called if frame.filename == called[0].filename]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{place}"


def number_of(returned: object) -> float | None:
    """What a user's function returned, as a number; None where it is none, such as None or text.

    >>> import numpy as np
    >>> number_of(np.float32(0.5)), number_of("0.5"), number_of(None)
    (0.5, None, None)
    """
    if isinstance(returned, str | bytes):
        return None
    try:
        return float(returned)  # type: ignore[arg-type]  # what cannot be converted is None
    except (TypeError, ValueError):
        return None


def shown(returned: object) -> str:
    """What a user's function returned, in one short line.

    >>> import numpy as np
    >>> shown(None), shown(np.arange(100.0))
    ('None', 'array([ 0., ...7., 98., 99.])')
    """
    return " ".join(reprlib.repr(returned).split())
