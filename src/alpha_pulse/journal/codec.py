"""The dense columns of a block of steps as bytes, and back, bit for bit.

The bytes are a CRC-32 and one zstd frame. The frame contains the number of rows of each table, as a table of one column, and
then the tables, each in the form of `alpha_pulse.kernels.journal.columns`; tables without rows take no bytes. Of a block whose
tables have few rows, as live ones have, the cells follow as they are (little-endian), which is faster and hardly larger.
The checksum covers the frame and the layout, so that neither a changed byte nor another layout gives wrong numbers.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.kernels.journal.columns import MAX_DECIMALS, read_columns, write_columns

Encoding = Literal["integers", "decimals", "prices", "floats"]
Array = NDArray[Any]

MAX_CELLS = 2**26
"""Cells of all tables of a block: 512 MiB."""
_LEVEL = 1
_MOST_PER_BYTE = 2**15
"""A zstd block has at least 4 bytes and unpacks to at most 128 KiB (RFC 8878, section 3.1.1.2)."""
_DECIMALS_OF_PRICES = 9
_CRC_BYTES = 4
_FEW = 3
"""Rows of each table up to which cells are stored as they are."""
_CELLS, _PLANES = b"\0", b"\1"
"""The first byte of the content: the cells follow as they are, or in the form of `alpha_pulse.kernels.journal.columns`."""


class TableLayout(msgspec.Struct, frozen=True, omit_defaults=True):
    """The name and the columns of a table, and how they are stored.

    ``encoding``: ``integers`` are int64; all others are float64. ``decimals`` are multiples of ``10**-decimals`` (0 to 15),
    ``prices`` have 0 to 9 decimals that are found for each block and column, and ``floats`` are stored as they are. A column
    that is not as stated is stored like ``floats``.
    """

    name: str
    columns: tuple[str, ...]
    encoding: Encoding
    decimals: int = 0


class _Plan(msgspec.Struct, frozen=True, gc=False):
    """How a table is written: the decimals to try are ``fewest`` to ``most``."""

    name: str
    columns: int
    dtype: type[np.int64] | type[np.float64]
    fewest: int
    most: int


class _Workspace(threading.local):
    """What each thread reuses: zstd's contexts, and space for the bytes and the columns of a block."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()
        self._body = np.empty(0, np.uint8)
        self._columns = np.empty((3, 0), np.int64)

    def body(self, size: int) -> NDArray[np.uint8]:
        """At least ``size`` bytes."""
        if len(self._body) < size:
            self._body = np.empty(size, np.uint8)
        return self._body

    def columns(self, rows: int) -> NDArray[np.int64]:
        """Three columns of at least ``rows`` numbers."""
        if self._columns.shape[1] < rows:
            self._columns = np.empty((3, rows), np.int64)
        return self._columns


_workspace = _Workspace()


@lru_cache(maxsize=64)
def _plans(layouts: tuple[TableLayout, ...]) -> tuple[tuple[_Plan, ...], int]:
    """How the tables are written, and the CRC-32 of their layouts."""
    plans = []
    for layout in layouts:
        fewest, most = {"decimals": (layout.decimals, layout.decimals), "prices": (0, _DECIMALS_OF_PRICES)}.get(
            layout.encoding, (1, 0)
        )
        if not 0 <= layout.decimals <= MAX_DECIMALS:
            raise ValueError(f"table {layout.name}: decimals is {layout.decimals}; 0 to {MAX_DECIMALS} are possible")
        dtype = np.int64 if layout.encoding == "integers" else np.float64
        plans.append(_Plan(layout.name, len(layout.columns), dtype, fewest, most))
    return tuple(plans), zlib.crc32(msgspec.json.encode(layouts))


