"""Names to classes: a lazy table per family, then entry points of other packages. No decorators, no folder scanning."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from alpha_pulse.core.errors import UnknownNameError, did_you_mean

API_VERSION = 1
"""What a third-party plug-in states as its own ``API_VERSION`` to be accepted."""


def names(family: str, table: Mapping[str, str]) -> list[str]:
    """All names of one family: our own and those of installed plug-ins, sorted."""
    return sorted(set(table) | {point.name for point in entry_points(group=f"alpha_pulse.{family}")})


def load(family: str, table: Mapping[str, str], name: str) -> Any:
    """The class behind ``name``.

    Parameters
    ----------
    family
        ``models``, ``detectors``, ``agents``, ...; entry points live in the group ``alpha_pulse.<family>``.
    table
        The family's own names, each with a ``"module:Class"`` that is imported only now.
    name
        What the configuration says.

    Raises
    ------
    UnknownNameError
        The name is in neither, or the plug-in was written for another ``API_VERSION``.
    """
    if name in table:
        module, _, attribute = table[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    for point in entry_points(group=f"alpha_pulse.{family}"):
        if point.name == name:
            found = point.load()
            version = getattr(found, "API_VERSION", None)
            if version != API_VERSION:
                raise UnknownNameError(
                    f"plug-in {name!r} of {family} states API_VERSION {version!r}, but this program speaks {API_VERSION}; "
                    "install a version of the plug-in made for it"
                )
            return found
    raise UnknownNameError(f"{name!r} is not a name in {family}{did_you_mean(name, names(family, table))}")
