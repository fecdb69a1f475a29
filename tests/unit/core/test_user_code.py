"""What identifies a user's function: it changes whenever the function may give something else."""

from __future__ import annotations

import hashlib
import importlib
import linecache
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from alpha_pulse.core.errors import UnknownNameError
from alpha_pulse.core.user_code.sources import source_sha256

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


NESTED = """
SPAN = {}

def made(bars):
    def inner(at):
        return bars[at] * SPAN

    return [inner(at) for at in range(3)]
"""


def test_what_only_a_function_within_it_reads_counts_too(cell: Cell) -> None:
    assert cell(NESTED.format(3)) != cell(NESTED.format(4))


CLASS = """
import functools
from dataclasses import dataclass
import alpha_pulse as ap

RATE = {rate}

@dataclass
class Settings:
    width: float = {width}

SETTINGS = Settings({given})

class Base(ap.RuleAgent):
    features = ("ret_1",)
    limit = {limit}

    @functools.cached_property
    def slow(self):
        return {slow}

    @staticmethod
    def cut(value):
        return {cut}

class made(Base):
    def rule(self, held, ret_1):
        super().rule
        return RATE * ret_1 * SETTINGS.width{comment}
"""
AGENT = {
    "rate": "0.1", "width": "2.0", "given": "", "limit": "1", "slow": "1", "cut": "value", "comment": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"rate": "0.2"},
        {"width": "3.0"},
        {"given": "4.0"},
        {"limit": "2"},
        {"slow": "2"},
        {"cut": "-value"},
        {"comment": " + 1"},
    ],
    ids=str,
)
def test_a_class_that_is_typed_in_again_is_another_one_if_anything_it_uses_has_changed(
    cell: Cell, changed: dict[str, str]
) -> None:
    first = cell(CLASS.format_map(AGENT))
    assert cell(CLASS.format_map(AGENT | changed)) != first
    assert cell(CLASS.format_map(AGENT)) == first


COMPILED = """
from alpha_pulse.kernels.base.jit import kernel

@kernel
def doubled(value):
    return 2.0 * value

def made(value):
    return doubled(value)
"""


def test_a_call_of_a_compiled_function_changes_nothing(cell: Cell) -> None:
    first = cell(COMPILED)
    sys.modules[NAME].made(1.0)  # which compiles it
    assert source_sha256("own feature", f"{NAME}:made") == first


@pytest.mark.parametrize(
    "source",
    ["made = 5", "made = abs", "exec('def made(): return 1')", "exec('class made:\\n    def rule(self): return 1')"],
)
def test_what_has_no_known_source_is_refused(cell: Cell, source: str) -> None:
    with pytest.raises(UnknownNameError, match="its source cannot be read"):
        cell(source)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with modules of the user, which are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("users_module", "users_package")]:
        del sys.modules[name]


def written(folder: Path, name: str, source: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    importlib.invalidate_caches()


def test_a_file_is_read_again_only_when_its_module_is(folder: Path) -> None:
    written(folder, "users_module.py", "def made(): return 1\n")
    first = source_sha256("own feature", "users_module:made")
    written(folder, "users_module.py", "def made(): return 22\n")
    assert source_sha256("own feature", "users_module:made") == first
    importlib.reload(sys.modules["users_module"])
    assert source_sha256("own feature", "users_module:made") != first


def test_the_hash_of_a_module_that_imports_no_other_one_is_that_of_its_file(folder: Path) -> None:
    source = "import math\nimport numpy as np\nfrom alpha_pulse.features.own import feature\ndef made(): return 1\n"
    written(folder, "users_module.py", source)
    assert source_sha256("own feature", "users_module:made") == hashlib.sha256(source.encode()).hexdigest()


HELPER = "users_package/inner/helper.py"


@pytest.mark.parametrize(
    "importing",
    [
        "from users_package import other",
        "import users_package.other",
        "from users_package.other import value",
        "def made():\n    import users_package.other",
    ],
)
def test_a_module_that_it_imports_through_others_counts_too(folder: Path, importing: str) -> None:
    """Also one that is imported only within a function, before and after that was called."""
    written(folder, "users_module.py", f"{importing}\ndef made(): return 1\n" if "made" not in importing else f"{importing}\n")
    written(folder, "users_package/__init__.py", "")
    written(folder, "users_package/other.py", "from .inner.helper import *\nfrom . import other\nvalue = 1\n")
    written(folder, "users_package/inner/__init__.py", "")
    written(folder, HELPER, "one = 1\n")

    def hashed() -> str:
        for name in [name for name in sys.modules if name.startswith("users_")]:
            del sys.modules[name]
        return source_sha256("own feature", "users_module:made")

    first = hashed()
    sys.modules["users_module"].made()
    assert source_sha256("own feature", "users_module:made") == first == hashed()
    written(folder, HELPER, "one = 22\n")
    assert hashed() != first


def test_a_module_that_a_notebook_uses_counts_too(cell: Cell, folder: Path) -> None:
    written(folder, "users_module.py", "def factor(): return 1\n")
    cells = [
        "from users_module import factor\n\ndef made():\n    return factor()\n",
        "import users_module\n\ndef made():\n    return users_module.factor()\n",
    ]
    first = [cell(each) for each in cells]
    written(folder, "users_module.py", "def factor(): return 22\n")
    importlib.reload(sys.modules["users_module"])
    assert [a == b for a, b in zip(first, map(cell, cells), strict=True)] == [False, False]
