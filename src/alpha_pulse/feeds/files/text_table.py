"""Text as tables: finds the separator, the header and the first row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.cells import is_number, is_time
from alpha_pulse.feeds.cells.column_names import candidate_indices, is_known_name, split_levels
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.files.containers import Content
from alpha_pulse.feeds.files.csv_columns import Layout, initial_types, load_columns
from alpha_pulse.feeds.tables import SAMPLE_ROWS, Kind, Loaded, Table

SEPARATORS = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}
_SAMPLE_BYTES = 1 << 18
_FEWEST = 5
"""The least number of columns of a table of bars: a time and four prices."""


def text_tables(content: Content) -> Iterator[Table]:
    """The table of a text file; one for each symbol, where two header lines name several.

    Raises
    ------
    DataError
        The text cannot be decoded, or is not a table.
    """
    sample = _first_lines(content.data)
    if not sample:
        raise DataError(f"{content.where} is empty; a header and at least one row are needed")
    layout = _detect_layout(sample, content.where)
    names = {",": "CSV"}.get(layout.separator, f"CSV, {SEPARATORS[layout.separator]}")
    shown = f"{content.packed}{names}{content.encoding}"
    rows = _cells(sample[layout.first :][:SAMPLE_ROWS], layout.separator)
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    padded = tuple(tuple(row[: layout.width] + [""] * (layout.width - len(row))) for row in rows)

    def load(kinds: Mapping[int, Kind]) -> Loaded:
        return load_columns(content, layout, initial_types(kinds, padded))

    for header, metadata in split_levels(layout.headers):
        yield Table(
            where=content.where, path=content.path, name=content.name, format=shown, header=header, sample=padded,
            load=load, metadata=metadata, preamble=layout.preamble,
        )  # fmt: skip


def _first_lines(data: bytes) -> list[str]:
    """The first lines."""
    whole = len(data) <= _SAMPLE_BYTES
    text = data[:_SAMPLE_BYTES].decode(errors="ignore")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if not whole and len(lines) > 1:
        lines.pop()
    return lines[: 2 * SAMPLE_ROWS]


def _detect_layout(lines: Sequence[str], where: str) -> Layout:
    separator = max(SEPARATORS, key=lambda sign: _separator_score(lines, sign))
    rows = [_cells([line], separator)[0] if line.strip() else [] for line in lines]
    filled = [row for row in rows if row]
    tail = filled[len(filled) // 5 :]
    width = Counter(map(len, tail)).most_common(1)[0][0]
    begins = next((index for index, row in enumerate(rows) if len(row) == width and _is_data_row(row)), None)
    head = range(len(rows) if begins is None else begins)
    named = [index for index in head if sum(is_known_name(cell) for cell in rows[index]) >= 2]
    if named and (above := _two_level_lines(rows, named[0], width)):
        return Layout(separator, tuple(tuple(rows[index]) for index in above), above[-1] + 1, _widest(rows, above, width), ())
    if named:
        best = max(named, key=lambda index: sum(is_known_name(cell) for cell in rows[index]))
        header = tuple(rows[best])
        preamble = tuple(lines[index].strip() for index in range(best) if lines[index].strip())
        return Layout(separator, (header,), best + 1, _column_count(header, rows[best + 1 :]), preamble)
    first = begins if begins is not None and width >= _FEWEST else None
    if first is None:
        if begins is None and len(filled[0]) >= _FEWEST and not any(is_number(cell) for cell in filled[0]):
            index = rows.index(filled[0])
            return Layout(separator, (tuple(filled[0]),), index + 1, _column_count(filled[0], rows[index + 1 :]), ())
        raise DataError(
            f"{where} is not a table of bars: its first line is {lines[rows.index(filled[0])].strip()[:60]!r}; expected a "
            "header that names the columns, such as time,open,high,low,close,volume"
        )
    before = [index for index in range(first) if len(rows[index]) == width and any(cell.strip() for cell in rows[index])]
    if before and not any(is_number(cell) or is_time(cell) for cell in rows[before[-1]]):
        preamble = tuple(lines[index].strip() for index in range(before[-1]) if lines[index].strip())
        return Layout(separator, (tuple(rows[before[-1]]),), before[-1] + 1, width, preamble)
    start = before[0] if before and not any(is_known_name(cell) for cell in rows[before[0]]) else first
    start = next(
        (index for index in range(start) if _is_data_row(rows[index])), start
    )  # a row of another width is an error, not a preamble
    start = start if any(rows[:start]) else 0
    preamble = tuple(lines[index].strip() for index in range(start) if lines[index].strip())
    return Layout(separator, (), start, width, preamble)


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The cells of lines; at least one row."""
    try:
        return list(csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=separator)) or [[]]
    except csv.Error:  # a cell exceeds the largest size
        return [line.split(separator) for line in lines]


def _separator_score(lines: Sequence[str], separator: str) -> float:
    """The average number of cells of a row that are numbers or times with this separator."""
    rows = _cells([line for line in lines[:60] if line.strip()], separator)
    cells = sum(sum(1 if is_number(cell) or is_time(cell) else -0.2 * bool(cell.strip()) for cell in row) for row in rows)
    named = max((sum(is_known_name(cell) for cell in row) for row in rows[:20]), default=0)
    return cells / max(len(rows), 1) + named


def _is_data_row(row: Sequence[str]) -> bool:
    numbers = sum(is_number(cell) for cell in row)
    return numbers >= 4 or (numbers >= 3 and any(is_time(cell) for cell in row))


def _two_level_lines(rows: Sequence[Sequence[str]], first: int, width: int) -> list[int]:
    """The lines of a header of two levels, as in yfinance: prices, tickers, and the name of the index; empty for others."""
    head = [row[0].strip().lower() for row in rows[first : first + 3] if row]
    if len(head) >= 2 and {head[0], head[1]} == {"price", "ticker"}:
        third = rows[first + 2] if len(rows) > first + 2 else []
        is_index = bool(third) and is_known_name(third[0]) and not any(cell.strip() for cell in third[1:])
        return [first, first + 1, *([first + 2] if is_index else [])]
    if len(rows) > first + 1 and _is_ticker_row(rows[first + 1], len(rows[first])):
        return [first, first + 1]
    above = rows[first - 1] if first else []
    if not any(cell.strip() for cell in above):
        return []
    if sum(price in candidate_indices(above) and price in candidate_indices(rows[first]) for price in PRICES) > 2:
        return []
    corner = (above[0].strip().lower(), head[0] if head else None)
    if len(rows) > first + 2 and len(above) == len(rows[first]) and corner in (("", ""), ("ticker", "price")):
        third = rows[first + 1]
        is_index = bool(third) and is_known_name(third[0]) and not any(cell.strip() for cell in third[1:])
        return [first - 1, first, *([first + 1] if is_index else [])]
    return []


def _is_ticker_row(row: Sequence[str], width: int) -> bool:
    """Whether a row is the line of tickers below the prices; its first cell is empty."""
    names = row[1:]
    if sum(price in candidate_indices(names) for price in PRICES) > 2:
        return False
    return len(row) == width and not row[0].strip() and all(cell.strip() and not is_number(cell) for cell in names)


def _column_count(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The number of columns: that of the header, and more only where the extra cells of all rows are empty."""
    more = [row for row in rows if len(row) > len(header)]
    empty = not any(cell.strip() for row in more for cell in row[len(header) :])
    return max(map(len, more), default=0) if more and empty else len(header)


def _widest(rows: Sequence[Sequence[str]], above: Sequence[int], width: int) -> int:
    return max(width, *(len(rows[index]) for index in above))
