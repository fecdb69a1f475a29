"""The version of this program."""

from __future__ import annotations

__version__ = "0.2.0"
