"""Names to classes: a lazy table per family, then entry points of other packages. No decorators, no folder scanning.

A key of a table that ends in a colon is a prefix: it matches every name that begins with it, and its ``"module:function"``
receives the rest of the name and returns a class or a factory. Learners of another library are named by their paths in this
way. Any other name with a colon is the ``module:Class`` of a user's own module.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from alpha_pulse.core.errors import UnknownNameError, did_you_mean
from alpha_pulse.core.user_code.names import named_object

API_VERSION = 1
"""The ``API_VERSION`` that a third-party plug-in must define."""

_OWN = {
    "agents": ("rule_based_analysis", "alpha_pulse.agents.rule_agent.RuleAgent"),
    "detectors": ("update_many", "object, with the methods of alpha_pulse.detectors.base.Detector"),
    "models": ("learn_many", "alpha_pulse.models.python_model.PythonModel"),
}
"""Of each family whose members may be named by module and class: a method of them, and what they derive from."""


def names(family: str, table: Mapping[str, str]) -> list[str]:
    """All names of one family, built in or of installed plug-ins, sorted; without prefixes."""
    own = {name for name in table if not name.endswith(":")}
    return sorted(own | {point.name for point in entry_points(group=f"alpha_pulse.{family}")})


def prefix_of(table: Mapping[str, str], name: str) -> str | None:
    """The prefix in ``table`` that matches ``name``; None for a name without one.

    >>> prefix_of({"logistic": "a:B", "other:": "c:d"}, "other:some.Learner")
    'other:'
    >>> prefix_of({"logistic": "a:B", "other:": "c:d"}, "logistic")
    """
    head, colon, _ = name.partition(":")
    prefix = head + colon
    return prefix if colon and prefix in table else None


def is_own(table: Mapping[str, str], name: str) -> bool:
    """Whether ``name`` is the ``module:Class`` of a user's own module.

    >>> is_own({"other:": "c:d"}, "my_models:Perceptron"), is_own({"other:": "c:d"}, "other:some.Learner")
    (True, False)
    """
    return ":" in name and prefix_of(table, name) is None


def user_path(family: str, table: Mapping[str, str], name: str) -> str | None:
    """``module:Class`` of a name that a user's own module or a plug-in of an installed package provides.

    None for a name of the program, for one with a prefix, and for an unknown one.

    >>> user_path("models", {"other:": "c:d"}, "my_models:Perceptron")
    'my_models:Perceptron'
    >>> user_path("models", {"logistic": "a:B"}, "logistic")
    """
    if ":" in name:
        return name if is_own(table, name) else None
    if name in table:
        return None
    points = (point for point in entry_points(group=f"alpha_pulse.{family}") if point.name == name)
    return next((f"{point.module}:{point.attr.partition('.')[0]}" for point in points), None)


def load(family: str, table: Mapping[str, str], name: str, *, own: bool = True) -> Any:
    """The class of ``name``; for a name with a prefix, its class or factory.

    Parameters
    ----------
    family
        ``models``, ``detectors``, ``agents``, ...; entry points live in the group ``alpha_pulse.<family>``.
    table
        The built-in names, each with a ``"module:Class"``, which is imported by this call.
    name
        The name in the configuration.
    own
        Whether the name may be the ``module:Class`` of a user's own module, which is imported by this call.

    Raises
    ------
    UnknownNameError
        There is no such name, module or class, or the plug-in was written for another ``API_VERSION``.
    """
    prefix = prefix_of(table, name)
    if prefix is not None:
        return _imported(table[prefix])(name.removeprefix(prefix))
    if own and family in _OWN and is_own(table, name):
        return _own(family, name)
    if name in table:
        return _imported(table[name])
    for point in entry_points(group=f"alpha_pulse.{family}"):
        if point.name == name:
            plugin = point.load()
            version = getattr(plugin, "API_VERSION", None)
            if version != API_VERSION:
                raise UnknownNameError(
                    f"plug-in {name!r} of {family} states API_VERSION {version!r}, but this program needs {API_VERSION}; "
                    "install a version of the plug-in for that API"
                )
            return plugin
    known = names(family, table) + [f"{key}..." for key in table if key.endswith(":")]
    raise UnknownNameError(f"unknown {family.removesuffix('s')} {name!r}{did_you_mean(name, known)}")


def _own(family: str, name: str) -> Any:
    """The class ``module:Class`` of a user, which must have the method by which the family's members are known."""
    noun = family.removesuffix("s")
    found = named_object(noun, name)
    method, base = _OWN[family]
    if not (isinstance(found, type) and hasattr(found, method)):
        raise UnknownNameError(f"{noun} {name!r} is no class of {family}: it has no method {method}; derive it from {base}")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(vars(found)["__abstractmethods__"]))
        raise UnknownNameError(f"{noun} {name!r} has no {missing}; define it in the class")
    return found


def _imported(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
