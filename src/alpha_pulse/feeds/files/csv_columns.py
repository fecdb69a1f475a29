"""The columns of a text, read by polars: as numbers where they look so, and as text where that fails, to name the fault."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.cells import is_plain_number
from alpha_pulse.feeds.files.containers import Content, first_line
from alpha_pulse.feeds.files.native_output import suppressed_stderr
from alpha_pulse.feeds.tables import Kind, Loaded

_DTYPES: dict[Kind, pl.DataType] = {"number": pl.Float64(), "time": pl.Int64(), "text": pl.String()}
_LONE_QUOTE = re.compile(rb'(?:^|[,;\t|\n ])"(?=[,;\t|\r\n ]|$)')
_BLANK_LINES = re.compile(rb"(?:[ \t\r\f\v]*+\n)*+")
_FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


_TAIL = 1 << 16


class Layout(msgspec.Struct, frozen=True):
    """Where things stand in a text: ``first`` is the number of the line of the first row, from 0."""

    separator: str
    headers: tuple[tuple[str, ...], ...]
    first: int
    width: int
    preamble: tuple[str, ...]


def initial_types(kinds: Mapping[int, Kind], sample: Sequence[Sequence[str]]) -> dict[int, Kind]:
    """The kinds as which columns are read first: what its sample is not, none can be.

    Where one number is not plain, all are read as text, since all tell how a file writes its numbers.
    """
    cells = {place: [cell for row in sample if (cell := row[place].strip())] for place in kinds}
    numbers = [place for place, kind in kinds.items() if kind == "number"]
    plain = all(is_plain_number(cell) for place in numbers for cell in cells[place])
    found = dict(kinds)
    for place, kind in kinds.items():
        digits = all(cell.isascii() and cell.isdigit() and len(cell) < 19 for cell in cells[place])
        if (kind == "time" and not digits) or (kind == "number" and not plain):
            found[place] = "text"
    return found


def load_columns(content: Content, layout: Layout, kinds: Mapping[int, Kind]) -> Loaded:
    """The columns at the places in ``kinds``; all as text where one cannot be of its kind.

    Raises
    ------
    DataError
        The text is no CSV.
    """
    begin, blank_lines = _first_row(content.data, layout.first)
    ragged: dict[int, int] = {}
    frame = _from_file(content.path, layout, blank_lines, kinds) if content.cut else None
    if frame is None:
        data = content.whole()
        begin, blank_lines = _first_row(data, layout.first)
        frame, ragged = _from_memory(data, begin, blank_lines, layout, kinds, content.where)
        if b'"' in data:
            _check_quotes(data[begin:], frame.height, blank_lines, layout.separator, content.where)
    cells = _cells_of_truncated_line(content.data[-_TAIL:] if not content.cut else _file_tail(content.path), layout.separator)
    if cells:
        ragged[frame.height - 1] = cells
    frame = frame.select(str(place) for place in kinds)
    return Loaded(frame, {place + blank_lines: cells for place, cells in ragged.items()}, blank_lines)


def _file_tail(path: str) -> bytes:
    """The end of a file."""
    with open(path, "rb") as file:  # noqa: PTH123 (as the rest of it is read)
        file.seek(max(file.seek(0, io.SEEK_END) - _TAIL, 0))
        return file.read()


def _cells_of_truncated_line(tail: bytes, separator: str) -> int:
    """How many cells the last line has, where it has no end and fewer cells than the line before: it is cut off; else 0."""
    if tail.endswith(b"\n"):
        return 0
    lines = tail.decode(errors="replace").splitlines()[-2:]
    counts = [len(next(csv.reader([line], delimiter=separator), [])) for line in lines]
    return counts[1] if len(counts) == 2 and counts[1] < counts[0] else 0


def _first_row(data: bytes, first: int) -> tuple[int, int]:
    """Where line ``first`` begins, or the first line after it that is not blank, and how many blank ones lie between."""
    at = 0
    for _ in range(first):
        at = data.find(b"\n", at) + 1
        if not at:
            return len(data), 0
    match = _BLANK_LINES.match(data, at)
    end = match.end() if match is not None else at
    return end, data.count(b"\n", at, end)


def _from_file(path: str, layout: Layout, blank_lines: int, kinds: Mapping[int, Kind]) -> pl.DataFrame | None:
    """Straight from the file, the quick way; None where that fails for any reason."""
    schema = {str(place): _DTYPES[kinds.get(place, "text")] for place in range(layout.width)}
    try:
        with suppressed_stderr():
            return pl.read_csv(
                path, has_header=False, skip_lines=layout.first + blank_lines, schema=schema, separator=layout.separator,
                missing_columns="insert",
            )  # fmt: skip
    except _FAILURES:
        return None


def _from_memory(
    data: bytes, begin: int, blank_lines: int, layout: Layout, kinds: Mapping[int, Kind], where: str
) -> tuple[pl.DataFrame, dict[int, int]]:
    """All columns, and the rows that have too many cells."""
    head = layout.separator.join(str(place) for place in range(layout.width)).encode() + b"\n"
    text = b"".join((head, memoryview(data)[begin:]))
    quote = '"' if b'"' in data else None

    def read(schema: Mapping[str, pl.DataType] | None, *, truncate: bool) -> pl.DataFrame:
        return pl.read_csv(
            text, separator=layout.separator, infer_schema=False, quote_char=quote, schema_overrides=schema,
            truncate_ragged_lines=truncate,
        )  # fmt: skip

    if not (quote and _LONE_QUOTE.search(data)):  # on which polars panics where a number is expected
        try:
            return read({str(place): _DTYPES[kind] for place, kind in kinds.items()}, truncate=False), {}
        except _FAILURES:
            pass
    ragged = _ragged_rows(data[begin:], layout, blank_lines, where)
    try:
        return read(None, truncate=True), ragged
    except _FAILURES as error:
        raise DataError(f"{where} cannot be read as CSV ({first_line(error)}); give a whole and valid file") from None


def _check_quotes(body: bytes, height: int, blank_lines: int, separator: str, where: str) -> None:
    """Refuse quotes that do not end in their line where readers differ about the rows, which would be lost."""
    lines = body.split(b"\n")
    first = next((at for at, line in enumerate(lines) if line.count(b'"') % 2), None)
    if first is None:
        return
    reader = csv.reader(io.StringIO(body.decode(errors="replace"), newline=""), delimiter=separator)
    try:
        ends = sum(1 for _ in reader) == height
    except csv.Error:  # the cell that it begins swallows more than any cell may hold
        ends = False
    if not ends:
        raise DataError(f"{where}, row {blank_lines + first + 1}: a quote in it does not end; correct or drop the row")


def _ragged_rows(body: bytes, layout: Layout, blank_lines: int, where: str) -> dict[int, int]:
    """The rows that have more cells than the header names, unless these are empty."""
    ragged = {}
    reader = csv.reader(io.StringIO(body.decode(errors="replace"), newline=""), delimiter=layout.separator)
    place = -1
    try:
        for place, row in enumerate(reader):
            if len(row) > layout.width and any(cell.strip() for cell in row[layout.width :]):
                ragged[place] = len(row)
    except csv.Error as error:
        raise DataError(
            f"{where}, row {blank_lines + place + 2}: it cannot be read as CSV ({error}); correct or drop the row"
        ) from None
    return ragged
