from __future__ import annotations

import pytest
from hypothesis import settings

# The same examples at every run, and none that fails because a machine is slow or a kernel is being compiled.
settings.register_profile("alpha_pulse", deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile("alpha_pulse")


MODELS = ("contracts/test_models", "unit/models/")
"""Tests that compile the same kernels, which two processes should not do at the same time."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, as their fixtures want, and those of all models in one."""
    for item in items:
        path = item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group("models" if any(part in path for part in MODELS) else path))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile kernels before any test's time is measured: a cold cache costs more than a test may take."""
    if session.config.option.collectonly:
        return
    from alpha_pulse.core.config import Config
    from alpha_pulse.engine.warmup import is_warm, warm_up

    if not is_warm(Config()):
        session.config.get_terminal_writer().line("compiling kernels (first run only)", flush=True)
        warm_up(Config())
