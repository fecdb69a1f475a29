from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core import errors
from alpha_pulse.core.errors import AlphaPulseError, did_you_mean


def test_every_error_can_be_caught_as_one() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 5
    assert all(issubclass(kind, AlphaPulseError) and kind.__doc__ for kind in kinds)


@pytest.mark.parametrize(
    ("found", "known", "tail"),
    [
        ("direcion", ["volatility", "direction"], "; did you mean 'direction'?"),
        ("q", ["b", "a"], "; known: a, b"),
        ("q", [], "; none are known"),
    ],
)
def test_the_tail_names_the_nearest_or_all(found: str, known: list[str], tail: str) -> None:
    assert did_you_mean(found, known) == tail


@given(st.text(), st.sets(st.text(min_size=1)))
def test_the_tail_does_not_depend_on_the_order_of_a_set(found: str, known: set[str]) -> None:
    assert did_you_mean(found, known) == did_you_mean(found, sorted(known, reverse=True))
