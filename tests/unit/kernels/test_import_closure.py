"""The files that decide what a module is: as a parser of Python finds them, however they are imported."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from alpha_pulse.kernels.base.import_closure import PACKAGE, import_closure, imported_names

ROOT = PACKAGE.parents[1]


def parsed_names(text: str, package: str) -> list[tuple[str, tuple[str, ...]]]:
    """What `imported_names` answers, by the parser of Python."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.extend((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = [".".join(parts[: len(parts) - node.level + 1])] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            found.append((origin, tuple(alias.name for alias in node.names)))
    return sorted(found)


def test_statements_are_found_as_the_parser_finds_them() -> None:
    for source in [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]:
        text = source.read_text(encoding="utf-8")
        found = set(imported_names(text, "pack.inner"))
        assert found >= set(parsed_names(text, "pack.inner")), source


@pytest.mark.parametrize(
    "line",
    [
        "from pack.inner import steps",
        "from pack.inner.steps import RATE",
        "import pack.inner.steps",
        "import pack.inner.steps as at, os",
        "import os, pack.inner.steps",
        "from .inner import steps",
        "from .inner.steps import RATE as rate  # a note",
        "from . import inner\nfrom .inner import (\n    other,  # a note\n    steps as at,\n)",
        "from pack.inner.steps import \\\n    RATE",
        "from pack.inner.steps import *",
        "def late():\n    from pack.inner.steps import RATE\n    return RATE",
        "from pack import between",
        "import os; import pack.inner.steps",
        "from .inner import (\n    other,  # a note (with brackets)\n    steps as at,\n)",
        "if True: from pack.inner.steps import RATE",
    ],
)
def test_however_it_is_imported(tmp_path: Path, line: str) -> None:
    inner = tmp_path / "pack" / "inner"
    inner.mkdir(parents=True)
    files = {
        tmp_path / "pack" / "__init__.py": "",
        inner / "__init__.py": "",
        inner / "steps.py": "RATE = 1",
        inner / "other.py": "",
        tmp_path / "pack" / "between.py": "from pack.inner.steps import RATE\nfrom pack import start",
        tmp_path / "pack" / "apart.py": "from pack import start",
        tmp_path / "pack" / "start.py": line,
    }
    for path, text in files.items():
        path.write_text(text)
    found = import_closure(tmp_path / "pack" / "start.py", "pack.start")
    assert inner / "steps.py" in found
    assert tmp_path / "pack" / "start.py" in found
    assert tmp_path / "pack" / "apart.py" not in found


def test_what_a_package_itself_holds_counts_where_it_is_taken_from_it(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("RATE = 1")
    (tmp_path / "pack" / "start.py").write_text("from pack import RATE")
    (tmp_path / "pack" / "apart.py").write_text("from pack import start")
    assert tmp_path / "pack" / "__init__.py" in import_closure(tmp_path / "pack" / "start.py", "pack.start")
    # The package's file is not reached by the name of a module in it, but by what that module takes from it.
    assert tmp_path / "pack" / "__init__.py" in import_closure(tmp_path / "pack" / "apart.py", "pack.apart")


def test_a_plug_in_reaches_this_package_too(tmp_path: Path) -> None:
    plug_in = tmp_path / "plug_in.py"
    plug_in.write_text("from alpha_pulse.kernels.base.moments import quotient")
    assert PACKAGE / "kernels" / "base" / "moments.py" in import_closure(plug_in, "plug_in")


def test_nested_folders_count_and_the_rest_of_the_program_does_not() -> None:
    found = import_closure(PACKAGE / "features" / "indicators.py", "alpha_pulse.features.indicators")
    assert {PACKAGE / "features" / "layout.py", PACKAGE / "kernels" / "base" / "median.py"} <= set(found)
    assert not [path for path in found if path.parent.name in ("engine", "learning", "models")]
