"""Reads the columns of a text with polars: as numbers where possible, else as text, so that errors can quote cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

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
    """The layout of a text table; ``first`` is the line of the first row, from 0."""

    separator: str
    headers: tuple[tuple[str, ...], ...]
    first: int
    width: int
    preamble: tuple[str, ...]


def initial_types(kinds: Mapping[int, Kind], sample: Sequence[Sequence[str]]) -> dict[int, Kind]:
    """The types of columns for the first attempt; a type that the sample does not match is replaced by text.

    If one number is not plain, all number columns are read as text, because all of them show the notation of the file.
    """
    cells = {index: [cell for row in sample if (cell := row[index].strip())] for index in kinds}
    numbers = [index for index, kind in kinds.items() if kind == "number"]
    plain = all(is_plain_number(cell) for index in numbers for cell in cells[index])
    chosen = dict(kinds)
    for index, kind in kinds.items():
        digits = all(cell.isascii() and cell.isdigit() and len(cell) < 19 for cell in cells[index])
        if (kind == "time" and not digits) or (kind == "number" and not plain):
            chosen[index] = "text"
    return chosen


def load_columns(content: Content, layout: Layout, kinds: Mapping[int, Kind]) -> Loaded:
    """Load the columns at the indices in ``kinds``; all as text where one has a cell of another kind.

    Raises
    ------
    DataError
        The text is not valid CSV.
    """
    begin, blank_lines = _first_row(content.data, layout.first)
    ragged: dict[int, int] = {}
    frame = _from_file(content.path, layout, blank_lines, kinds) if content.partial else None
    if frame is None:
        data = content.full_text()
        begin, blank_lines = _first_row(data, layout.first)
        frame, ragged = _from_memory(data, begin, blank_lines, layout, kinds, content.where)
        if b'"' in data:
            _check_quotes(data[begin:], frame.height, blank_lines, layout.separator, content.where)
    cells = _cells_of_truncated_line(
        content.data[-_TAIL:] if not content.partial else _file_tail(content.path), layout.separator
    )
    if cells:
        ragged[frame.height - 1] = cells
    needed = max(kinds) + 1
    if 0 < frame[str(needed - 1)].null_count() < frame.height:
        data = content.full_text()
        ragged |= _short_rows(data[begin:], needed, layout, blank_lines, content.where)
    frame = frame.select(str(index) for index in kinds)
    return Loaded(frame, {index + blank_lines: cells for index, cells in ragged.items()}, blank_lines)


def _file_tail(path: str) -> bytes:
    """The end of a file."""
    with open(path, "rb") as file:  # noqa: PTH123 (as the rest of it is read)
        file.seek(max(file.seek(0, io.SEEK_END) - _TAIL, 0))
        return file.read()


def _cells_of_truncated_line(tail: bytes, separator: str) -> int:
    """The number of cells of a truncated last line: it has no line end and fewer cells than the line before. Else 0."""
    if tail.endswith(b"\n"):
        return 0
    lines = tail.decode(errors="replace").splitlines()[-2:]
    counts = [len(next(csv.reader([line], delimiter=separator), [])) for line in lines]
    return counts[1] if len(counts) == 2 and counts[1] < counts[0] else 0


def _first_row(data: bytes, first: int) -> tuple[int, int]:
    """The offset of the first non-blank line from line ``first`` on, and the number of blank lines skipped."""
    offset = 0
    for _ in range(first):
        offset = data.find(b"\n", offset) + 1
        if not offset:
            return len(data), 0
    match = _BLANK_LINES.match(data, offset)
    end = match.end() if match is not None else offset
    return end, data.count(b"\n", offset, end)


def _from_file(path: str, layout: Layout, blank_lines: int, kinds: Mapping[int, Kind]) -> pl.DataFrame | None:
    """Read directly from the file, which is fastest; None where that fails for any reason."""
    schema = {str(index): _DTYPES[kinds.get(index, "text")] for index in range(layout.width)}
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
    """Read all columns from memory; also gives the rows that have too many cells."""
    head = layout.separator.join(str(index) for index in range(layout.width)).encode() + b"\n"
    text = b"".join((head, memoryview(data)[begin:]))
    quote = '"' if b'"' in data else None

    def read(schema: Mapping[str, pl.DataType] | None, *, truncate: bool) -> pl.DataFrame:
        return pl.read_csv(
            text, separator=layout.separator, infer_schema=False, quote_char=quote, schema_overrides=schema,
            truncate_ragged_lines=truncate,
        )  # fmt: skip

    if not (quote and _LONE_QUOTE.search(data)):  # on which polars panics where a number is expected
        try:
            return read({str(index): _DTYPES[kind] for index, kind in kinds.items()}, truncate=False), {}
        except _FAILURES:
            pass
    ragged = _ragged_rows(data[begin:], layout, blank_lines, where)
    try:
        return read(None, truncate=True), ragged
    except _FAILURES as error:
        raise DataError(f"{where} cannot be read as CSV ({first_line(error)}); give a complete and valid file") from None


def _check_quotes(body: bytes, height: int, blank_lines: int, separator: str, where: str) -> None:
    """Refuse an open quote where the csv module and polars count different rows, since rows would be lost."""
    lines = body.split(b"\n")
    first = next((offset for offset, line in enumerate(lines) if line.count(b'"') % 2), None)
    if first is None:
        return
    reader = csv.reader(io.StringIO(body.decode(errors="replace"), newline=""), delimiter=separator)
    try:
        ends = sum(1 for _ in reader) == height
    except csv.Error:  # the quoted cell exceeds the largest size of a cell
        ends = False
    if not ends:
        raise DataError(f"{where}, row {blank_lines + first + 1}: a quote is not closed; correct or drop the row")


def _ragged_rows(body: bytes, layout: Layout, blank_lines: int, where: str) -> dict[int, int]:
    """The rows that have more non-empty cells than the header has names."""
    return {
        index: len(row)
        for index, row in _csv_rows(body, layout, blank_lines, where)
        if len(row) > layout.width and any(cell.strip() for cell in row[layout.width :])
    }


def _short_rows(body: bytes, needed: int, layout: Layout, blank_lines: int, where: str) -> dict[int, int]:
    """The rows that end before column ``needed`` and are not blank."""
    return {index: len(row) for index, row in _csv_rows(body, layout, blank_lines, where) if len(row) < needed and any(row)}


def _csv_rows(body: bytes, layout: Layout, blank_lines: int, where: str) -> Iterator[tuple[int, list[str]]]:
    """Each row of a text with its index. Raises DataError for a row that is not valid CSV."""
    index = -1
    try:
        for index, row in enumerate(
            csv.reader(io.StringIO(body.decode(errors="replace"), newline=""), delimiter=layout.separator)
        ):
            yield index, row
    except csv.Error as error:
        raise DataError(
            f"{where}, row {blank_lines + index + 2}: the row cannot be read as CSV ({error}); correct or drop the row"
        ) from None
