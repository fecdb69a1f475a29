from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import SessionError, StateError
from alpha_pulse.core.stateful import State, pack, unpack
from alpha_pulse.kernels.mixing.ensemble import CONTROL, ROW
from alpha_pulse.learning.pending import Pending, PendingPrediction

D, OUTPUTS = 2, 3


def waiting(number: int, control: bool = False) -> PendingPrediction:
    row = np.full(ROW, float(number))
    row[CONTROL] = 0.25 if control else math.nan
    return PendingPrediction(
        np.full(D, number + 0.1), np.full(OUTPUTS, number + 0.2), row, np.full(OUTPUTS, number + 0.3) if control else None
    )


def packed(pending: Pending) -> bytes:
    return pack({"pending": pending.snapshot()})


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40))
def test_it_holds_what_was_added_and_not_yet_taken_oldest_first(steps: list[tuple[int, bool]]) -> None:
    pending = Pending(D, OUTPUTS)
    expected: dict[str, int] = {}
    for number, (name, add) in enumerate(steps):
        key = f"p{name}"
        if add and key not in expected:
            pending.add(key, waiting(number, control=number % 2 == 0))
            expected[key] = number
        elif add:
            with pytest.raises(SessionError, match="is pending already"):
                pending.add(key, waiting(number))
        elif key in expected:
            assert pending.get(key).features[0] == pending.pop(key).features[0] == expected.pop(key) + 0.1
        else:
            for call in (pending.pop, pending.get):
                with pytest.raises(SessionError, match=f"no prediction is pending under the id '{key}'"):
                    call(key)
        assert len(pending) == len(expected)
        assert all((f"p{k}" in pending) == (f"p{k}" in expected) for k in range(7))
    assert pending.snapshot().scalars["ids"] == list(expected)
    twin = Pending(D, OUTPUTS)
    twin.restore(unpack(packed(pending))[0]["pending"])
    assert packed(twin) == packed(pending)


@pytest.mark.parametrize("keep", [True, False])
def test_at_the_end_of_a_trial_the_parts_of_the_one_that_goes_on_stay(keep: bool) -> None:
    pending = Pending(D, OUTPUTS)
    pending.add("before", waiting(1))
    pending.add("inside", waiting(2, control=True))
    pending.end_control(keep=keep)
    assert pending.get("before").outputs.tolist() == [1.2] * OUTPUTS
    assert pending.get("inside").outputs.tolist() == [2.2 if keep else 2.3] * OUTPUTS
    assert math.isnan(pending.get("inside").row[CONTROL])
    assert pending.get("inside").row[0] == 2.0
    fresh = Pending(D, OUTPUTS)
    fresh.restore(pending.snapshot())
    pending.end_control(keep=not keep)
    assert packed(pending) == packed(fresh)


def test_what_was_saved_is_a_copy() -> None:
    pending = Pending(D, OUTPUTS)
    pending.add("p", waiting(1, control=True))
    saved = pending.snapshot()
    twin = Pending(D, OUTPUTS)
    twin.restore(saved)
    for one in (pending, twin):
        one.get("p").outputs[:] = 9.0
        one.get("p").row[:] = 9.0
    assert saved.arrays["parts"].tolist() == [[1.2] * OUTPUTS]
    assert saved.arrays["rows"][0, 0] == 1.0


@pytest.mark.parametrize("key", ["features", "parts", "rows"])
def test_rows_of_other_lengths_are_refused_by_name(key: str) -> None:
    pending = Pending(D, OUTPUTS)
    pending.add("p", waiting(1))
    saved = pending.snapshot()
    arrays: dict[str, Any] = {**saved.arrays, key: np.zeros((1, 99))}
    with pytest.raises(StateError, match=rf"{key} of shape \[1, 99\]"):
        pending.restore(State(saved.scalars, arrays))
    assert "p" in pending
