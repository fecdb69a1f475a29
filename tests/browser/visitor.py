"""A browser tab with the page: its texts, and the errors in its console."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from browser.live import LiveServer

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 30_000
BROKEN_CONNECTION = re.compile(r"WebSocket connection .* failed|net::ERR_|Failed to load resource")


class Visitor:
    """A fresh browser profile with one tab."""

    def __init__(self, browser: Any, server: LiveServer, viewport: dict[str, int] | None = None, **context: Any) -> None:
        self.server = server
        self.errors: list[str] = []
        self.foreign_requests: list[str] = []
        self._context = browser.new_context(viewport=viewport or DESKTOP, color_scheme="dark", **context)
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self.page.on("console", lambda message: self._log(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._check_host(request.url))

    def _log(self, level: str, text: str) -> None:
        if level in {"error", "warning"}:
            self.errors.append(text)

    def _check_host(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.server.url).netloc:
            self.foreign_requests.append(url)

    def ignore_broken_connections(self) -> None:
        """Drop the messages of the browser about connections that a test has broken."""
        self.errors = [text for text in self.errors if not BROKEN_CONNECTION.search(text)]

    def open(self) -> None:
        """Open a fresh link, and wait until the page is loaded and connected."""
        self.page.goto(self.server.link())
        self.ready()

    def sign_in(self) -> None:
        """Paste the token, which stays valid when the server restarts."""
        self.page.goto(self.server.url)
        self.page.get_by_label("Token").fill(self.server.token)
        self.page.get_by_role("button", name="Open").click()
        self.ready()

    def ready(self) -> None:
        self.wait_for("connection", "connected")
        self.page.wait_for_selector("[data-session]")
        self.page.wait_for_selector("[data-book]")

    def leave(self) -> None:
        self._context.close()

    def text_of(self, name: str) -> str:
        """The text of one value."""
        return str(self.page.locator(f'[data-value="{name}"]').inner_text())

    def wait_for(self, name: str, text: str) -> None:
        """Wait until a value has this text."""
        self.page.locator(f'[data-value="{name}"]', has_text=re.compile(f"^{re.escape(text)}$")).wait_for()

    def table(self, panel: str) -> list[list[str]]:
        """The cells of the table of a panel, without its head."""
        rows = self.page.locator(f'[data-panel="{panel}"] tbody').evaluate_all(
            "bodies => bodies.flatMap(body => [...body.rows].map(row => [...row.cells].map(cell => cell.innerText.trim())))"
        )
        return [[str(cell) for cell in row] for row in rows]

    def charts(self, panel: str) -> str:
        """The descriptions of the charts of a panel for screen readers: the newest value of each line."""
        labels = self.page.locator(f'[data-panel="{panel}"] [role="img"]').evaluate_all(
            'charts => charts.map(chart => chart.getAttribute("aria-label"))'
        )
        return "; ".join(map(str, labels))

    def width_needed(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


def number(text: str) -> float:
    """A number from a text of the page."""
    return float(text.replace(",", "").replace("\u2212", "-").replace("+", "").replace("%", "").strip())
