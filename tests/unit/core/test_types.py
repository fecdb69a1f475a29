from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core import types
from alpha_pulse.core.errors import DataError, NonFiniteError
from alpha_pulse.core.types import ABSURD, Bar, Signal, finite

BAR: dict[str, Any] = {
    "symbol": "X",
    "ts_event": 5,
    "interval_ns": 1,
    "open": 1.0,
    "high": 2.0,
    "low": 0.5,
    "close": 1.5,
    "seq": 3,
}
NUMBERS = ("open", "high", "low", "close", "volume", "bid", "ask")


def travelling() -> list[type[msgspec.Struct]]:
    return [
        kind
        for kind in vars(types).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct
    ]


@given(st.sampled_from(NUMBERS), st.sampled_from([math.nan, math.inf, -math.inf, 2 * ABSURD, -2 * ABSURD, 1e300]))
def test_a_bar_with_a_number_that_is_none_is_refused(name: str, value: float) -> None:
    if name == "volume" and abs(value) < 1e18:
        value *= 1_000  # volumes are larger than prices
    with pytest.raises(NonFiniteError, match="bar 3 of X"):
        Bar(**{**BAR, name: value})


def test_opposite_infinities_do_not_cancel() -> None:
    with pytest.raises(NonFiniteError):
        Bar(**{**BAR, "high": math.inf, "low": -math.inf})


@given(st.lists(st.floats(1e-9, 1e12), min_size=7, max_size=7))
def test_a_bar_of_finite_numbers_is_taken(values: list[float]) -> None:
    bar = Bar(**{**BAR, **dict(zip(NUMBERS, values, strict=True))})
    assert [getattr(bar, name) for name in NUMBERS] == values


@given(st.one_of(st.floats(max_value=-1.0, exclude_max=True), st.floats(min_value=1.0, exclude_min=True), st.just(math.nan)))
def test_a_signal_beyond_fully_long_or_short_is_refused(direction: float) -> None:
    with pytest.raises(NonFiniteError, match=r"signal s has direction .*expected numbers from -1 to 1"):
        Signal("s", "a", "X", 1, direction, None, 0.0)


@given(st.floats(-1.0, 1.0))
def test_every_direction_between_is_taken(direction: float) -> None:
    assert Signal("s", "a", "X", 1, direction, None, 0.0).direction == direction


@given(st.floats())
def test_finite_lets_through_what_is_finite_and_not_absurd(value: float) -> None:
    if math.isfinite(value) and abs(value) < ABSURD:
        finite("a price", value)
    else:
        with pytest.raises(NonFiniteError, match="a price is"):
            finite("a price", value)
    assert issubclass(NonFiniteError, DataError)


@pytest.mark.parametrize("kind", travelling(), ids=lambda kind: kind.__name__)
def test_what_travels_is_frozen(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_a_bar_survives_json_as_it_is() -> None:
    bar = Bar(**BAR, volume=3.0)
    content: Any = msgspec.json.decode(msgspec.json.encode(bar), type=Bar)
    assert content == bar
