"""No module imports itself over others: not at the top, not inside a function, and not for types only."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[3] / "src"


def sources() -> dict[str, str]:
    """The text of every module of the package, by dotted name."""
    texts = {}
    for path in sorted(SRC.joinpath("alpha_pulse").rglob("*.py")):
        name = ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        texts[name] = path.read_text(encoding="utf-8")
    return texts


def imported_names(text: str) -> set[str]:
    """The dotted names that a module imports anywhere in its text."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno} imports relatively; write the whole name"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def module_graph(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """The modules that each module imports: of ``from a.b import c`` it is a.b.c where that is a module, else a.b."""
    return {
        module: {
            name if name in texts else name.rpartition(".")[0]
            for name in imported_names(text)
            if name in texts or name.rpartition(".")[0] in texts
        }
        for module, text in texts.items()
    }


def circle_in(texts: Mapping[str, str]) -> list[str]:
    """One circle of imports, from a module back to itself; empty where there is none."""
    try:
        TopologicalSorter(module_graph(texts)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_over_others() -> None:
    assert circle_in(sources()) == []


@pytest.mark.parametrize(
    "importing",
    ["from room import a", "import room.a", "from room.a import name", "def late():\n    from room.a import name"],
)
def test_a_circle_is_found_wherever_the_import_stands(importing: str) -> None:
    circle = circle_in({"room": "", "room.a": "from room.b import other", "room.b": importing})
    assert set(circle) == {"room.a", "room.b"}


def test_the_graph_has_every_module_and_its_imports() -> None:
    graph = module_graph(sources())
    assert "alpha_pulse.core.errors" in graph["alpha_pulse.models.packed"]
    assert sum(not imports for imports in graph.values()) < len(graph) / 2
