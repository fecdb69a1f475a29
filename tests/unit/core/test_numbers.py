"""One rule for what is taken as a number, a weight or a class, and one sentence for what is not."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from alpha_pulse.core.errors import DataError, NonFiniteError
from alpha_pulse.core.numbers import a_class, a_number, a_row, a_weight


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value", [1, 1.0, True, np.int64(1), np.float32(1), np.bool_(True), Decimal(1), Fraction(1), np.array(1.0)]
)
def test_numbers_of_every_type_are_taken(value: Any) -> None:
    assert (a_number("x", value), a_weight("x", value), a_class("x", value, 2)) == (1.0, 1.0, 1)
    assert (type(a_number("x", value)), type(a_weight("x", value)), type(a_class("x", value, 2))) == (float, float, int)


@pytest.mark.parametrize(
    "value", [None, "abc", "1", b"1", [1.0], (1,), [[1.0]], {"a": 1}, np.array([1.0]), 1j, np.str_("1"), Unprintable()]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    for take in (a_number, a_weight):
        with pytest.raises(DataError, match=r"^the target is .*, but a number is expected$"):
            take("the target", value)
    with pytest.raises(DataError, match=r"^the label is .*, but a class, a whole number from 0 to 2, is expected$"):
        a_class("the label", value, 3)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -np.inf, np.float32("nan"), 10**400, -(10**400), Decimal("1e999")]
)
def test_what_is_not_finite_is_refused(value: Any) -> None:
    for take in (a_number, a_weight):
        with pytest.raises(NonFiniteError, match=r"^x is .{1,60}, (but a finite number|which is too large for a float)"):
            take("x", value)
    with pytest.raises(DataError, match="a class"):
        a_class("x", value, 2)


def test_a_number_that_python_does_not_print_is_refused_too() -> None:
    with pytest.raises(NonFiniteError, match="x is a whole number of more than 60 digits, which is too large for a float"):
        a_number("x", 10**5000)


def test_weights_are_not_below_0_and_classes_are_whole_and_known() -> None:
    for weight in (-1, -0.5, np.int8(-1)):
        with pytest.raises(NonFiniteError, match="0 or more"):
            a_weight("the weight", weight)
    for label in (2, -1, 0.5, 1.5, np.int64(2)):
        with pytest.raises(DataError, match="from 0 to 1"):
            a_class("the label", label, 2)


def test_a_row_is_a_copy_of_its_numbers_whatever_holds_them() -> None:
    wanted = [1.0, 0.0, 2.5]
    given: list[Any] = [
        [1, 0, 2.5],
        (1.0, False, 2.5),
        np.array(wanted),
        np.array([1, 0, 2.5], dtype=np.float32),
        [np.int8(1), 0, Decimal("2.5")],
    ]
    for values in given:
        row = a_row("x", values, 3)
        assert row.dtype == np.float64
        assert row.tolist() == wanted
        assert not np.shares_memory(row, values) if isinstance(values, np.ndarray) else True


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, 2.0], "x are 2 numbers, but it takes 3"),
        ([1.0, 2.0, float("nan")], "x contain nan at index 2, but a finite number is expected"),
        ([1, 2, 10**400], "x contain a whole number of more than 60 digits at index 2, which is too large for a float"),
        (np.array([1.0, np.inf, 0.0]), "x contain inf at index 1"),
        ([1.0, [2.0], 3.0], r"x contain \[2.0\] at index 1, but a number is expected"),
        (np.zeros((3, 1)), "but a list of 3 numbers is expected"),
        ("123", "x are '123', but a list"),
        ({"a": 1}, "but a list"),
        (None, "x are None, but a list"),
        (7, "x are 7, but a list"),
    ],
)
def test_a_row_that_is_none_is_refused(values: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        a_row("x", values, 3)
