"""The columns of a table as bytes that compress well, and back, bit for bit.

A column of doubles that are all multiples of ``10**-decimals`` becomes the multiples; any other becomes the bits of its
doubles, as int64. Then only differences between rows are kept: their sign is moved to the lowest bit, so that small ones have
few bytes (ZigZag of Protocol Buffers, Google, 2008), and byte ``p`` of all differences is stored together, the highest first
(the shuffle of the Blosc compressor, Alted, 2010). Bytes that are 0 in the whole column are not stored.

A table of ``rows > 0`` is stored as: one byte per column that states the decimals or ``BITS``; one byte per column with the
number of bytes of the first row's number (upper 4 bits) and of each difference (lower 4 bits); then for each column its first
number, the lowest byte first, and its differences, ``rows - 1`` bytes per plane.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

BITS = 255
"""In place of the decimals: the column's numbers are the cells themselves as int64."""
POWERS = np.array([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15])
MAX_DECIMALS = len(POWERS) - 1
EXACT = 2.0**52
"""Larger multiples are not used, because not every double of that size has a multiple of its own."""
WIDEST = 8
LOW_63 = 2**63 - 1
LOW_56 = 2**56 - 1
NOT_A_NUMBER = 0
MINUS_ZERO = 1
SHIFT = 2
"""Multiples from 0 on are increased by this, which leaves two numbers close to 0 for NaN and -0.0."""


@kernel
def _multiples(cells: Ints, doubles: Floats, power: float, numbers: Ints) -> bool:
    """Write the multiples of ``1 / power`` in a column to ``numbers``; False if one is not exact.

    ``cells`` and ``doubles`` are the same memory. The loop has no branches, so that it is compiled to vector instructions.
    """
    inexact = 0
    for row in range(len(numbers)):
        value = doubles[row]
        multiple = np.rint(value * power)
        small = abs(multiple) < EXACT
        missing = value != value
        inexact |= int(not missing) & (int(not small) | int(multiple / power != value))
        number = int(multiple if small else 0.0)
        number = number + SHIFT if number >= 0 else number
        number = MINUS_ZERO if (number == SHIFT and cells[row] != 0) else number
        numbers[row] = NOT_A_NUMBER if missing else number
    return inexact == 0


@kernel
def _width(bits: int) -> int:
    """The number of bytes that a number needs without its leading zero bytes."""
    width = 0
    while bits != 0:
        bits = (bits >> 8) & LOW_56
        width += 1
    return width


@kernel
def write_columns(table: Ints, fewest: int, most: int, work: Ints, out: Bytes, at: int) -> int:
    """Write a table to ``out`` from ``at`` on, and return where it ends.

    Parameters
    ----------
    table
        At least one row, C-contiguous; doubles are viewed as int64.
    fewest, most
        The decimals to try, the first that fits is taken; none where ``most < fewest``.
    work
        Working space, (3, at least the number of rows).
    out
        At least ``2 * columns + 8 * table.size`` bytes are free from ``at`` on.
    """
    rows, columns = table.shape
    forms, widths = at, at + columns
    at = widths + columns
    cells, multiples, changes = work[0, :rows], work[1, :rows], work[2, : rows - 1]
    doubles = cells.view(np.float64)
    for column in range(columns):
        for row in range(rows):
            cells[row] = table[row, column]
        form, numbers = BITS, cells
        for decimals in range(fewest, most + 1):
            if _multiples(cells, doubles, POWERS[decimals], multiples):
                form, numbers = decimals, multiples
                break
        first = (numbers[0] << 1) ^ (numbers[0] >> 63)
        width_of_first, width = _width(first), 0
        for place in range(width_of_first):
            out[at + place] = (first >> (8 * place)) & 255
        at += width_of_first
        if rows > 1:
            used, later = 0, numbers[1:]
            for row in range(len(later)):
                change = later[row] - numbers[row]
                change = (change << 1) ^ (change >> 63)
                changes[row] = change
                used |= change
            width = _width(used)
            for place in range(width - 1, -1, -1):
                plane = out[at : at + rows - 1]
                for row in range(len(plane)):
                    plane[row] = (changes[row] >> (8 * place)) & 255
                at += rows - 1
        out[forms + column] = form
        out[widths + column] = width_of_first << 4 | width
    return at


@kernel
def read_columns(data: Bytes, at: int, work: Ints, table: Ints) -> int:
    """Fill ``table`` with what `write_columns` wrote to ``data`` at ``at``, and return where it ends.

    -1 if ``data`` end before, or a column has a form that does not exist; every byte is accepted otherwise. ``table`` and
    ``work`` are as for `write_columns`. A NaN in a column of multiples gets the bits of `numpy.nan`.
    """
    rows, columns = table.shape
    forms, widths = at, at + columns
    at = widths + columns
    if at > len(data):
        return -1
    numbers = work[0, :rows]
    doubles = numbers.view(np.float64)
    for column in range(columns):
        form, width_of_first, width = (
            int(data[forms + column]),
            int(data[widths + column]) >> 4,
            int(data[widths + column]) & 15,
        )
        end = at + width_of_first + width * (rows - 1)
        if end > len(data) or max(width, width_of_first) > WIDEST or (form >= len(POWERS) and form != BITS):
            return -1
        numbers[:] = 0
        for place in range(width_of_first):
            numbers[0] |= int(data[at + place]) << (8 * place)
        at += width_of_first
        later = numbers[1:]
        for _ in range(width):
            plane = data[at : at + rows - 1]
            for row in range(len(plane)):
                later[row] = later[row] << 8 | int(plane[row])
            at += rows - 1
        number = 0
        for row in range(rows):
            number += ((numbers[row] >> 1) & LOW_63) ^ -(numbers[row] & 1)
            numbers[row] = number
        if form != BITS:
            power = POWERS[form]
            for row in range(rows):
                number = numbers[row]
                value = (number - SHIFT if number >= SHIFT else number) / power
                value = -0.0 if number == MINUS_ZERO else value
                doubles[row] = np.nan if number == NOT_A_NUMBER else value
        for row in range(rows):
            table[row, column] = numbers[row]
    return at
