"""The browser of this machine, and a server whose page it opens."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import alpha_pulse.data
from browser.live import PAGE, LiveServer
from browser.visitor import Visitor
from flow.runs import RESTLESS

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BARS = Path(alpha_pulse.data.__file__).parent / "eurusd_1h_2017.parquet"
SERVING = {
    "serving.strategy": "champion_challenger",
    "serving.challengers": {"fast": {"model": "sgd", "parameters": {"rate": 0.02}}},
}
STEPS = 2_600
"""Steps before the page is opened: all models serve by then, lots are closed, and an adaptation has begun."""


def missing(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("CI") == "true" or os.environ.get("ALPHA_PULSE_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report skipped tests in the summary."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if report.nodeid.startswith("tests/browser/")]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests of the dashboard were skipped: {skipped[0].longrepr[2]}")


@pytest.fixture(scope="session")
def program() -> str:
    """The path of the browser; without a browser or a built page the tests are skipped, or fail where they are required."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        missing(f"no browser is installed (searched for {', '.join(PROGRAMS)}); Debian's is: apt-get install chromium")
    if not (PAGE / "index.html").is_file():
        missing("the dashboard is not built; run: python scripts/build_page.py")
    return str(path)


# Per module: Playwright keeps an event loop running on this thread, in which no other test could start one of its own.
@pytest.fixture(scope="module")
def browser(program: str) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--headless=new"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("browser"), BARS, {**RESTLESS, **SERVING})
    server.start()
    server.step(STEPS - 400)
    server.request("/online-learning/sessions/EURUSD/direction/adapt", {"drift_type": "regime"})
    server.step(400)
    yield server
    server.stop()


@pytest.fixture
def visitor(browser: object, server: LiveServer) -> Iterator[Visitor]:
    """A visitor with a desktop screen who has opened the link. An error in the console fails the test."""
    visitor = Visitor(browser, server)
    visitor.open()
    yield visitor
    visitor.leave()
    assert visitor.errors == []
