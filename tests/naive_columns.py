"""The slow obvious twin of the kernel that writes the columns of a table."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

BITS = 255


def zigzag(number: int) -> int:
    """0, -1, 1, -2, ... become 0, 1, 2, 3, ...; differences wrap around as int64."""
    wrapped = (number + 2**63) % 2**64 - 2**63
    return 2 * wrapped if wrapped >= 0 else -2 * wrapped - 1


def bits_of(value: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def multiple_of(value: float, decimals: int) -> int | None:
    """The number that stands for ``value``; None if it is no multiple of ``10**-decimals``."""
    if math.isnan(value):
        return 0
    multiple = round(value * 10.0**decimals) if math.isfinite(value * 10.0**decimals) else 2**52
    if abs(multiple) >= 2**52 or multiple / 10.0**decimals != value:
        return None
    if bits_of(value) == bits_of(-0.0):
        return 1
    return multiple + 2 if multiple >= 0 else multiple


def column_numbers(column: Sequence[float] | Sequence[int], candidates: Sequence[int]) -> tuple[int, list[int]]:
    for decimals in candidates:
        numbers = [multiple_of(value, decimals) for value in column]
        if None not in numbers:
            return decimals, [number for number in numbers if number is not None]
    return BITS, [value if isinstance(value, int) else bits_of(value) for value in column]


def table_bytes(columns: Sequence[Sequence[float] | Sequence[int]], candidates: Sequence[int]) -> bytes:
    """A table of at least one row, given by columns; ``candidates`` are the decimals to try."""
    forms, widths, content = [], [], bytearray()
    for column in columns:
        form, numbers = column_numbers(column, candidates)
        first, *changes = [zigzag(number - before) for number, before in zip(numbers, [0, *numbers], strict=False)]
        width_of_first = (first.bit_length() + 7) // 8
        width = (max(changes, default=0).bit_length() + 7) // 8
        forms.append(form)
        widths.append(width_of_first << 4 | width)
        content += first.to_bytes(width_of_first, "little")
        for place in reversed(range(width)):
            content += bytes(change >> 8 * place & 255 for change in changes)
    return bytes(forms) + bytes(widths) + bytes(content)
