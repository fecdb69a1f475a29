"""The bundled bars: real market data, small enough to ship. What they are and where from: docs/data.md and NOTICE."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

DEFAULT = "eurusd_1h_2017"
"""What is replayed when no file is named."""


def bundled() -> dict[str, Path]:
    """Every bundled file by its name (the file's name without ``.parquet``), sorted.

    >>> sorted(bundled())
    ['eurusd_1h_2017', 'sp500_nasdaq_1d_1999_2018']
    """
    folder = Path(str(files(__name__)))
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}
