"""How far a command is, on standard error: a bar on a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alpha_pulse.core.clock import elapsed_ns

LINE_EVERY_NS = 5_000_000_000


class Report(Protocol):
    """Takes how much is done and a note to show beside it."""

    def __call__(self, done: int, note: str = "") -> None:
        """Show it."""
        ...


@contextmanager
def progress(title: str, total: int, unit: str, *, countdown: bool = True) -> Iterator[Report]:
    """Show that ``title`` is under way until the block ends; a bar is wiped away then.

    Parameters
    ----------
    title
        What is being done.
    total
        How many ``unit`` there are to do.
    countdown
        Show the time that is left rather than the time that has passed.
    """
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with _bar(console, countdown) as shown:
            task = shown.add_task(title, total=total, unit=unit, note="")

            def move(done: int, note: str = "") -> None:
                shown.update(task, completed=min(done, total), note=note)

            yield move
    else:
        yield _Lines(title, total, unit)


class Phases:
    """One `progress` after another, each begun at its first word: a terminal shows one at a time."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._title: str | None = None
        self._report: Report | None = None

    def show(self, title: str, total: int, unit: str, done: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` are done; another ``title`` than before ends what was shown."""
        if self._report is None or title != self._title:
            self.close()
            self._title, self._report = title, self._open.enter_context(progress(title, total, unit))
        self._report(done, note)

    def close(self) -> None:
        """End what is shown; another phase may follow."""
        self._open.close()
        self._report = None


def _bar(console: Console, countdown: bool) -> Progress:
    return Progress(
        SpinnerColumn("dots" if console.encoding.startswith("utf") else "line"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(compact=True) if countdown else TimeElapsedColumn(),
        console=console,
        transient=True,
        expand=True,
    )


class _Lines:
    """A first line once the work has begun, so that a refusal stands alone; then one every five seconds."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._shown_ns = 0

    def __call__(self, done: int, note: str = "") -> None:
        now = elapsed_ns()
        if not self._shown_ns:
            self._shown_ns = now
            print(f"{self._title}: {self._total:,} {self._unit}", file=sys.stderr, flush=True)
        elif now - self._shown_ns >= LINE_EVERY_NS:
            self._shown_ns = now
            line = f"{self._title}: {min(done, self._total):,}/{self._total:,} {self._unit} {note}"
            print(line.rstrip(), file=sys.stderr, flush=True)
