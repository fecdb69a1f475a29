"""Moved to `alpha_pulse.library.settings`."""

from __future__ import annotations

from alpha_pulse.library.settings import load_settings

__all__ = ["load_settings"]
