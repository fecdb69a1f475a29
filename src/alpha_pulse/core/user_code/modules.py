"""The source of a user's module, with that of the user's other modules that it imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from pathlib import Path

LIBRARIES = {"site-packages", "dist-packages"}
"""Folders of installed packages."""

_read: dict[str, tuple[object, bytes, frozenset[str]]] = {}
"""By module: its spec, which a reload replaces; the bytes of its file; and what it may import."""


def is_typed_in(name: str) -> bool:
    """Whether a module that is imported has no file, as a notebook."""
    return name in sys.modules and _file(name) is None


def is_own(name: str) -> bool:
    """Whether a module has a file that belongs to neither Python, nor an installed package, nor this program.

    >>> is_own("math"), is_own("numpy"), is_own("alpha_pulse.core")
    (False, False, False)
    """
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "alpha_pulse":
        return False
    file = _file(name)
    return file is not None and not LIBRARIES & set(file.parts)


def module_source(name: str) -> bytes:
    """The bytes of a module's file, followed by those of the user's own modules that it imports, directly or not, by name.

    A file is read once for each import of its module, near the time of the import. A module that is imported only within a
    function counts too. Raises OSError where a file cannot be read.
    """
    found: dict[str, bytes] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each not in found and (each == name or is_own(each)):
            found[each], imported = _source_and_imports(each)
            waiting += imported
    others = [part for each in sorted(found.keys() - {name}) for part in (each.encode(), found[each])]
    return b"\0".join([found[name], *others])


def _source_and_imports(name: str) -> tuple[bytes, frozenset[str]]:
    spec = _spec(name)
    known = _read.get(name)
    if known is not None and known[0] is spec:
        return known[1:]
    file = _file(name)
    if file is None:
        raise OSError(f"module {name!r} has no file")
    source = file.read_bytes()
    package = "" if spec is None else spec.parent or ""
    imported = frozenset(_imported(source, package)) if file.suffix == ".py" else frozenset[str]()
    _read[name] = spec, source, imported
    return source, imported


def _imported(source: bytes, package: str) -> Iterator[str]:
    """The names that import statements contain: of modules, of the packages of these, and of objects in them."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # of a module that cannot be imported
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _spec(name: str) -> ModuleSpec | None:
    """The spec of a module, which is not imported for it; None for a name that is none, and for a program that was started."""
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__spec__", None)
    above = name.rpartition(".")[0]
    if not above:
        return PathFinder.find_spec(name)
    package = _spec(above)
    if package is None or package.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(name, package.submodule_search_locations)


def _file(name: str) -> Path | None:
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
    else:
        spec = _spec(name)
        file = None if spec is None or not spec.has_location else spec.origin
    return None if file is None else Path(file)
