"""A stored run as tables that everyone can read: polars frames, Parquet or CSV files."""

from __future__ import annotations

from alpha_pulse.journal.export.files import ExportResult, export
from alpha_pulse.journal.export.frames import parts, tables

__all__ = ["ExportResult", "export", "parts", "tables"]
