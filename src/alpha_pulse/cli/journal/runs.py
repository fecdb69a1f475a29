"""Moved to `alpha_pulse.library.places`."""

from __future__ import annotations

from alpha_pulse.library.places import find_run, run_id_of, store_file

__all__ = ["find_run", "run_id_of", "store_file"]
