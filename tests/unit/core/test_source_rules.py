"""Rules that the sources themselves must keep: who reads the time, who rolls dice, what is imported, how long a file is."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from alpha_pulse.core.config import Config

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "alpha_pulse"
SOURCES = sorted(PACKAGE.rglob("*.py"))
CLOCK = PACKAGE / "core" / "clock.py"
SECRETS = PACKAGE / "api" / "access" / "token_file.py"
"""Makes tokens, which nobody may foresee and on which no decision depends."""
MAX_LINES = 450
MAX_P90_LINES = 300
MAX_MEDIAN_LINES = 120
MAX_MODULES = 20
"""Of one folder, ``__init__.py`` not counted."""
MAX_PIPELINE_LINES = 200
MAX_FUNCTION_LINES = 70

TIME_MODULES = {"time", "timeit"}
CHANCE_MODULES = {"random", "secrets", "uuid"}
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
TIME_READS = {"now", "utcnow", "today", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time_ns"}
NUMPY_GENERATORS = {"Generator", "SeedSequence", "default_rng", "PCG64", "BitGenerator"}
CHANCE_CALLS = {"os.urandom", "os.getrandom"}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def reads_of_time(tree: ast.AST) -> list[str]:
    calls = [dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if "." in call and call.rsplit(".", 1)[1] in TIME_READS]


def chance(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = dotted(node)
            first, _, rest = name.partition(".random.")
            if name in CHANCE_CALLS or (first in {"np", "numpy"} and rest and rest not in NUMPY_GENERATORS):
                found.append(name)
        if isinstance(node, ast.Call) and dotted(node.func).endswith("default_rng") and not (node.args or node.keywords):
            found.append("default_rng without a seed")
        if isinstance(node, ast.ImportFrom) and node.module == "numpy.random":
            found.extend(alias.name for alias in node.names if alias.name not in NUMPY_GENERATORS)
    return found


@cache
def parsed() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]


def breaches(rule: Callable[[ast.Module], list[str]], but: Path | None = None) -> dict[str, list[str]]:
    """By file, ``but`` one: what breaks the rule."""
    return {name_of(path): found for path, tree in parsed() if path != but and (found := rule(tree))}


def test_only_the_clock_reads_the_time() -> None:
    assert not breaches(
        lambda tree: [
            *(set(imported(tree)) & TIME_MODULES),
            *(call for call in reads_of_time(tree) if not call.endswith("clock.now_ns")),
        ],
        but=CLOCK,
    )


def test_nobody_rolls_dice_that_were_not_handed_over() -> None:
    assert not breaches(lambda tree: sorted(set(imported(tree)) & CHANCE_MODULES), but=SECRETS)
    assert not breaches(chance)


def test_nobody_pickles() -> None:
    assert not breaches(lambda tree: sorted(set(imported(tree)) & UNSAFE_MODULES))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import time", "import"),
        ("from time import sleep", "import"),
        ("datetime.now()", "time"),
        ("datetime.datetime.utcnow()", "time"),
        ("date.today()", "time"),
        ("np.random.rand(3)", "chance"),
        ("np.random.seed(3)", "chance"),
        ("os.urandom(3)", "chance"),
        ("np.random.default_rng()", "chance"),
        ("from numpy.random import rand", "chance"),
    ],
)
def test_these_rules_find_what_they_look_for(code: str, kind: str) -> None:
    tree = ast.parse(code)
    found = {"import": set(imported(tree)) & TIME_MODULES, "time": reads_of_time(tree), "chance": chance(tree)}
    assert found[kind]


def test_the_clock_would_be_found_too() -> None:
    assert reads_of_time(ast.parse(CLOCK.read_text(encoding="utf-8")))


def test_no_file_and_no_function_is_too_long() -> None:
    assert not [name_of(path) for path in SOURCES if path.read_text(encoding="utf-8").count("\n") > MAX_LINES]
    assert not breaches(
        lambda tree: [
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        ]
    )


def _exists(reference: str) -> bool:
    """Whether a dotted name is a module of the package, or a name that one of its modules has at its top level or mentions."""
    parts = reference.removeprefix("alpha_pulse.").split(".")
    for count in range(len(parts), 0, -1):
        place = PACKAGE.joinpath(*parts[:count])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return count == len(parts) or re.search(rf"\b{parts[count]}\b", path.read_text(encoding="utf-8")) is not None
    return False


def test_modules_that_docstrings_name_exist() -> None:
    rooms = "|".join(sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("_")))
    reference = re.compile(rf"`((?:alpha_pulse\.)?(?:{rooms})\.[a-z_]\w*(?:\.\w+)*)`")
    settings = {f"{section}.{key}" for section in Config.__struct_fields__ for key in type(getattr(Config(), section)).__dict__}
    gone = {
        name_of(path): names
        for path in SOURCES
        if (names := {name for name in reference.findall(path.read_text(encoding="utf-8")) if not _exists(name)} - settings)
    }
    assert gone == {}


def test_most_files_are_short_and_no_folder_is_crowded() -> None:
    lengths = [path.read_text(encoding="utf-8").count("\n") for path in SOURCES]
    assert statistics.median(lengths) <= MAX_MEDIAN_LINES
    assert statistics.quantiles(lengths, n=10)[-1] <= MAX_P90_LINES
    modules = Counter(name_of(path.parent) for path in SOURCES if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > MAX_MODULES} == {}


def test_the_loop_can_be_read_in_one_sitting() -> None:
    assert (PACKAGE / "engine" / "pipeline.py").read_text(encoding="utf-8").count("\n") <= MAX_PIPELINE_LINES


def error_texts(tree: ast.AST) -> Iterator[str]:
    """What an AlphaPulseError is raised with, as far as it is written out; values that are filled in show as ``{}``."""
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else None
        if not (isinstance(call, ast.Call) and dotted(call.func).endswith("Error") and call.args):
            continue
        text = call.args[0]
        if isinstance(text, ast.Constant):
            yield str(text.value)
        elif isinstance(text, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in text.values)


def test_errors_are_one_sentence() -> None:
    assert not breaches(
        lambda tree: [
            text for text in error_texts(tree) if "\n" in text or text.endswith(".") or re.search(r"[.!] [A-Z]", text)
        ]
    )
