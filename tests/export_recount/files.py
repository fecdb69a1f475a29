"""The files of an export, read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Row = dict[str, Any]
Floats = NDArray[np.float64]
MS = 1000000
SECOND = 1000000000
TARGETS = ("volatility", "direction")


class Files:
    """The tables of an export, times as ns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, list[Row]] = {}
        (self.run,) = self["run"]
        self.config: Row = json.loads(self.run["config"])
        self.symbols = sorted({row["symbol"] for row in self["bars"]})
        self.books = list(dict.fromkeys(row["book"] for row in self["equity"]))
        self.seq = self.run["steps"] - 1
        self.now = max(row["known_at"] for table in ("bars", "commands") for row in self[table])

    def __getitem__(self, table: str) -> list[Row]:
        if table not in self._read:
            frame = pl.read_parquet(self._folder / f"{table}.parquet")
            times = [name for name, dtype in frame.schema.items() if dtype == pl.Datetime("ns", "UTC")]
            self._read[table] = frame.with_columns(pl.col(times).cast(pl.Int64)).to_dicts()
        return self._read[table]

    def of(self, table: str, **wanted: Any) -> list[Row]:
        """The rows with these values."""
        return [row for row in self[table] if all(row[name] == value for name, value in wanted.items())]


def ms(ns: int | None) -> int | None:
    return None if ns is None else ns // MS


def number_of(an_id: str) -> int:
    return int(an_id.removesuffix("/f").removesuffix("/stop").rpartition("/")[2])
