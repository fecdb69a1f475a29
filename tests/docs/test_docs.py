"""README and docs are true: blocks run, names exist, links and anchors lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import pytest

import cli_runs
import journal_rows
from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.execution.execution_service import BOOKS
from alpha_pulse.feeds import FEEDS
from alpha_pulse.journal.records import DecisionRecord, StepRecord
from alpha_pulse.kernels.base.scores import MEMBERS
from alpha_pulse.metrics.members import MemberScore, OnlineMinusBatch
from alpha_pulse.models import BATCH, ONLINE
from alpha_pulse.reporting.report import BookReport, DataReport, HitRates, Report, TradeQualityReport
from alpha_pulse.reporting.success_types import AdaptationSpeed, MlPnl, ResponseTimes, SuccessMetrics
from alpha_pulse.stores import STORES, open_store
from alpha_pulse.venues import VENUES

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
"""The text of each page by its path in the project."""
ALL = "\n".join(PAGES.values())
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OURS = "alpha-pulse "
LAWS = range(1, 13)
FILES = "(?:csv|txt|zip|json|feather|parquet)"
"""How names of files end, which are no names of classes and methods."""


class Block(msgspec.Struct, frozen=True):
    """A fenced block: its language, its text, its first line, and the output that a ``text`` block right below it states."""

    language: str
    text: str
    line: int
    output: str | None


def blocks(page: str, language: str) -> list[Block]:
    text = PAGES[page]
    fences = list(FENCE.finditer(text))
    result = []
    for block, after in zip_longest(fences, fences[1:]):
        follows = after is not None and after[1] == "text" and not text[block.end() : after.start()].strip()
        output = after[2] if after is not None and follows else None
        result.append(Block(block[1], block[2], text.count("\n", 0, block.start(2)) + 1, output))
    return [block for block in result if block.language == language]


def pages_with(language: str) -> list[str]:
    return [page for page in PAGES if blocks(page, language)]


def matches(wanted: str, printed: str) -> bool:
    return doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)


# Blocks of Python.


def plug_in_package(page: str, folder: Path) -> None:
    """Install what a page's TOML block says about entry points, as a package manager would."""
    info = folder / "my_plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-plugins\nVersion: 1.0\n", encoding="utf-8")
    toml = "".join(block.text for block in blocks(page, "toml"))
    points = re.sub(r'\[project\.entry-points\."(.+?)"\]', r"[\1]", toml).replace('"', "")
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


