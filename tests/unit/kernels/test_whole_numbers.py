from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from alpha_pulse.kernels.execution.whole_numbers import (
    LARGEST,
    below,
    change,
    exceeds,
    multiply_divide,
    opposite,
    ratio,
    rounded,
    saturated,
)

whole = st.integers(-LARGEST, LARGEST)
near = st.integers(-70, 70)
wide = st.one_of(whole, near, st.builds(lambda power, off: 2**power + off, st.integers(0, 62), near))
doubles = st.floats(allow_nan=False)


@given(wide, wide, wide.filter(bool))
@example(-1, 1, LARGEST)
@example(LARGEST, LARGEST, LARGEST)
@example(-LARGEST, LARGEST, LARGEST)
def test_a_product_over_a_whole_equals_that_of_python(factor: int, part: int, of: int) -> None:
    size = min(abs(part), abs(of))
    part = size if of > 0 else -size
    assert multiply_divide(factor, part, of) == factor * part // of


@given(wide, wide.filter(bool))
@example(2**53 + 1, 3)
@example(LARGEST, 2**54 - 1)
@example(0, -LARGEST)
def test_a_quotient_is_rounded_once_as_pythons_is(numerator: int, denominator: int) -> None:
    assert ratio(numerator, denominator) == numerator / denominator


@given(wide, st.one_of(doubles, wide.map(float)))
def test_numbers_are_compared_with_doubles_exactly(number: int, limit: float) -> None:
    assert exceeds(number, limit) == (number > limit)
    assert below(number, limit) == (number < limit)


@given(st.one_of(doubles.filter(math.isfinite), wide.map(float), near.map(lambda half: half / 2)))
def test_doubles_become_whole_numbers_or_the_largest(value: float) -> None:
    assert rounded(value) == max(-LARGEST, min(LARGEST, round(value)))
    assert saturated(value) == max(-LARGEST, min(LARGEST, int(value)))


@given(wide, wide)
def test_a_change_is_exact_or_the_largest(start: int, end: int) -> None:
    expected = end if abs(end) == LARGEST else max(-LARGEST, min(LARGEST, end - start))
    assert change(start, end) == expected
    assert opposite(start, end) == (start * end < 0)
