"""Writes tables in a random style as delimited text, packed or not, and in the other formats."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from layouts.random_styles import PRICES, Style
from layouts.table import Table


def lines(tables: Sequence[Table], style: Style) -> str:
    """The file's text."""
    made = io.StringIO()
    quoting = {"quoting": csv.QUOTE_ALL} if style.quoted else {}
    writer = csv.writer(made, delimiter=style.separator, lineterminator=style.end, **quoting)  # type: ignore[arg-type]
    made.write("".join(f"{line}{style.end}" for line in style.above))
    if style.names:
        writer.writerow(style.names)
    for table in tables:
        rows = reversed(table.rows) if style.descending else table.rows
        for count, row in enumerate(rows):
            if style.blanks and count == 2:
                made.write(style.end)
            writer.writerow([style.cell(table, row, column) for column in style.columns])
    return made.getvalue() if style.last_end else made.getvalue().removesuffix(style.end)


def write_text(tables: Sequence[Table], style: Style, folder: Path, stem: str) -> Path:
    content = lines(tables, style).encode("utf-8-sig" if style.mark else "utf-8")
    name = f"{stem}.{'tsv' if style.separator == chr(9) else 'csv'}"
    if style.pack == "gz":
        path = folder / f"{name}.gz"
        path.write_bytes(gzip.compress(content, 1))
        return path
    if style.pack == "zip":
        path = folder / f"{stem}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return path
    path = folder / name
    path.write_bytes(content)
    return path


def frame(tables: Sequence[Table], style: Style, time: str) -> pl.DataFrame:
    """Typed columns; ``time`` is one of int, datetime, zoned, text."""
    rows = [(table, row) for table in tables for row in table.rows]
    starts = pl.Series([row.start for _, row in rows])
    made: dict[str, pl.Series] = {}
    for column, name in zip(style.columns, style.names, strict=True):
        if column == "time":
            zoned = starts.cast(pl.Datetime("ns", "UTC"))
            made[name] = {
                "int": starts // 1_000_000,
                "datetime": starts.cast(pl.Datetime("ns")).cast(pl.Datetime("us")),
                "zoned": zoned.dt.convert_time_zone("Asia/Tokyo"),
                "text": zoned.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }[time]
        elif column == "symbol":
            made[name] = pl.Series([table.symbol for table, _ in rows], dtype=pl.Categorical)
        elif column == "extra":
            made[name] = pl.Series([None] * len(rows), dtype=pl.Float64)
        else:
            numbers = [float(getattr(row, column)) for _, row in rows]
            made[name] = pl.Series(numbers, dtype=pl.Float64)
    return pl.DataFrame(made)


def write_json(tables: Sequence[Table], style: Style, path: Path, shape: str) -> None:
    """``shape`` is rows (of objects), lists (of numbers), columns or lines."""
    fields = ["time", *PRICES, *(["volume"] if "volume" in style.columns else [])]
    stacked = "symbol" in style.columns
    records = [
        {
            **({"symbol": table.symbol} if stacked else {}),
            **{name: row.start // 1_000_000 if name == "time" else float(getattr(row, name)) for name in fields},
        }
        for table in tables
        for row in table.rows
    ]
    if shape == "lines":
        path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
        return
    content: object = records
    if shape == "columns":
        content = {name: [record[name] for record in records] for name in records[0]}
    if shape == "lists" and not stacked:
        content = [list(record.values()) for record in records]
    path.write_text(json.dumps(content), encoding="utf-8")
