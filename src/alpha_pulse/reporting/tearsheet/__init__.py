"""The tear sheet of a run: its numbers on one page, from the stored result and the journal's tables."""

from __future__ import annotations

from alpha_pulse.reporting.tearsheet.content import RunContent, read_run
from alpha_pulse.reporting.tearsheet.sheet import TearSheet, make_tear_sheet

__all__ = ["RunContent", "TearSheet", "make_tear_sheet", "read_run"]
