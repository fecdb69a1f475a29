"""Moved to `alpha_pulse.library.progress`."""

from __future__ import annotations

from alpha_pulse.library.progress import Phases, ProgressCallback, progress

__all__ = ["Phases", "ProgressCallback", "progress"]
