"""A progress bar in a Jupyter notebook. Nothing of Jupyter is imported unless the program runs in it."""

from __future__ import annotations

import html
import importlib
import sys
from typing import Any

from alpha_pulse.core.clock import elapsed_ns

_EVERY_NS = 200_000_000
"""Time between two updates of a bar: each is a message to the browser."""


def in_notebook() -> bool:
    """Whether this program runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class NotebookBar:
    """A progress bar below the running cell, which `close` removes.

    Parameters
    ----------
    title, total, unit
        The name of the work, and how many units of it there are.
    """

    def __init__(self, title: str, total: int, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._display: Any = importlib.import_module("IPython.display")
        self._shown_ns = elapsed_ns()
        self._handle = self._display.display(self._display.HTML(self.content(0, "")), display_id=True)

    def __call__(self, done: int, note: str = "") -> None:
        """Show that ``done`` units are done."""
        now = elapsed_ns()
        if now - self._shown_ns >= _EVERY_NS:
            self._shown_ns = now
            self._handle.update(self._display.HTML(self.content(done, note)))

    def close(self) -> None:
        """Remove the bar."""
        self._handle.update(self._display.HTML(""))

    def content(self, done: int, note: str) -> str:
        """The bar as HTML."""
        done = min(done, self._total)
        text = html.escape(f"{self._title}: {done:,} of {self._total:,} {self._unit} {note}".rstrip())
        return f'<progress value="{done}" max="{max(self._total, 1)}" style="vertical-align:middle"></progress> {text}'
