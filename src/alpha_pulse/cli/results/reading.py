"""Reads a stored run, with a progress bar."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alpha_pulse.library.progress import Phases
from alpha_pulse.reporting.tearsheet import RunContent, read_run
from alpha_pulse.stores.reading import StoreReader


def read_with_progress(store: Path) -> RunContent:
    """See `alpha_pulse.reporting.tearsheet.read_run`."""
    with StoreReader(store) as reader, closing(Phases()) as phases:
        steps = reader.step_count
        return read_run(reader, lambda done: phases.show("reading the run", steps, "steps", done))
