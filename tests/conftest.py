from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# The same examples at every run, and none that fails because a machine is slow or a kernel is being compiled.
settings.register_profile("alpha_pulse", deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile("alpha_pulse")


MODELS = ("tests/contracts/test_models", "tests/unit/models/")
"""Tests that compile the same kernels, which two processes should not do at the same time."""


class Files(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives the tests of a file to one process, as their fixtures want, and those of all models to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "models" if nodeid.startswith(MODELS) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    return Files(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile kernels before any test's time is measured: a cold cache costs more than a test may take."""
    if session.config.option.collectonly:
        return
    from alpha_pulse.core.config import Config
    from alpha_pulse.engine.warmup import is_warm, warm_up

    if not is_warm(Config()):
        session.config.get_terminal_writer().line("compiling kernels (first run only)", flush=True)
        warm_up(Config())
