"""Assertions that the checks of several families share. Each receives components that are created and trained already."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import NonFiniteError, StateError
from alpha_pulse.core.stateful import State, Stateful, digest, pack, unpack
from alpha_pulse.models.base import OnlineLearner

HEADER_SLACK_BYTES = 256
"""Growth allowed for the JSON header of a snapshot, because larger numbers have more digits."""


def state_of(component: Stateful) -> str:
    """The SHA-256 of the state of a component."""
    return digest({"component": component.snapshot()})


def assert_snapshot_is_a_copy(component: Stateful, step: Callable[[], object]) -> None:
    """Raise AssertionError if ``step`` (which learns something) changes a snapshot that was taken or restored before."""
    saved = component.snapshot()
    before = digest({"component": saved})
    step()
    assert digest({"component": saved}) == before, "a later update changed an earlier snapshot; copy the arrays"
    component.restore(saved)
    step()
    assert digest({"component": saved}) == before, "a later update changed the restored snapshot; copy the arrays"


def assert_empty_state_is_refused(component: Stateful) -> None:
    """Raise AssertionError unless restoring an empty state raises StateError and changes nothing."""
    before = state_of(component)
    try:
        component.restore(State())
    except StateError:
        assert state_of(component) == before, "a refused restore changed the state"
        return
    raise AssertionError("an empty state was restored without a StateError")


def assert_flipped_byte_is_noticed(component: Stateful) -> None:
    """Raise AssertionError if the packed state can be read after one of 50 bytes, spread over it, was changed."""
    packed = pack({"component": component.snapshot()})
    for index in np.linspace(0, len(packed) - 1, 50).astype(int).tolist():
        damaged = bytearray(packed)
        damaged[index] ^= 1
        try:
            unpack(bytes(damaged))
        except StateError:
            continue
        raise AssertionError(f"byte {index} of {len(packed)} was changed, and unpack did not notice it")


def assert_packed_state_stays_small(short: Stateful, long: Stateful) -> None:
    """Raise AssertionError if ``long``, which has seen more examples, has a larger packed state than ``short``."""
    sizes = [len(pack({"component": component.snapshot()})) for component in (short, long)]
    assert sizes[1] <= sizes[0] + HEADER_SLACK_BYTES, f"the packed state grew from {sizes[0]} to {sizes[1]} bytes"


def assert_memory(short: OnlineLearner, long: OnlineLearner) -> None:
    """Raise AssertionError if ``long``, which has learned more examples, takes more memory than ``short``, or more than it
    states."""
    shapes = [{key: (a.shape, a.dtype) for key, a in model.snapshot().arrays.items()} for model in (short, long)]
    assert shapes[0] == shapes[1], f"arrays grew with the number of examples: {shapes[0]} became {shapes[1]}"
    assert_packed_state_stays_small(short, long)
    array_bytes, limit = sum(array.nbytes for array in long.snapshot().arrays.values()), long.memory_bytes
    assert array_bytes <= limit == short.memory_bytes, f"the arrays take {array_bytes} bytes, but memory_bytes is {limit}"


def assert_state_is_finite(component: Stateful, when: str) -> None:
    """Raise AssertionError if an array of the state contains a number that is not finite."""
    for key, array in component.snapshot().arrays.items():
        assert np.isfinite(array).all(), f"{when}: array {key!r} of the state contains a number that is not finite"


def assert_non_finite_is_refused(component: Stateful, calls: Mapping[str, Callable[[float], object]]) -> None:
    """Raise AssertionError unless each of ``calls`` refuses NaN and infinity with NonFiniteError and changes nothing."""
    before = state_of(component)
    for value in (math.nan, math.inf, -math.inf):
        for name, call in calls.items():
            try:
                call(value)
            except NonFiniteError:
                assert state_of(component) == before, f"{name} refused {value} but had changed the state"
                continue
            raise AssertionError(f"{name} accepted {value} without a NonFiniteError")


def ends_with(value: float, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy of ``rows`` with ``value`` as the last feature of the last row."""
    changed = rows.copy()
    changed[-1, -1] = value
    return changed


def assert_boost_changes_learning(models: Sequence[Any], rows: NDArray[np.float64], targets: NDArray[Any]) -> None:
    """Raise AssertionError if three new models learn equally with a boost of 4, or differently after it is set back to 1."""
    plain, boosted, back = models
    boosted.set_boost(4.0)
    back.set_boost(4.0)
    back.set_boost(1.0)
    served = [model.learn_many(rows, targets, np.ones(len(rows))).tolist() for model in (plain, boosted, back)]
    assert served[0] != served[1], "a boost of 4 changed nothing"
    assert served[0] == served[2], "after set_boost(1) the model did not learn as configured"
