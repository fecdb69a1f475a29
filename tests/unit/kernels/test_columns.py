from __future__ import annotations

import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from alpha_pulse.kernels.journal.columns import read_columns, write_columns
from naive_columns import table_bytes

SMALLEST, LARGEST = -(2**63), 2**63 - 1
special = st.sampled_from(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, sys.float_info.max, 2.0**52 - 1, -(2.0**52) + 1, 2.0**52]
)
multiples = st.builds(lambda whole, decimals: whole / 10**decimals, st.integers(-(10**15), 10**15), st.integers(0, 16))
doubles = st.one_of(special, multiples, st.floats(allow_nan=False))
integers = st.one_of(st.sampled_from([SMALLEST, -1, 0, LARGEST]), st.integers(SMALLEST, LARGEST), st.integers(-300, 300))


def written(table: np.ndarray, fewest: int, most: int) -> bytes:
    rows, columns = table.shape
    out = np.empty(7 + 2 * columns + 8 * table.size, np.uint8)
    end = write_columns(table.view(np.int64), fewest, most, np.empty((3, rows), np.int64), out, 7)
    return out[7:end].tobytes()


def tables(cells: st.SearchStrategy[float] | st.SearchStrategy[int]) -> st.SearchStrategy[list[list[float]]]:
    return st.integers(1, 12).flatmap(
        lambda rows: st.lists(st.lists(cells, min_size=rows, max_size=rows), min_size=1, max_size=4)
    )


@given(tables(doubles), st.integers(0, 15), st.integers(-1, 9))
@example([[0.1, 0.1 + 2**-56], [np.nan, np.nan], [-0.0, -0.01], [1e15, -1e15]], 0, 9)
def test_doubles_become_the_bytes_of_the_twin(columns: list[list[float]], fewest: int, more: int) -> None:
    most = min(fewest + more, 15)
    table = np.ascontiguousarray(np.array(columns, np.float64).T)
    assert written(table, fewest, most) == table_bytes(columns, range(fewest, most + 1))


@given(tables(integers))
@example([[SMALLEST, LARGEST, SMALLEST, 0, LARGEST]])
def test_integers_become_the_bytes_of_the_twin(columns: list[list[int]]) -> None:
    table = np.ascontiguousarray(np.array(columns, np.int64).T)
    assert written(table, 1, 0) == table_bytes(columns, ())


@given(st.binary(max_size=60), st.integers(1, 4), st.integers(0, 4))
def test_any_bytes_are_read_or_refused_without_leaving_them(data: bytes, rows: int, columns: int) -> None:
    space = np.frombuffer(data + bytes(64 * (1 + rows) * (1 + columns)), np.uint8)
    tables = np.empty((2, rows, columns), np.int64)
    work = np.empty((3, rows), np.int64)
    end = read_columns(space[: len(data)], 0, work, tables[0])
    beyond = read_columns(space, 0, work, tables[1])
    assert end in (-1, beyond)
    assert (end == -1) == (beyond == -1 or beyond > len(data))
    if end != -1:
        assert tables[0].tolist() == tables[1].tolist()
