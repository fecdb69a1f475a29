"""The sources that a module is made from: its own and, transitively, those of its package and of this one that it imports.

Read from the text, without importing anything; it takes well below a millisecond a module. An import counts
wherever it stands. Imports by a computed name are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
STATEMENT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<origin>[.\w]+)[ \t]+import[ \t]+(?:\((?P<block>[^)]*)\)|(?P<names>[^\n(]+))"
    r"|import[ \t]+(?P<modules>[^\n]+))",
    re.MULTILINE,
)

COMMENT = re.compile(r"#[^\n]*")
AFTER_COLON = re.compile(r":[ \t]+(?=(?:from|import)\b)")


@cache
def import_closure(source: Path, module: str) -> tuple[Path, ...]:
    """The files whose text decides what ``module`` is, sorted; its own is one of them.

    Parameters
    ----------
    source
        The file of ``module``.
    module
        Its dotted name, from which follows where its package begins.
    """
    roots = {PACKAGE.name: PACKAGE.parent} | _root(source, module)
    found: dict[Path, None] = {source: None}
    waiting = [(source, module)]
    while waiting:
        for path, name in _imported(*waiting.pop(), tuple(roots.items())):
            if path not in found:
                found[path] = None
                waiting.append((path, name))
    return tuple(sorted(found))


def imported_names(text: str, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each module that ``text`` imports, with the names taken from it; no names where the module itself is taken.

    >>> list(imported_names("from . import steps\\nimport numpy as np, a.b", "pack"))
    [('pack', ('steps',)), ('numpy', ()), ('a.b', ())]
    """
    for found in STATEMENT.finditer(_one_statement_a_line(text)):
        if found["modules"]:
            yield from ((name, ()) for name in _names(found["modules"]))
            continue
        origin = found["origin"]
        level = len(origin) - len(origin.lstrip("."))
        if level:
            parts = package.split(".")
            origin = ".".join([*parts[: len(parts) - level + 1], *filter(None, [origin.lstrip(".")])])
        yield origin, tuple(_names(found["block"] or found["names"]))


def _one_statement_a_line(text: str) -> str:
    """``text`` without comments, with what follows a semicolon or a colon on lines of its own."""
    text = COMMENT.sub("", text.replace("\\\n", " ")).replace(";", "\n")
    return AFTER_COLON.sub(":\n", text)


@cache
def _imported(source: Path, module: str, roots: tuple[tuple[str, Path], ...]) -> tuple[tuple[Path, str], ...]:
    package = module if source.stem == "__init__" else module.rpartition(".")[0]
    found: dict[tuple[Path, str], None] = {}
    for origin, names in imported_names(source.read_text(encoding="utf-8", errors="replace"), package):
        root = dict(roots).get(origin.partition(".")[0])
        if root is None:
            continue
        for each in [f"{origin}.{name}" for name in names] or _packages(origin):
            # A name taken from a package is a module of it, or else something that the package's own file has.
            here = _file(root, each) or _file(root, origin)
            if here is not None:
                found[here, each if here == _file(root, each) else origin] = None
    return tuple(found)


def _packages(module: str) -> list[str]:
    """``a.b.c``, ``a.b`` and ``a``: ``import a.b.c`` reaches what all of them hold."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _names(listed: str) -> Iterator[str]:
    for each in listed.split(","):
        words = each.split()
        if words:
            yield words[0]


@cache
def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _root(source: Path, module: str) -> dict[str, Path]:
    """The folder that holds the outermost package of ``module``, by that package's name."""
    above = module.count(".") + (source.stem == "__init__")
    return {module.partition(".")[0]: source.parents[above]} if above < len(source.parents) else {}
