"""The page at the first start on a machine: it shows the compilation, then the run or the reason why there is none."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.visitor import DESKTOP, PATIENCE_MS, PHONE
from cli_runs import command, write_bars
from flow.run_process import compiler_of, held, nearly_full_cache, up


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def test_the_page_shows_the_compilation_and_becomes_live_by_itself(page: Any, tmp_path: Path) -> None:
    write_bars(tmp_path / "bars.parquet", 400)
    cache = nearly_full_cache(tmp_path)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    with up(tmp_path, "--store", "memory://", make=command, compiled=False, NUMBA_CACHE_DIR=cache) as run:
        with held(compiler_of(run)):
            page.goto(run.started["link"])
            page.get_by_role("heading", name="The engine is being compiled").wait_for()
            page.get_by_text("The run then starts by itself.").wait_for()
            assert page.get_by_role("progressbar", name="Kernels compiled").get_attribute("value") == "0"
            assert page.locator('[data-value="compiled"]').inner_text().startswith("0 of about ")
            page.set_viewport_size(PHONE)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator('[data-value="connection"]', has_text="connected").wait_for()
        page.locator('[data-value="state"]', has_text="running").wait_for()
    assert errors == []


def test_the_page_says_why_the_engine_does_not_start(page: Any, tmp_path: Path) -> None:
    write_bars(tmp_path / "bars.parquet", 400)
    with up(tmp_path, "--store", "memory://", make=command, compiled=False, NUMBA_CACHE_DIR=str(tmp_path)) as run:
        os.kill(compiler_of(run), signal.SIGKILL)
        page.goto(run.started["link"])
        page.get_by_role("heading", name="The run cannot be loaded").wait_for()
        page.get_by_text("the process that compiles them was ended by signal 9 (SIGKILL)").wait_for()