HAS_PANDAS = all(importlib.util.find_spec(name) for name in ("pandas", "pyarrow"))
"""Neither is a dependency."""
AFTER_COMMANDS = ("docs/how-to/read-a-run.md",)
"""Pages whose blocks of Python read what the commands of the page wrote."""


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_blocks_run_and_print_their_output(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("my_plugins")
    monkeypatch.setitem(sys.modules, "my_plugins", module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if page in AFTER_COMMANDS:
        for command, _ in commands(page):
            done = cli_runs.run(tmp_path, *shlex.split(command)[1:])
            assert done.returncode == 0, done.stderr
    if "entry-points" in PAGES[page]:
        plug_in_package(page, tmp_path)
        monkeypatch.syspath_prepend(tmp_path)
    for block in blocks(page, "python"):
        if "import pandas" in block.text and not HAS_PANDAS:
            continue
        printed = io.StringIO()
        # Blank lines above, so that a traceback names the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(ROOT / page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, module.__dict__)
        if block.output is not None or printed.getvalue():
            assert matches(block.output or "", printed.getvalue()), printed.getvalue()


# Blocks of the shell.


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Each command of the page's console blocks, with the lines of output below it."""
    pairs: list[tuple[str, list[str]]] = []
    for block in blocks(page, "console"):
        for line in block.text.splitlines():
            if line.startswith("$ "):
                pairs.append((line[2:], []))
            elif line.strip():
                pairs[-1][1].append(line)
    return pairs


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a user's bars, and an ``alpha-pulse`` that runs this program."""
    folder = tmp_path_factory.mktemp("shell")
    cli_runs.write_bars(folder / "bars.parquet", 400)
    (folder / "my_features.py").write_text(blocks("docs/how-to/own-feature.md", "python")[0].text, encoding="utf-8")
    program = folder / "bin" / "alpha-pulse"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(cli_runs.forked())} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("page", pages_with("console"))
def test_console_blocks_run_and_print_their_output(page: str, place: Path) -> None:
    environ = cli_runs.environment(place, PATH=f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for command, output in commands(page):
        if "$DATA" in command:
            continue
        done = subprocess.run(
            ["sh", "-c", command], cwd=place, env=environ, capture_output=True, text=True, timeout=100, check=False
        )
        refused = any(line.startswith("alpha-pulse: ") for line in output)
        assert done.returncode == (2 if refused else 0), (command, done.stderr)
        printed = (done.stdout + done.stderr).splitlines()
        for wanted in output:
            assert any(matches(wanted, line) for line in printed), (command, wanted, printed)


def test_every_flag_in_a_command_exists(place: Path) -> None:
    known: dict[str, str] = {}
    checked = 0
    for page, text in PAGES.items():
        inline = re.findall(r"`((?:[A-Z_]+=\S+ )*alpha-pulse [^`\n]+)`", text)
        for command in [*inline, *(command for command, _ in commands(page))]:
            words = command[command.index(OURS) + len(OURS) :].split()
            name = " ".join(words[:2] if words[0] in ("check", "config", "data", "journal", "models") else words[:1])
            if name.startswith("-"):
                continue
            if name not in known:
                known[name] = cli_runs.run(place, *name.split(), "--help").stdout
            for flag in re.findall(r"--[a-z-]+", command):
                assert re.search(rf"{flag}\b", known[name]), f"{page}: {command}"
                checked += 1
    assert checked > 10


# Names.


def test_every_name_that_can_be_chosen_is_documented() -> None:
    tables: list[dict[str, str]] = [ONLINE, BATCH, DETECTORS, AGENTS, FEEDS, STORES, VENUES]
    for name in [*(name for table in tables for name in table), *BOOKS]:
        assert f"`{name}`" in ALL, name
    for table in tables:
        for name in table:
            assert f"`{name}`" in PAGES["docs/how-to/own-model.md"], name


def test_every_kind_of_data_check_is_documented() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "alpha_pulse" / "feeds").rglob("*.py"))
    makers = r"\bkind=|\b_note\(|\b_note_on_symbols\(|\b_long_runs\(\s*bars, \w+, "
    kinds = set(re.findall(rf'(?:{makers})"([a-z_]+)"', sources)) - {"stable"}
    section = PAGES["docs/how-to/read-your-data.md"].partition("## What is reported\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(documented))) == kinds
    assert len(kinds) > 20


def test_every_key_of_the_result_is_documented() -> None:
    documented = set(re.findall(r"`([a-z0-9_]+)`", PAGES["docs/reference/cli.md"]))
    shapes = (
        *(Report, MemberScore, BookReport, SuccessMetrics, DataReport, HitRates, TradeQualityReport),
        *(MlPnl, AdaptationSpeed, OnlineMinusBatch, ResponseTimes),
    )
    for shape in shapes:
        missing = {field.encode_name for field in msgspec.structs.fields(shape)} - documented
        assert not missing, (shape, missing)
    assert set(MEMBERS) <= documented


# Data that are shown.


@pytest.mark.parametrize("page", pages_with("json"))
def test_rows_that_are_shown_have_the_shape_of_rows(page: str) -> None:
    for block in blocks(page, "json"):
        content: dict[str, Any] = msgspec.json.decode(block.text)
        kind: type[msgspec.Struct] = DecisionRecord if "orders" in content else StepRecord
        row = msgspec.to_builtins(msgspec.convert(content, kind))
        assert_within(content, row, f"{page}, line {block.line}")


def assert_within(shown: Any, real: Any, where: str) -> None:
    """Every key and value shown belongs to the program's own types; a key that they lack is null."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            # ``type`` is the tag of the union; None is the default that a row may leave out.
            if value is not None and key in real:
                assert_within(value, real[key], f"{where}, {key}")
            else:
                assert value is None, f"{where}: {key}"
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for item, other in zip(shown, real, strict=True):
            assert_within(item, other, where)
    else:
        assert shown == real, where


@pytest.fixture(scope="module")
def replayed(place: Path) -> tuple[Path, str]:
    """The store of a replay of the bundled bars, and what the replay printed."""
    done = cli_runs.run(place, "replay", "--store", "bundled.db", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    return place / "bundled.db", done.stdout


ROW_KEYS = {
    "abstentions": "reason",
    "bars": "seq",
    "fills": "fill_id",
    "labels": "prediction_id",
    "lots": "lot_id",
    "models": "session_id",
    "orders": "order_id",
    "predictions": "prediction_id",
    "signals": "signal_id",
}


@pytest.fixture(scope="module")
def elements(replayed: tuple[Path, str]) -> dict[tuple[str, Any], Any]:
    """The elements of the replay's records, by their list and id."""
    found: dict[tuple[str, Any], Any] = {}
    with contextlib.closing(open_store(str(replayed[0]), StoreConfig())) as store:
        for row in journal_rows.rows(store):
            content = {**msgspec.json.decode(row.payload), **msgspec.json.decode(row.decision or b"{}")}
            for name, key in ROW_KEYS.items():
                found.update(((name, element.get(key)), element) for element in content.get(name, ()))
    return found


@pytest.mark.parametrize("page", pages_with("json"))
def test_rows_that_are_shown_are_those_of_a_replay_of_the_bundled_bars(page: str, elements: dict[tuple[str, Any], Any]) -> None:
    for block in blocks(page, "json"):
        for name, listed in msgspec.json.decode(block.text).items():
            for shown in listed if name in ROW_KEYS else ():
                which = shown[ROW_KEYS[name]]
                assert (name, which) in elements, f"{page}, line {block.line}: the replay has no {which}"
                assert_close(shown, elements[name, which], f"{page}, line {block.line}, {which}")


def assert_close(shown: Any, real: Any, where: str) -> None:
    """The shown keys have the real values, but for the last digits of numbers."""
    if isinstance(shown, dict):
        for key in set(shown) & set(real):
            assert_close(shown[key], real[key], f"{where}, {key}")
    elif isinstance(shown, list):
        for item, other in zip(shown, real, strict=True):
            assert_close(item, other, where)
    else:
        wanted = pytest.approx(real, rel=1e-4) if isinstance(real, int | float) else real
        assert shown == wanted, f"{where}: {shown} is shown, {real} is real"


def test_the_result_that_is_shown_is_that_of_a_replay_of_the_bundled_bars(replayed: tuple[Path, str]) -> None:
    shown = next(text for _, text in FENCE.findall(PAGES["docs/how-to/read-a-result.md"]) if text.startswith("EURUSD"))
    # Scores and P&L may differ in their last digits elsewhere; names, counts and the account may not.
    printed = re.sub(r" +", " ", replayed[1])
    lines = [re.sub(r" +", " ", line).strip() for line in shown.splitlines()]
    assert lines[0] in printed
    assert next(line for line in lines if line.startswith("predictions")) in printed
    words, sentences = (re.sub(r"[0-9]", "#", " ".join(text.split())) for text in (printed, shown.split("\n\n")[-1]))
    assert sentences in words
    names = re.findall(r"^ {0,2}([a-z_]+(?: [a-z]+)*)  +[-+0-9]", shown, re.MULTILINE)
    assert len(names) > 12
    for name in names:
        assert re.search(rf"^ ?{name} ", printed, re.MULTILINE), name


# References.


def links_of(page: str) -> Iterator[tuple[str, str]]:
    """The page or file that each link leads to, by its path in the project, and the heading that it names."""
    for target, anchor in re.findall(r"\[[^\]]+\]\(([^)#]*)#?([^)]*)\)", FENCE.sub("", PAGES[page])):
        if "://" not in target:
            path = os.path.normpath(Path(page).parent / target) if target else page
            yield path, anchor


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", PAGES[page]), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for path, anchor in links_of(page):
            assert (ROOT / path).exists(), f"{page}: {path}"
            assert not anchor or anchor in anchors_of(path), f"{page}: {path}#{anchor}"


def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)}


