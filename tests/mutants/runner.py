"""Plants one fault after the other in copies of the source, and runs the tests that must notice it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

import msgspec

from .table import PACKAGE, ROOT, Mutant, StaleMutantError, planted

Outcome = Literal["killed", "survived", "equivalent", "stale", "error"]
TIMEOUT_S = 300.0
"""A mutant that makes a test run for ever counts as noticed after this."""
PASSED, FAILED = 0, 1
"""What pytest returns when all tests passed, and when some failed."""
_FIRST_FAILURE = re.compile(r"^(?:FAILED|ERROR) tests/(\S+)", re.MULTILINE)


class Result(msgspec.Struct, frozen=True):
    """What came of one mutant: ``by`` is the first test that failed, ``detail`` the end of the output of an error."""

    name: str
    stage: str
    outcome: Outcome
    seconds: float
    by: str = ""
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether it came out as it must."""
        return self.outcome in ("killed", "equivalent")


class Copy:
    """A copy of source and tests in a folder of its own, where one fault at a time is planted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("src", "tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md"):
            place = ROOT / name
            if place.is_dir():
                shutil.copytree(place, folder / name, ignore=shutil.ignore_patterns("__pycache__", "images", "page"))
            else:
                shutil.copy2(place, folder / name)

    def pytest(self, tests: Iterable[str]) -> tuple[int | None, str]:
        """Run tests until the first fails: pytest's exit code, None when the time was up, and its output."""
        plugins = ["-p", "mutants.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
        # Leaves out tests/conftest.py, which compiles all kernels first, and no conftest below it.
        arguments = ["-x", "-q", "--confcutdir=tests/mutants", "--tb=short", "-rfE", *plugins]
        paths = os.pathsep.join([str(self.folder / "src"), str(self.folder / "tests")])
        # To load every plug-in that is installed costs more than most mutants.
        environment = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *arguments, *(f"tests/{test}" for test in tests)],
                cwd=self.folder, env={**os.environ, **environment},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout

    def judge(self, mutant: Mutant) -> Result:
        """Plant the fault, run its tests, take it out again."""
        began = time.perf_counter()
        place = self.folder / PACKAGE / mutant.file
        source = place.read_text()
        try:
            place.write_text(planted(mutant, source))
            code, output = self.pytest(mutant.tests)
        except StaleMutantError as error:
            return Result(mutant.name, mutant.stage, "stale", 0.0, detail=str(error))
        finally:
            place.write_text(source)
        return result_of(mutant, code, output, time.perf_counter() - began)


def result_of(mutant: Mutant, code: int | None, output: str, seconds: float) -> Result:
    """What pytest's exit code (None: the time was up) and output say about a mutant."""
    found = _FIRST_FAILURE.search(output)
    if code == PASSED:
        outcome: Outcome = "equivalent" if mutant.equivalent else "survived"
    elif (code == FAILED and found is not None) or code is None:
        outcome = "error" if mutant.equivalent else "killed"
    else:
        outcome = "error"
    by = "time was up" if code is None else found.group(1) if found else ""
    detail = output[-2_000:] if outcome == "error" else ""
    return Result(mutant.name, mutant.stage, outcome, round(seconds, 1), by, detail)


def run(mutants: Sequence[Mutant], folder: Path, workers: int, told: Callable[[Result], object]) -> list[Result]:
    """Judge all ``mutants``, ``workers`` at a time; ``told`` is called with each result as it comes.

    The tests must pass before anything is planted: what fails already kills nothing. Raises RuntimeError where they do not.
    """
    copies: SimpleQueue[Copy] = SimpleQueue()
    for number in range(workers):
        copies.put(Copy(folder / str(number)))
    copy = copies.get()
    _refuse_failing(copy, sorted({test for mutant in mutants for test in mutant.tests}))
    copies.put(copy)

    def one(mutant: Mutant) -> Result:
        copy = copies.get()
        try:
            result = copy.judge(mutant)
        finally:
            copies.put(copy)
        told(result)
        return result

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, mutants))


def _refuse_failing(copy: Copy, tests: Sequence[str]) -> None:
    code, output = copy.pytest(tests)
    if code != PASSED:
        raise RuntimeError(f"without any fault the tests fail, so they would kill every mutant:\n{output[-4_000:]}")
