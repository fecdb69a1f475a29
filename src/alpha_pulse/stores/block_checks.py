"""Checks of a block before it is appended.

SQLite changes some values without an error: it stores -0.0 as 0.0, NaN as null, and a whole number in a REAL column as a
float. The block would then differ from its hash when it is read.
"""

from __future__ import annotations

from functools import lru_cache
from math import copysign, isfinite
from types import NoneType
from typing import Any

from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.stores.base import Block, Value
from alpha_pulse.stores.tables import TABLES, Column

_KEY = (Column("seq", "INTEGER", False, "step"), Column("position", "INTEGER", False, "order within the step"))
_COLUMNS = {name: (*_KEY, *columns) for name, columns in TABLES.items()}
_TYPES: dict[str, type] = {"INTEGER": int, "REAL": float, "TEXT": str}
_EXPECTED = {"INTEGER": "an int64", "REAL": "a finite float that is not -0.0", "TEXT": "a str"}
_INT64 = 2**63


def check_block(block: Block, head: int, location: str) -> None:
    """Check that a block can follow step ``head``, and that a store returns its rows as they are.

    Raises StateError for steps that do not follow ``head``, otherwise DataError that names the table and the column.

    >>> check_block(Block(seq=5, steps=1, first_ts=5, last_ts=5, layout="{}", columns=b"", rows={}), 3, "run.db")
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.StateError: a block of 1 steps up to step 5 was given, but the journal of run.db ends at step 3; \
append blocks of at least 1 step, in order
    """
    if block.steps < 1 or block.seq - block.steps != head:
        raise StateError(
            f"a block of {block.steps} steps up to step {block.seq} was given, but the journal of {location} ends at step "
            f"{head}; append blocks of at least 1 step, in order"
        )
    if not (-_INT64 <= block.first_ts <= block.last_ts < _INT64):
        raise DataError(
            f"the block up to step {block.seq} lasts from {block.first_ts} to {block.last_ts}; expected int64 times in order"
        )
    for table, rows in block.rows.items():
        if not rows or table not in TABLES:
            raise DataError(
                f"the block up to step {block.seq} has {len(rows)} rows of table {table!r}; expected at least one row of a "
                "table of the store"
            )
        _check_rows(table, rows, block)


def _check_rows(table: str, rows: list[tuple[Value, ...]], block: Block) -> None:
    before: tuple[Any, ...] = (block.first, -_INT64 - 1)
    end = (block.seq, _INT64)
    for row in rows:
        if not _returned_as_is(table, row):
            raise DataError(f"a row of table {table} in the block up to step {block.seq} {_what_is_wrong(table, row)}")
        key = row[:2]
        if not before < key <= end:
            raise DataError(
                f"a row of table {table} has seq {row[0]} and position {row[1]}; expected rows of steps {block.first} to "
                f"{block.seq}, each seq and position once, in order"
            )
        before = key


def _returned_as_is(table: str, row: tuple[Any, ...]) -> bool:
    """Whether SQLite returns the row as it is."""
    places = _number_places(table, tuple(map(type, row)))
    if places is None:
        return False
    reals, integers = places
    for place in reals:
        real = row[place]
        if not isfinite(real) or (real == 0.0 and copysign(1.0, real) < 0.0):
            return False
    whole: list[int] = [row[place] for place in integers]
    return min(whole) >= -_INT64 and max(whole) < _INT64


@lru_cache(maxsize=1024)
def _number_places(table: str, types: tuple[type, ...]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Where a row with values of these types has floats and ints; None where the types are not those of the columns."""
    columns = _COLUMNS[table]
    if len(types) != len(columns):
        return None
    for kind, column in zip(types, columns, strict=True):
        if kind is not _TYPES[column.type] and not (kind is NoneType and column.nullable):
            return None
    reals = tuple(place for place, kind in enumerate(types) if kind is float)
    return reals, tuple(place for place, kind in enumerate(types) if kind is int)


def _what_is_wrong(table: str, row: tuple[Value, ...]) -> str:
    """The first wrong value of a row: each is tried in a row of good values."""
    columns = _COLUMNS[table]
    if len(row) != len(columns):
        return f"has {len(row)} values; expected {len(columns)}"
    good: list[Value] = [_TYPES[column.type]() for column in columns]
    place = next(
        place for place in range(len(columns)) if not _returned_as_is(table, (*good[:place], row[place], *good[place + 1 :]))
    )
    expected = _EXPECTED[columns[place].type] + (" or None" if columns[place].nullable else "")
    return f"has {row[place]!r} in column {columns[place].name}; expected {expected}"
