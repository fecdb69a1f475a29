"""Somebody who looks at the page: what it says, and whether it complained."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from browser.live import LiveServer

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 30_000
BROKEN_CONNECTION = re.compile(r"WebSocket connection .* failed|net::ERR_|Failed to load resource")


class Visitor:
    """A fresh browser profile with one tab."""

    def __init__(self, browser: Any, server: LiveServer, viewport: dict[str, int] | None = None, **context: Any) -> None:
        self.server = server
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self._context = browser.new_context(viewport=viewport or DESK, color_scheme="dark", **context)
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.server.url).netloc:
            self.foreign.append(url)

    def forgive_broken_connections(self) -> None:
        """The browser itself reports each connection that fails; where a test breaks them, that is no fault of the page."""
        self.complaints = [text for text in self.complaints if not BROKEN_CONNECTION.search(text)]

    def open(self) -> None:
        """Use a fresh link, and wait until everything is read and connected."""
        self.page.goto(self.server.link())
        self.ready()

    def sign_in(self) -> None:
        """Paste the token, which outlives a start of the server."""
        self.page.goto(self.server.url)
        self.page.get_by_label("Token").fill(self.server.token)
        self.page.get_by_role("button", name="Open").click()
        self.ready()

    def ready(self) -> None:
        self.wait_for("link", "connected")
        self.page.wait_for_selector("[data-session]")
        self.page.wait_for_selector("[data-book]")

    def leave(self) -> None:
        self._context.close()

    def says(self, name: str) -> str:
        """The text of one value."""
        return str(self.page.locator(f'[data-value="{name}"]').inner_text())

    def wait_for(self, name: str, text: str) -> None:
        """Until a value reads so."""
        self.page.locator(f'[data-value="{name}"]', has_text=re.compile(f"^{re.escape(text)}$")).wait_for()

    def table(self, panel: str) -> list[list[str]]:
        """The texts of a panel's table, without its head."""
        found = self.page.locator(f'[data-panel="{panel}"] tbody').evaluate_all(
            "bodies => bodies.flatMap(body => [...body.rows].map(row => [...row.cells].map(cell => cell.innerText.trim())))"
        )
        return [[str(cell) for cell in row] for row in found]

    def charts(self, panel: str) -> str:
        """What a panel's charts say to those who cannot see them: the newest value of each line."""
        labels = self.page.locator(f'[data-panel="{panel}"] [role="img"]').evaluate_all(
            'charts => charts.map(chart => chart.getAttribute("aria-label"))'
        )
        return "; ".join(map(str, labels))

    def width_needed(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace(",", "").replace("\u2212", "-").replace("+", "").replace("%", "").strip())
