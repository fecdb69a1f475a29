"""Objects of a user's own modules, named ``module:name`` in the configuration."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from alpha_pulse.core.errors import UnknownNameError, did_you_mean
from alpha_pulse.core.user_code.calls import described_error


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
