"""What identifies a function or class that no file contains, because it was typed into a notebook."""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from alpha_pulse.core.user_code.modules import is_own, is_typed_in, module_source

_WITH_FUNCTIONS = (property, functools.cached_property, functools.partial, functools.partialmethod)
_FUNCTIONS = ("fget", "fset", "fdel", "func", "args", "keywords")
_ANNOTATIONS = ("__annotate__", "__annotate_func__")
"""Functions that Python makes of the annotations of a class."""


def typed_in_source(found: object) -> bytes:
    """What identifies a function or class that was typed in, or an object that wraps a function: its source, and what it uses.

    Numbers, texts, collections and arrays count by their values; functions, classes and objects of classes that were typed in
    too by their source and their attributes; modules of the user, and what comes from them, by their source; all else by its
    type or name. Raises OSError or TypeError where the source is not known.
    """
    if not isinstance(inspect.unwrap(found), FunctionType | type):  # type: ignore[arg-type]
        raise TypeError(f"{type(found).__name__} is no class and wraps no function")
    return repr(_Description(found).of(found)).encode()


class _Description:
    """Plain values that differ when ``found``, or what it uses, does."""

    def __init__(self, found: object) -> None:
        self._found = found
        self._seen: set[int] = set()

    def of(self, value: Any, owner: type | None = None) -> Any:
        """The description of a value; ``owner`` is the class that has it as a member."""
        if value is None or isinstance(value, int | float | str | bytes):
            return value
        if isinstance(value, list | tuple):
            return [self.of(each) for each in value]
        if isinstance(value, set | frozenset):
            return sorted(map(repr, value))
        if isinstance(value, Mapping):
            return [(self.of(key), self.of(each)) for key, each in value.items()]
        if isinstance(value, np.ndarray | np.generic):
            return [value.dtype.str, value.tolist()]
        if isinstance(value, ModuleType):
            return _of_module(value.__name__)
        if isinstance(value, _WITH_FUNCTIONS):
            return [self.of(getattr(value, name, None), owner) for name in _FUNCTIONS]
        if isinstance(value, type):
            return self._once(value, self._class)
        if isinstance(inspect.unwrap(value), FunctionType):
            return self._once(value, functools.partial(self._function, owner=owner))
        kind = type(value)
        return self._once(value, self._object) if is_typed_in(kind.__module__) else kind.__qualname__

    def _once(self, value: Any, describe: Any) -> Any:
        """The description at the first time, and then the name: what is described may refer to itself."""
        if id(value) in self._seen:
            return getattr(value, "__qualname__", type(value).__qualname__)
        self._seen.add(id(value))
        return describe(value)

    def _class(self, kind: type) -> Any:
        name = [kind.__qualname__, _of_module(kind.__module__)]
        if not is_typed_in(kind.__module__):
            return name
        members = [
            (key, self.of(member, kind))
            for key, member in vars(kind).items()
            if not _is_special(key) or (isinstance(inspect.unwrap(member), FunctionType) and key not in _ANNOTATIONS)
        ]
        return [*name, [self.of(base) for base in kind.__bases__], members]

    def _object(self, value: Any) -> Any:
        return [self.of(type(value)), self.of(getattr(value, "__dict__", None))]

    def _function(self, value: Any, owner: type | None) -> Any:
        function = inspect.unwrap(value)
        nonlocals = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
        # What a decorator states, such as the warm-up of a feature; what numba compiles changes with each call.
        stated = (
            {}
            if value is function
            else {key: each for key, each in vars(value).items() if _is_plain(each) and not _is_special(key)}
        )
        used = [self.of(each) for each in (function.__defaults__, function.__kwdefaults__, nonlocals, stated)]
        if not is_typed_in(function.__module__):
            return [function.__qualname__, _of_module(function.__module__), *used]
        read = {name: function.__globals__[name] for name in sorted(_names(function.__code__)) if name in function.__globals__}
        return [self._text(function, owner), *used, self.of(read)]

    def _text(self, function: FunctionType, owner: type | None) -> str:
        try:
            return inspect.getsource(function)
        except OSError:
            if owner is None or owner is self._found:
                raise
            return str(inspect.signature(function))  # of a method that was generated, as by dataclasses


def _of_module(name: str) -> str:
    """The name of a module, and the hash of its source if it is the user's own."""
    return f"{name} {hashlib.sha256(module_source(name)).hexdigest()}" if is_own(name) else name


def _names(code: CodeType) -> Iterator[str]:
    """The global names that a function reads, within functions in it too."""
    yield from (each.argval for each in dis.get_instructions(code) if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is not assigned yet
        return None


def _is_special(key: str) -> bool:
    """Whether Python made an attribute, rather than the user."""
    return key == "_abc_impl" or (key.startswith("__") and key.endswith("__"))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, int | float | str | bytes)