def test_tests_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", ALL)
    assert len(named) > 30
    for file, function in named:
        assert (ROOT / file).exists(), file
        assert not function or function in functions_of(ROOT / file), f"{file}::{function}"


def test_every_law_names_a_test() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGES["docs/architecture.md"], re.MULTILINE))
    for law in LAWS:
        assert re.search(r"`tests/[a-z_/]+\.py::\w+`", rows[str(law)]), law


def test_every_link_of_the_loop_is_listed_with_its_test() -> None:
    path = ROOT / "tests" / "flow" / "test_links.py"
    for function in functions_of(path):
        if function.startswith("test_link_"):
            assert f"`tests/flow/test_links.py::{function}`" in PAGES["docs/architecture.md"], function


def members_of_classes(package: Path) -> dict[str, set[str]]:
    """The methods and annotated fields of each class, with those that it inherits from classes of the package."""
    own, bases = dict[str, set[str]](), dict[str, set[str]]()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                functions = {part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
                fields = {ast.unparse(part.target) for part in node.body if isinstance(part, ast.AnnAssign)}
                own.setdefault(node.name, set()).update(functions | fields)
                bases.setdefault(node.name, set()).update(re.findall(r"\w+", " ".join(map(ast.unparse, node.bases))))

    def members(kind: str) -> set[str]:
        return own[kind].union(*(members(base) for base in bases[kind] & set(own) - {kind}))

    return {kind: members(kind) for kind in own}


def test_source_files_and_functions_that_are_named_exist() -> None:
    package = ROOT / "src" / "alpha_pulse"
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`", ALL):
        assert (package / name).exists() or (ROOT / name).exists(), name
    named = {path.name for folder in (ROOT / "src", ROOT / "tests", ROOT / "benchmarks") for path in folder.rglob("*.py")}
    for name in re.findall(r"`(\w+\.py)`", ALL):
        assert name in named, name
    members = members_of_classes(package)
    for kind, member in re.findall(rf"`([A-Z]\w+)\.(?!{FILES}`)(\w+)`", ALL):
        assert member in members[kind], f"{kind}.{member}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, open_pages = set[str](), ["README.md"]
    while open_pages:
        page = open_pages.pop()
        if page not in reached and page in PAGES:
            reached.add(page)
            open_pages += [path for path, _ in links_of(page)]
    assert reached == set(PAGES)
