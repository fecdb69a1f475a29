"""The table of errors, from `core.errors`."""

from __future__ import annotations

import inspect

from alpha_pulse.core import errors
from alpha_pulse.core.errors import AlphaPulseError

from .markdown import markdown_table


def table() -> str:
    """Each class of error below `AlphaPulseError` and what it means, in the order of the module."""
    rows = []
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, AlphaPulseError) and kind is not AlphaPulseError:
            parent = kind.__mro__[1]
            below = "" if parent is AlphaPulseError else f" A kind of `{parent.__name__}`."
            rows.append([f"`{kind.__name__}`", " ".join((inspect.getdoc(kind) or "").split()) + below])
    return markdown_table(["class", "when"], rows)
