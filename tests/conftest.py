from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# The same examples at every run, and none that fails because a machine is slow or a kernel is being compiled.
settings.register_profile("alpha_pulse", deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile("alpha_pulse")


# What a test stores by default goes to a folder of its process, not to that of the user.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="alpha-pulse-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

# Nothing that collecting makes is garbage; looking for some in it costs seconds then, and again in every test that asks for it.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


# An engine that runs in a test's process thaws everything at its end. Then each engine that starts would walk all of it.
gc.unfreeze = lambda: None


MODELS = ("tests/contracts/test_models", "tests/unit/integrations/test_as_river")
TREES = ("hoeffding", "forest", "sgbt")
SHARED_RUNS = ("restless_run", "bundled_run")
"""Runs of `flow/runs.py` that a process makes once for all tests that read them."""
TOGETHER = ("tests/faults/", "tests/browser/", "tests/api/")
"""Folders whose tests share a process or a server that takes a while to be ready."""
LONGEST = (
    "models",
    "tests/faults",
    "tests/browser",
    "tests/api",
    "shared runs",
    "tests/flow/test_cli.py",
    "tests/flow/test_random_walk",
    "tests/flow",
)
"""How the groups of tests that take longest begin, in order: begun first, they do not end after all others."""


class Groups(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives the tests of a file to one process, as their fixtures want; those of several files by what they share."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(MODELS):
            return "models of trees" if any(name in nodeid for name in TREES) else "models"
        if nodeid.startswith("tests/flow/") and _reads_shared_runs(nodeid.partition("::")[0]):
            return "shared runs"
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), str(super()._split_scope(nodeid)))

    def _assign_work_unit(self, node: Any) -> None:
        scope = min(self.workqueue, key=_rank)
        self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


@cache
def _reads_shared_runs(file: str) -> bool:
    text = (Path(__file__).parent.parent / file).read_text(encoding="utf-8")
    return any(name in text for name in SHARED_RUNS)


def _rank(scope: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if scope.startswith(start)), len(LONGEST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile kernels before any test's time is measured: a cold cache costs more than a test may take."""
    if session.config.option.collectonly:
        return
    from alpha_pulse.core.config import Config
    from alpha_pulse.runtime.warmup import is_warm, warm_up

    if not is_warm(Config()):
        session.config.get_terminal_writer().line("compiling kernels (first run only)", flush=True)
        warm_up(Config())
