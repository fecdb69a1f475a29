"""Objects of a user's own modules, named ``module:name`` in the configuration, and what identifies their source."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import reprlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from alpha_pulse.core.errors import UnknownNameError, did_you_mean

_hashed: dict[str, tuple[object, str]] = {}
"""By path: an object, and the hash of its source."""


def named_object(what: str, path: str) -> Any:
    """Import an object of a user's module: one in the current folder, on ``PYTHONPATH``, or installed.

    Parameters
    ----------
    what
        What the object is, for error sentences, such as ``own feature``.
    path
        ``module:name``; the module may be inside a package (``package.module:name``).

    Raises
    ------
    UnknownNameError
        The path has another form, or there is no such module or name, or the module raises an error when it is imported.

    >>> named_object("function", "math:hypot")(3.0, 4.0)
    5.0
    """
    module_name, colon, name = path.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module_name.split(".")):
        raise UnknownNameError(f"{what} {path!r} is not a module and a name; write it as 'my_module:my_name'")
    module = _module(what, path, module_name)
    if not hasattr(module, name):
        own = [each for each, value in vars(module).items() if getattr(value, "__module__", None) == module_name]
        raise UnknownNameError(f"{what} {path!r}: {_place(module)} has no {name!r}{did_you_mean(name, own)}")
    return getattr(module, name)


def path_of(named: object) -> str:
    """``module:name`` of an object that is a variable of an imported module.

    Raises
    ------
    UnknownNameError
        No module has it, as where it was made within a function.

    >>> import math
    >>> path_of(math.hypot)
    'math:hypot'
    """
    own = sys.modules.get(getattr(named, "__module__", None) or "")
    for module in [own, *sys.modules.values()]:
        if isinstance(module, ModuleType):
            for name, value in list(vars(module).items()):
                if value is named:
                    return f"{module.__name__}:{name}"
    raise UnknownNameError(
        f"{getattr(named, '__name__', named)!r} is no variable of a module, so a stored run could not find it again; "
        "define it at the top of a module or of a notebook"
    )


def source_sha256(what: str, path: str) -> str:
    """SHA-256, in hex, of the file that defines ``module:name``; for a name that was typed in, as in a notebook,
    of its source and of the values that it uses.

    The file is read once for each object, near the time at which it is imported. Of what was typed in count numbers, texts,
    collections and arrays by their values, functions that were typed in too by their source, and all else by its type or name.
    Parameters and errors as in `named_object`.

    >>> len(source_sha256("module", "alpha_pulse.core.user_code:named_object"))
    64
    """
    found = named_object(what, path)
    file = getattr(sys.modules[path.partition(":")[0]], "__file__", None)
    known = _hashed.get(path)
    if known is not None and known[0] is found and file is not None:
        return known[1]
    try:
        source = _typed_in(found) if file is None else Path(file).read_bytes()
    except (OSError, TypeError):
        raise UnknownNameError(
            f"{what} {path!r}: its source cannot be read, so a change of it could not be noticed; define it in a file"
        ) from None
    digest = hashlib.sha256(source).hexdigest()
    _hashed[path] = found, digest
    return digest


def _typed_in(found: object) -> bytes:
    """What identifies a function that no file contains, or an object that wraps one. Raises OSError or TypeError where its
    source is not known.
    """
    if not isinstance(inspect.unwrap(found), FunctionType):  # type: ignore[arg-type]
        raise TypeError(f"{type(found).__name__} wraps no function")
    seen: set[FunctionType] = set()

    def described(value: Any) -> Any:
        if value is None or isinstance(value, int | float | str | bytes):
            return value
        if isinstance(value, list | tuple):
            return [described(each) for each in value]
        if isinstance(value, set | frozenset):
            return sorted(map(repr, value))
        if isinstance(value, Mapping):
            return [(described(key), described(each)) for key, each in value.items()]
        if isinstance(value, np.ndarray | np.generic):
            return [value.dtype.str, value.tolist()]
        function = inspect.unwrap(value)
        if not isinstance(function, FunctionType):
            return type(value).__qualname__
        name = f"{function.__module__}:{function.__qualname__}"
        if function in seen:
            return name
        seen.add(function)
        used = inspect.getclosurevars(function)
        # Without what functools.update_wrapper copies.
        own = {} if value is function else {key: each for key, each in vars(value).items() if not key.startswith("__")}
        if getattr(sys.modules.get(function.__module__), "__file__", None) is None:
            return [inspect.getsource(function), *map(described, (used.nonlocals, used.globals, own))]
        return [name, described(used.nonlocals), described(own)]

    return repr(described(found)).encode()


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

    The user's file is the first one that was called. Without a line where nothing was called, as with a wrong number of
    arguments.

    >>> try:
    ...     {}["x"]
    ... except KeyError as error:
    ...     described_error(error)
    "KeyError: 'x'"
    """
    called = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)[1:]
        if not frame.filename.startswith("<frozen") and frame.filename != importlib.__file__
    ]
    own = [frame for frame in called if frame.filename == called[0].filename]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{place}"


def number_of(returned: object) -> float | None:
    """What a user's function returned, as a number; None where it is none, such as None or text.

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

    >>> shown(None), shown(np.arange(100.0))
    ('None', 'array([ 0., ...7., 98., 99.])')
    """
    return " ".join(reprlib.repr(returned).split())


def _module(what: str, path: str, name: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)  # last, so that a file of the user replaces no module of a library
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UnknownNameError(
                f"{what} {path!r}: there is no module {error.name!r} in {folder} or among the installed packages; "
                "start in the folder of the module, or install its package"
            ) from None
        raise UnknownNameError(f"{what} {path!r}: module {name!r} needs {error.name!r}, which is not installed") from error
    except Exception as error:
        raise UnknownNameError(
            f"{what} {path!r}: module {name!r} cannot be imported: {described_error(error)}; correct the module"
        ) from error


def _place(module: ModuleType) -> str:
    return f"module {module.__name__!r} ({getattr(module, '__file__', None) or 'no file'})"
