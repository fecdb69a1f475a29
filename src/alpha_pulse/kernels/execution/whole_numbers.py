"""Exact arithmetic of int64 where a product, a quotient or a comparison with a double would lose digits.

Results equal those of Python's integers bit for bit, as long as they fit into int64.
"""

from __future__ import annotations

import math

import numpy as np

from alpha_pulse.kernels.base.jit import kernel

LARGEST = 2**63 - 1
"""Stands for every number that int64 cannot hold."""
BOUND = 2.0**63
EXACT = 2**53
"""A double holds whole numbers exactly up to this one."""
HALF = np.uint64(32)
LOW = np.uint64(0xFFFF_FFFF)
TOP = np.uint64(63)
ONE = np.uint64(1)
ZERO = np.uint64(0)
ENOUGH = np.uint64(2**55)
"""A quotient of at least so many bits, with the rest marked in its last bit, is rounded correctly by its conversion."""


@kernel
def saturated(value: float) -> int:
    """A whole double as int64; +-``LARGEST`` if it does not fit."""
    if value >= BOUND:
        return LARGEST
    if value <= -BOUND:
        return -LARGEST
    return int(value)


@kernel
def rounded(value: float) -> int:
    """The nearest whole number, halves to even; +-``LARGEST`` if it exceeds int64."""
    return saturated(np.rint(value))


@kernel
def exceeds(whole: int, limit: float) -> bool:
    """``whole > limit`` without rounding ``whole`` to a double."""
    return not limit >= BOUND and (limit < -BOUND or whole > int(np.floor(limit)))


@kernel
def below(whole: int, limit: float) -> bool:
    """``whole < limit`` without rounding ``whole`` to a double."""
    return limit >= BOUND or (not limit <= -BOUND and whole < int(np.ceil(limit)))


@kernel
def change(start: int, end: int) -> int:
    """``end - start``; +-``LARGEST`` if it exceeds int64, or if ``end`` is that number itself."""
    if end == LARGEST or end == -LARGEST:
        return end
    if start < 0 and end > LARGEST + start:
        return LARGEST
    if start > 0 and end < start - LARGEST:
        return -LARGEST
    return end - start


@kernel
def opposite(first: int, second: int) -> bool:
    """Whether one is above 0 and the other below."""
    return (first > 0 and second < 0) or (first < 0 and second > 0)


@kernel
def _product(first: int, second: int) -> tuple[np.uint64, np.uint64]:
    """The upper and the lower 64 bits of the product of two magnitudes."""
    a, b = np.uint64(first), np.uint64(second)
    low, left = (a & LOW) * (b & LOW), (a >> HALF) * (b & LOW)
    right, high = (a & LOW) * (b >> HALF), (a >> HALF) * (b >> HALF)
    middle = (low >> HALF) + (left & LOW) + (right & LOW)
    return high + (left >> HALF) + (right >> HALF) + (middle >> HALF), (middle << HALF) | (low & LOW)


@kernel
def multiply_divide(factor: int, part: int, whole: int) -> int:
    """``factor * part // whole``, rounded down, with a product of 128 bits.

    Parameters
    ----------
    factor
        Any number above -2**63.
    part, whole
        Of the same sign or 0, and ``part`` at most as large as ``whole``, which is not 0, so that the result fits.
    """
    if part == 0 or part == whole:
        return 0 if part == 0 else factor
    high, low = _product(abs(factor), abs(part))
    divisor = np.uint64(abs(whole))
    for _ in range(64):
        high = (high << ONE) | (low >> TOP)
        low = low << ONE
        if high >= divisor:
            high = high - divisor
            low = low | ONE
    quotient = int(np.int64(low))
    if factor < 0:
        return -quotient - (1 if high != ZERO else 0)
    return quotient


@kernel
def ratio(numerator: int, denominator: int) -> float:
    """``numerator / denominator``, rounded once. For numbers beyond 2**53 a quotient of doubles would be rounded three
    times."""
    if numerator == 0 or (abs(numerator) <= EXACT and abs(denominator) <= EXACT):
        return numerator / denominator
    divisor = np.uint64(abs(denominator))
    quotient, rest = np.uint64(abs(numerator)) // divisor, np.uint64(abs(numerator)) % divisor
    bits = 0
    while quotient < ENOUGH:
        quotient, rest = quotient << ONE, rest << ONE
        if rest >= divisor:
            quotient, rest = quotient | ONE, rest - divisor
        bits += 1
    if rest != ZERO:
        quotient = quotient | ONE
    size = math.ldexp(np.float64(quotient), -bits)
    return -size if opposite(numerator, denominator) else size