def encode(layouts: Sequence[TableLayout], tables: Mapping[str, Array]) -> bytes:
    """The tables of a block as compressed bytes.

    Parameters
    ----------
    layouts
        The tables in the order in which they are stored. The same tuple at each call is fastest.
    tables
        By name, C-contiguous, (rows, columns): int64 where the encoding is ``integers``, else float64. Tables may have
        different numbers of rows.

    Raises
    ------
    ValueError
        A table has not the shape or type that its layout states, or the block has more than 2**26 cells.

    Examples
    --------
    >>> layouts = (TableLayout("prices", ("open", "close"), "prices"),)
    >>> data = encode(layouts, {"prices": np.array([[27_394.78, 27_396.62], [27_396.62, np.nan]])})
    >>> decode(layouts, data)["prices"].tolist()
    [[27394.78, 27396.62], [27396.62, nan]]
    """
    plans, layout_crc = _plans(tuple(layouts))
    arrays = [_checked(plan, tables[plan.name]) for plan in plans]
    rows = np.array([[len(array)] for array in arrays], np.int64).reshape(-1, 1)
    cells = sum(array.size for array in arrays)
    if cells > MAX_CELLS:
        raise ValueError(f"a block has {cells} cells; write blocks of fewer steps, with at most {MAX_CELLS} cells")
    if max(map(len, arrays), default=0) <= _FEW:
        frame = _workspace.compressor.compress(
            _CELLS + b"".join([bytes(map(len, arrays)), *(each.tobytes() for each in arrays)])
        )
        return zlib.crc32(frame, layout_crc).to_bytes(_CRC_BYTES, "little") + frame
    body = _workspace.body(1 + 10 * (1 + len(plans)) + 2 * sum(plan.columns for plan in plans) + 8 * cells)
    work = _workspace.columns(max([len(plans), *map(len, arrays)]))
    body[0] = _PLANES[0]
    end = write_columns(rows, 1, 0, work, body, 1)
    for plan, array in zip(plans, arrays, strict=True):
        if len(array):
            end = write_columns(array.view(np.int64), plan.fewest, plan.most, work, body, end)
    frame = _workspace.compressor.compress(body[:end].data)
    return zlib.crc32(frame, layout_crc).to_bytes(_CRC_BYTES, "little") + frame


def _checked(plan: _Plan, array: Array) -> Array:
    """``array``; ValueError if it is not as planned."""
    if array.ndim != 2 or array.shape[1] != plan.columns or array.dtype != plan.dtype or not array.flags.c_contiguous:
        raise ValueError(
            f"table {plan.name} is {array.dtype} of shape {array.shape}; C-contiguous {plan.dtype.__name__} with "
            f"{plan.columns} columns is expected"
        )
    return array


def decode(layouts: Sequence[TableLayout], data: bytes) -> dict[str, Array]:
    """The tables that `encode` wrote with the same layouts, equal bit for bit.

    Only a NaN may have other bits: in columns that are stored as decimals it is read as `numpy.nan`.

    Raises
    ------
    StateError
        The data are damaged, or were written with other layouts.
    """
    plans, layout_crc = _plans(tuple(layouts))
    frame = data[_CRC_BYTES:]
    if zlib.crc32(frame, layout_crc).to_bytes(_CRC_BYTES, "little") != data[:_CRC_BYTES]:
        raise _damaged("their checksum differs")
    content = _unpack(frame)
    if content[:1] == _CELLS:
        return _decode_cells(plans, content)
    body = np.frombuffer(content, np.uint8)
    rows = np.empty((len(plans), 1), np.int64)
    end = _read(body, 1, rows)
    counts: list[int] = rows[:, 0].tolist()
    cells = sum(count * plan.columns for count, plan in zip(counts, plans, strict=True))
    if min(counts, default=0) < 0 or cells > MAX_CELLS:
        raise _damaged("the number of rows is impossible")
    tables: dict[str, Array] = {}
    for plan, count in zip(plans, counts, strict=True):
        table = np.empty((count, plan.columns), np.int64)
        end = _read(body, end, table)
        tables[plan.name] = table.view(plan.dtype)
    if end != len(body):
        raise _damaged(f"{len(body) - end} bytes follow the last table")
    return tables


def _decode_cells(plans: tuple[_Plan, ...], content: bytes) -> dict[str, Array]:
    """The tables of a block of few rows."""
    at, tables = 1 + len(plans), {}
    counts = content[1:at]
    if len(content) != at + 8 * sum(count * plan.columns for count, plan in zip(counts, plans, strict=False)):
        raise _damaged("a table is incomplete")
    for plan, count in zip(plans, counts, strict=True):
        cells = np.frombuffer(content, plan.dtype, count * plan.columns, at)
        tables[plan.name] = cells.reshape(count, plan.columns).copy()
        at += 8 * cells.size
    return tables


def _unpack(frame: bytes) -> bytes:
    """The content of a zstd frame whose stated size is possible. Raises StateError."""
    try:
        size = zstandard.frame_content_size(frame)
        if not 0 <= size <= len(frame) * _MOST_PER_BYTE:
            raise _damaged("the stated size is impossible")
        return _workspace.decompressor.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise _damaged(str(error).replace("\n", " ")) from None


def _read(body: NDArray[np.uint8], at: int, cells: NDArray[np.int64]) -> int:
    """Fill ``cells`` from the table at ``at``, and return where it ends. Raises StateError if it is not wholly there."""
    if len(cells) == 0:
        return at
    end = read_columns(body, at, _workspace.columns(len(cells)), cells)
    if end < 0:
        raise _damaged("a table is incomplete")
    return end


def _damaged(cause: str) -> StateError:
    return StateError(f"the columns of its block are damaged, or were written with another layout ({cause})")
