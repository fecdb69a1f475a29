"""JSON as tables: lists of rows, lists of objects, objects of lists, also wrapped as by web APIs; also JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.column_names import is_known_name, plain
from alpha_pulse.feeds.files.containers import Content
from alpha_pulse.feeds.files.frame_tables import frame_table, series_of
from alpha_pulse.feeds.files.json_metadata import table_metadata
from alpha_pulse.feeds.tables import Table

_DEEPEST = 8
_EXPECTED = "a list of rows, a list of objects, or an object of lists is expected"


def json_tables(content: Content) -> Iterator[Table]:
    """The tables in a JSON text.

    Raises
    ------
    DataError
        The text is not valid JSON, or contains no table.
    """
    value, shown = _parse(content)
    has_table = False
    for rows, metadata in _tables(value, {}, 0):
        has_table = True
        yield _table(rows, metadata, content, content.packed + shown)
    if not has_table:
        raise DataError(f"{content.where} is JSON without a table of bars; {_EXPECTED}")


def _parse(content: Content) -> tuple[Any, str]:
    text = content.data
    try:
        return msgspec.json.decode(text), "JSON"
    except (msgspec.DecodeError, RecursionError) as error:
        reason = str(error)
    lines = [line for line in text.split(b"\n") if line.strip()]
    try:
        if len(lines) > 1 and lines[0].strip()[-1:] in (b"]", b"}"):
            return [_decode(line) for line in lines], "JSON lines"
        return _decode(text), "JSON"
    except (ValueError, RecursionError, UnicodeDecodeError):
        raise DataError(f"{content.where} cannot be read as JSON ({reason}); give a complete and valid file") from None


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)  # also accepts NaN


def _tables(value: Any, metadata: Mapping[str, str], depth: int) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """The values that can be tables, outermost first, and the metadata of each."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        if _is_rows(value):
            yield value, metadata
        else:
            for inner in value:
                if isinstance(inner, dict | list):
                    yield from _tables(inner, metadata, depth + 1)
        return
    if not isinstance(value, dict):
        return
    metadata = {**metadata, **table_metadata(value)}
    split = {"columns", "data"} <= set(value) and isinstance(value["columns"], list)
    if split or _is_columns(value) or _is_keyed_rows(value):
        yield value, metadata
        return
    if isinstance(value.get("timestamp"), list) and isinstance(value.get("indicators"), dict):
        yield _yahoo_chart(value), metadata
        return
    for key, inner in value.items():
        if isinstance(inner, dict | list):
            wraps = plain(key) in _WRAPPERS or "time_series" in plain(key) or "symbol" in metadata
            named = metadata if wraps else {**metadata, "symbol": key}
            yield from _tables(inner, named, depth + 1)


_WRAPPERS = (
    "data", "result", "results", "candles", "bars", "ohlc", "ohlcv", "list", "rows", "values", "prices", "quotes", "quote",
    "chart", "historical", "history", "response", "items", "records", "klines", "payload", "body", "series", "candlesticks",
    "aggs", "output", "meta_data", "meta", "metadata", "ticks",
)  # fmt: skip


def _is_rows(value: list[Any]) -> bool:
    """Whether all are rows of at least five cells, or objects that name prices."""
    if not value:
        return False
    if all(isinstance(row, list) for row in value):
        return max(map(len, value)) >= 5 and not any(isinstance(cell, list | dict) for row in value[:50] for cell in row)
    if all(isinstance(row, dict) for row in value):
        names = {name for row in value[:50] for name in _flat(row)}
        return sum(is_known_name(name) for name in names) >= 4
    return False


def _is_columns(value: Mapping[str, Any]) -> bool:
    lists = [
        key
        for key, inner in value.items()
        if isinstance(inner, list) and not any(isinstance(cell, list | dict) for cell in inner[:50])
    ]
    objects = [key for key, inner in value.items() if isinstance(inner, dict)]
    return sum(is_known_name(key) for key in lists) >= 4 or sum(is_known_name(key) for key in objects) >= 4


def _is_keyed_rows(value: Mapping[str, Any]) -> bool:
    """An object of objects, by time or by number."""
    inner = list(value.values())
    return bool(inner) and all(isinstance(row, dict) and sum(is_known_name(key) for key in _flat(row)) >= 4 for row in inner)


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested objects as one object, with keys joined by ``_``.

    >>> _flat({"time": 1, "mid": {"o": 2}})
    {'time': 1, 'mid_o': 2}
    """
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and not before:
            flat.update(_flat(value, f"{key}_"))
        else:
            flat[before + key] = value
    return flat


def _yahoo_chart(value: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {"timestamp": value["timestamp"]}
    for part in value["indicators"].values():
        if isinstance(part, list) and part and isinstance(part[0], dict):
            columns.update(part[0])
    return columns


def _table(rows: Any, metadata: Mapping[str, str], content: Content, shown: str) -> Table:
    def build(columns: Mapping[str, list[Any]], *, named: bool = True) -> Table:
        lengths = {len(cells) for cells in columns.values()}
        if len(lengths) != 1:
            counts = ", ".join(map(str, sorted(lengths)))
            raise DataError(f"{content.where} has lists of {counts} values; lists of equal length are expected")
        frame = pl.DataFrame([series_of(cells).alias(name) for name, cells in columns.items()])
        return frame_table(frame, content.where, content.path, content.name, shown, named=named, metadata=metadata)

    if isinstance(rows, dict):
        if {"columns", "data"} <= set(rows):
            rows = [
                dict(zip(map(str, rows["columns"]), row, strict=False)) | _index_value(rows, index)
                for index, row in enumerate(rows["data"])
            ]
        elif all(isinstance(inner, dict) for inner in rows.values()) and not _is_keyed_columns(rows):
            rows = [{"index": key, **_flat(row)} for key, row in rows.items()]
        elif all(isinstance(inner, dict) for inner in rows.values()):
            keys = list(dict.fromkeys(key for inner in rows.values() for key in inner))
            return build({"index": keys, **{name: [inner.get(key) for key in keys] for name, inner in rows.items()}})
        else:
            lists = {key: inner for key, inner in rows.items() if isinstance(inner, list)}
            return build(lists)
    if isinstance(rows[0], list):
        columns, named = _columns_of_rows(rows, content)
        return build(columns, named=named)
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    return build({name: [row.get(name) for row in flat] for name in names})


def _columns_of_rows(rows: list[list[Any]], content: Content) -> tuple[dict[str, list[Any]], bool]:
    """Rows of cells as columns, and whether the first row contains their names."""
    named = sum(isinstance(cell, str) and is_known_name(cell) for cell in rows[0]) >= 4
    width = len(rows[0])
    for index, row in enumerate(rows, start=1):
        if len(row) != width:
            where = f"{content.where}, row {index - named}"
            raise DataError(f"{where}: the row has {len(row)} values, but row {1 - named} has {width}; correct or drop the row")
    names = [str(name) for name in rows[0]] if named else [str(position) for position in range(width)]
    cells = rows[1:] if named else rows
    return {name: [row[position] for row in cells] for position, name in enumerate(names)}, named


def _index_value(rows: Mapping[str, Any], position: int) -> dict[str, Any]:
    index = rows.get("index")
    if not isinstance(index, list) or position >= len(index) or index == list(range(len(index))):
        return {}
    return {"index": index[position]}


def _is_keyed_columns(rows: Mapping[str, Any]) -> bool:
    return sum(is_known_name(key) and re.search("[a-zA-Z]", key) is not None for key in rows) >= 4
