"""What identifies a user's function: it changes whenever the function may give something else."""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from alpha_pulse.core.errors import UnknownNameError
from alpha_pulse.core.user_code import source_sha256

NAME = "typed_in_cells"
Cell = Callable[[str], str]
_cells = count()


@pytest.fixture
def cell() -> Iterator[Cell]:
    """Executes a cell of a notebook, whose module has no file; returns the hash of its object ``made``."""
    sys.modules[NAME] = module = ModuleType(NAME)

    def execute(source: str) -> str:
        place = f"<cell {next(_cells)}>"
        linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
        exec(compile(source, place, "exec"), module.__dict__)
        return source_sha256("own feature", f"{NAME}:made")

    yield execute
    del sys.modules[NAME]


FEATURE = """
import numpy as np
from alpha_pulse.features.own import feature

SPAN = {span}
TABLE = np.array([1.0, {entry}])

def helper(bars):
    return {helper}

@feature(warmup=SPAN)
def made(bars):
    return helper(bars) * TABLE[0] * {factor}
"""
PLAIN = {"span": "3", "entry": "2.0", "helper": "bars.close[-1]", "factor": "1.0"}


@pytest.mark.parametrize("changed", [{"span": "4"}, {"entry": "2.5"}, {"helper": "bars.open[-1]"}, {"factor": "5.0"}])
def test_a_function_that_is_typed_in_again_is_another_one_if_anything_it_uses_has_changed(
    cell: Cell, changed: dict[str, str]
) -> None:
    first = cell(FEATURE.format_map(PLAIN))
    assert cell(FEATURE.format_map(PLAIN | changed)) != first
    assert cell(FEATURE.format_map(PLAIN)) == first


MADE = "from alpha_pulse.feedback.own_target import labelled, return_over_cost, triple_barrier\nmade = {}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("triple_barrier(upper=1.0, lower=1.0, horizon=5)", "triple_barrier(upper=3.0, lower=1.0, horizon=5)"),
        ("return_over_cost(cost_bps=1.0, horizon=5)", "return_over_cost(cost_bps=1.0, horizon=6)"),
        ("labelled({60: 1, 120: 0}, horizon=5)", "labelled({60: 1, 120: 1}, horizon=5)"),
    ],
)
def test_a_target_that_a_function_of_the_program_made_has_its_parameters(cell: Cell, before: str, after: str) -> None:
    assert cell(MADE.format(before)) == cell(MADE.format(before)) != cell(MADE.format(after))


def test_functions_that_call_each_other_have_a_hash(cell: Cell) -> None:
    source = "def other(n):\n    return made(n - 1) if n else {}\n\ndef made(n):\n    return other(n)\n"
    assert cell(source.format(0)) != cell(source.format(1))


@pytest.mark.parametrize("source", ["made = 5", "made = abs", "exec('def made(): return 1')"])
def test_what_has_no_known_source_is_refused(cell: Cell, source: str) -> None:
    with pytest.raises(UnknownNameError, match="its source cannot be read"):
        cell(source)


def test_a_file_is_read_again_only_when_its_module_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "reloaded_module.py"
    file.write_text("def made(): return 1\n", encoding="utf-8")
    first = source_sha256("own feature", "reloaded_module:made")
    file.write_text("def made(): return 22\n", encoding="utf-8")
    assert source_sha256("own feature", "reloaded_module:made") == first
    importlib.reload(sys.modules["reloaded_module"])
    assert source_sha256("own feature", "reloaded_module:made") != first
    del sys.modules["reloaded_module"]
