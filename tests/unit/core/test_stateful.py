from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, digest, pack, take, unpack

DTYPES = ("<f8", "<i8", "<i4", "|u1", "|b1")
scalars = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    size = int(np.prod(shape)) * dtype.itemsize
    content = draw(st.binary(min_size=size, max_size=size))
    if dtype.kind == "b":
        content = bytes(byte & 1 for byte in content)
    return np.frombuffer(content, dtype=dtype).reshape(shape)


states = st.builds(
    State,
    st.dictionaries(st.text(max_size=4), scalars, max_size=3),
    st.dictionaries(st.text(max_size=4), arrays(), max_size=3),
)
named = st.dictionaries(st.text(max_size=6), states, max_size=3)


@given(named, st.dictionaries(st.text(max_size=4), scalars, max_size=2))
def test_what_was_packed_comes_back_bit_for_bit(before: dict[str, State], meta: dict[str, Any]) -> None:
    after, found_meta = unpack(pack(before, meta))
    assert found_meta == meta
    assert set(after) == set(before)
    for name, state in before.items():
        assert after[name].scalars == state.scalars
        assert set(after[name].arrays) == set(state.arrays)
        for key, array in state.arrays.items():
            found = after[name].arrays[key]
            assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert pack(after, meta) == pack(before, meta)


@given(named)
def test_the_order_of_insertion_does_not_show(before: dict[str, State]) -> None:
    turned = {
        name: State(dict(reversed(list(before[name].scalars.items()))), dict(reversed(list(before[name].arrays.items()))))
        for name in reversed(list(before))
    }
    assert pack(turned) == pack(before)
    assert digest(turned) == digest(before)


BLOB = pack({"model": State({"n": 3}, {"w": np.arange(5.0)}), "other": State()}, {"seq": 7})


@given(st.integers(0, len(BLOB) - 1), st.integers(1, 255))
def test_any_flipped_byte_is_noticed(place: int, mask: int) -> None:
    damaged = bytearray(BLOB)
    damaged[place] ^= mask
    with pytest.raises(StateError):
        unpack(bytes(damaged))


@given(st.integers(0, len(BLOB) - 1))
def test_a_cut_or_lengthened_state_is_noticed(length: int) -> None:
    with pytest.raises(StateError):
        unpack(BLOB[:length])
    with pytest.raises(StateError):
        unpack(BLOB + BLOB[: length + 1])


def test_an_array_that_comes_back_can_be_written_to_and_is_nobody_elses() -> None:
    first, second = unpack(BLOB)[0]["model"].arrays["w"], unpack(BLOB)[0]["model"].arrays["w"]
    first[0] = 9.0
    assert second[0] == 0.0


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<c16", "<U3", "|O"])
def test_arrays_of_other_types_are_refused_by_name(dtype: str) -> None:
    with pytest.raises(StateError, match=r"'model' contains array 'w' of type"):
        pack({"model": State(arrays={"w": np.zeros(2).astype(dtype)})})


def test_take_copies_into_the_array_that_is_there() -> None:
    target = np.zeros(3)
    view = target[1:]
    take(target, State(arrays={"w": np.array([1.0, 2.0, 3.0])}), "w")
    assert view.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("found", "said"), [(None, "is missing"), (np.zeros(4), r"float64\[4\]"), (np.zeros(3, dtype=np.int64), r"int64\[3\]")]
)
def test_take_refuses_what_does_not_fit_and_leaves_the_target(found: NDArray[Any] | None, said: str) -> None:
    target = np.ones(3)
    with pytest.raises(StateError, match=said + r".*needs float64\[3\]"):
        take(target, State(arrays={} if found is None else {"w": found}), "w")
    assert target.tolist() == [1.0, 1.0, 1.0]
