"""Progress of long work: a bar in a notebook or on a terminal, and elsewhere a line on standard error every five seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alpha_pulse.core.clock import elapsed_ns
from alpha_pulse.library.notebook import NotebookBar, in_notebook

LINE_EVERY_NS = 5_000_000_000
REPLAY_STEPS, REPLAY_NS = 256, 500_000_000
"""Steps, or time, between two reports of a replay of a journal's end."""
SPACE_AGAIN = "there is space on the disk again; the run continues"


class ProgressCallback(Protocol):
    """Shows how much is done, with an optional note."""

    def __call__(self, done: int, note: str = "") -> None:
        """Show it."""
        ...


@contextmanager
def progress(title: str, total: int, unit: str, *, countdown: bool = True, shown: bool = True) -> Iterator[ProgressCallback]:
    """Show the progress of ``title`` until the block ends, which clears a bar.

    Parameters
    ----------
    title
        The name of the work.
    total
        The number of units of work.
    unit
        The plural name of a unit, such as "bars".
    countdown
        Show the remaining time instead of the elapsed time.
    shown
        Whether anything is shown.
    """
    if not shown:
        yield _show_nothing
        return
    if in_notebook():
        with closing(NotebookBar(title, total, unit)) as bar:
            yield bar
        return
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with _bar(console, countdown) as bars:
            task = bars.add_task(title, total=total, unit=unit, note="")

            def move(done: int, note: str = "") -> None:
                bars.update(task, completed=min(done, total), note=note)

            yield move
    else:
        yield _Lines(title, total, unit)


class Phases:
    """Several `progress` bars, one after the other; each starts with its first report. ``shown``: whether they are shown."""

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown
        self._open = ExitStack()
        self._title: str | None = None
        self._done = 0
        self._report: ProgressCallback | None = None
        self._replayed = (0, elapsed_ns())

    def show(self, title: str, total: int, unit: str, done: int, note: str = "") -> None:
        """Show that ``done`` of ``total`` units are done. A new ``title`` ends the bar before it."""
        if self._report is None or title != self._title:
            self.close()
            self._title = title
            self._report = self._open.enter_context(progress(title, total, unit, shown=self._shown))
        self._done = done
        self._report(done, note)

    def show_replay(self, done: int, steps: int) -> None:
        """Show the replay of the end of a journal, unless it ends at once."""
        (before, before_ns), now_ns = self._replayed, elapsed_ns()
        if done - before >= REPLAY_STEPS or now_ns - before_ns >= REPLAY_NS:
            self._replayed = (done, now_ns)
            self.show("replaying the end of the journal", steps, "steps", done)

    def report_waiting(self, reason: str | None) -> None:
        """Print why a run waits for space on its disk, and note it beside the bar; None: there is space again."""
        print(SPACE_AGAIN if reason is None else f"warning: {reason}", file=sys.stderr, flush=True)
        if self._report is not None:
            self._report(self._done, "" if reason is None else "waiting for space on the disk")

    def close(self) -> None:
        """End the current bar; another may follow."""
        self._open.close()
        self._report = None


def _show_nothing(done: int, note: str = "") -> None:
    """Receives progress that is not shown."""


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
    """Prints a line with the first report, so that an error before it stands alone; then one every five seconds."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._shown_ns, self._line = 0, ""

    def __call__(self, done: int, note: str = "") -> None:
        now = elapsed_ns()
        if not self._shown_ns:
            self._shown_ns = now
            print(f"{self._title}: {self._total:,} {self._unit}", file=sys.stderr, flush=True)
        elif now - self._shown_ns >= LINE_EVERY_NS:
            self._shown_ns = now
            line = f"{self._title}: {min(done, self._total):,}/{self._total:,} {self._unit} {note}".rstrip()
            # The total may be an estimate that the work exceeds.
            if line != self._line:
                self._line = line
                print(line, file=sys.stderr, flush=True)
