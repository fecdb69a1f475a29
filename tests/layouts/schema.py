"""Where a layout keeps what: found by comparing the cells of an undamaged file with the bars that were written."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from pathlib import Path

import msgspec

from layouts.layout import Layout
from layouts.numbers import Clock, any_clock, clocks, number
from layouts.table import Row, Table

PRICES = ("open", "high", "low", "close")
SIGNS = ((".", ""), (".", ","), (",", "."))
"""Those of decimals and of thousands."""
Cells = list[list[str]]


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """How to read a layout's text.

    Parameters
    ----------
    skip, last
        Lines before the first row and after the last one.
    width
        Cells of a row.
    columns
        The place of open, high, low, close and, where one column holds it, volume.
    times, clock, shift
        The places of the time's cells, how to read them, and how long after the bar's start that is.
    symbol
        The place of the symbol, if any.
    scale
        What prices are multiplied by.
    """

    separator: str
    skip: int
    last: int
    width: int
    columns: dict[str, int]
    decimal: str
    thousands: str
    times: tuple[int, ...]
    clock: Clock
    shift: int
    symbol: int | None
    scale: float
    zone: str

    def value(self, row: Sequence[str], field: str) -> float | None:
        """The number that the cell says, in the unit of the bars; None where it says none."""
        cell, units = row[self.columns[field]], field == "volume"
        found = number(cell, self.decimal, self.thousands, units)
        if found is None:
            found = number(cell, self.decimal, "." if self.decimal == "," else ",", units)
        return found if found is None or field == "volume" else found / self.scale

    def time(self, row: Sequence[str]) -> str:
        """The cells of the time as one text."""
        parts = [row[at].strip() for at in self.times]
        if len(parts) == 2 and parts[1].isdigit():
            parts[1] = f"{parts[1]}00" if len(parts[1]) == 4 else parts[1].zfill(6)  # spreadsheets drop the zeros
        return plain_time(" ".join(parts))

    def start(self, row: Sequence[str]) -> int | None:
        """The bar's start, by its time as this layout writes it."""
        found = self.clock(self.time(row))
        return None if found is None else found - self.shift

    def start_written_otherwise(self, row: Sequence[str]) -> int | None:
        """The bar's start, by its time in whatever way it is written."""
        found = any_clock(self.time(row), self.zone)
        return None if found is None else found - self.shift


def plain_time(text: str) -> str:
    """Without fractions of nothing, and with a blank before GMT."""
    return re.sub(r"(:\d\d)[.,]0{1,9}(?!\d)\s?(?=GMT|$)", r"\1 ", text).strip()


def text_of(content: bytes, name: str) -> str:
    """The text of a file, unpacked where it is packed. Raises what unpacking raises."""
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    return content.decode("utf-16" if content[:2] == b"\xff\xfe" else "utf-8-sig")


def cells(text: str, separator: str) -> Cells:
    """The rows of the text, with empty ones."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def schema_of_layout(layout: Layout, tables: Sequence[Table], path: Path) -> Schema | None:
    """The schema of a delimited layout; None where its text is none, or a row holds several bars."""
    try:
        text = text_of(path.read_bytes(), path.name)
    except UnicodeDecodeError:
        return None
    if text[:1] in "{[" or re.search(r"(bid|ask)_?(open|close)", text[:200].lower()):  # a price of several cells is none of one
        return None
    written = [row for table in tables for row in (reversed(table.rows) if layout.descending else table.rows)]
    return next(_schemas(layout, tables[0].interval, text, written), None)


def _schemas(layout: Layout, interval: int, text: str, written: Sequence[Row]) -> Iterator[Schema]:
    for separator, skip, last in product((",", ";", "\t"), range(4), range(2)):
        rows = cells(text, separator)
        body = rows[skip : len(rows) - last]
        if len(body) != len(written) or len(body[0]) < 5 or len({len(row) for row in body}) > 1:
            continue
        clock = _clock("UTC" if layout.dated else layout.zone, interval, body, written)
        for summed, (decimal, thousands), scale in product((False, True), SIGNS, (1.0, 1e9)):
            columns = _columns(layout, body, written, decimal, thousands, scale)
            complete = {*PRICES, *(["volume"] if layout.volume and not summed else [])}
            if clock is None or columns.keys() != complete:
                continue
            symbols = [at for at in range(len(body[0])) if {row[at] for row in body} == set(layout.symbols)]
            yield Schema(
                separator=separator,
                skip=skip,
                last=last,
                width=len(body[0]),
                columns=columns,
                decimal=decimal,
                thousands=thousands,
                times=clock[0],
                clock=clock[1],
                shift=clock[2],
                symbol=symbols[0] if symbols else None,
                scale=scale,
                zone="UTC" if layout.dated else layout.zone,
            )


def _columns(layout: Layout, body: Cells, written: Sequence[Row], decimal: str, thousands: str, scale: float) -> dict[str, int]:
    """The first column of each field whose every cell says the bars' number."""
    found: dict[str, int] = {}
    for at in range(len(body[0])):
        read = [number(row[at], decimal, thousands) for row in body]
        if None in read:
            continue
        prices = [value / scale for value in read if value is not None]
        for field in PRICES:
            if prices == [float(getattr(row, field)) for row in written]:
                found.setdefault(field, at)
        if layout.volume is not None and read == [layout.volume(row.volume) for row in written]:
            found.setdefault("volume", at)
    return found


def _clock(zone: str, interval: int, body: Cells, written: Sequence[Row]) -> tuple[tuple[int, ...], Clock, int] | None:
    """The cells of the time, how to read them, and how long after the bar's start that is."""
    places = [*permutations(range(min(len(body[0]), 4)), 2), *((at,) for at in range(len(body[0])))]
    for times, clock, shift in product(places, clocks(zone), (0, interval)):
        cells = (plain_time(" ".join(row[at].strip() for at in times)) for row in body)
        if all(clock(cell) == want.start + shift for cell, want in zip(cells, written, strict=True)):
            return times, clock, shift
    return None
