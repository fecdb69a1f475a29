"""State that can be saved: a JSON header, raw arrays and a checksum. No pickle anywhere.

The bytes of a packed state are canonical: equal states have equal bytes, so a SHA-256 of them names the state.

Layout: magic ``APS1``, header length (8 bytes, little endian), header (JSON, keys sorted), the arrays' raw bytes in the
header's order, SHA-256 of all of that (32 bytes).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError

MAGIC = b"APS1"
_DTYPES = frozenset({"<f8", "<i8", "<i4", "|u1", "|b1"})
_DIGEST_BYTES = 32
CHECKPOINT_ADVICE = "; use an older checkpoint"
"""How errors end: most states that are read are those of checkpoints."""
Saved = TypeVar("Saved", bound=msgspec.Struct)
"""The struct that a component's scalars are read as."""


class State(msgspec.Struct, frozen=True):
    """The state of one component.

    Parameters
    ----------
    scalars
        JSON values (str, int, finite float, bool, None, lists and dicts of these), by name.
    arrays
        Little-endian arrays of float64, int64, int32, uint8 or bool, by name.
    """

    scalars: dict[str, Any] = msgspec.field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = msgspec.field(default_factory=dict)


@runtime_checkable
class Stateful(Protocol):
    """A component with state. ``restore(snapshot())`` on an equal new component gives the same component, bit for bit."""

    def snapshot(self) -> State:
        """A copy of the whole state; later steps do not change it."""
        ...

    def restore(self, state: State) -> None:
        """Set the state to ``state``. Raises StateError when it does not match."""
        ...


def pack(states: Mapping[str, State], meta: Mapping[str, Any] | None = None) -> bytes:
    """The canonical bytes of named states.

    >>> blob = pack({"counter": State(scalars={"n": 3}, arrays={"w": np.zeros(2)})})
    >>> unpack(blob)[0]["counter"].scalars
    {'n': 3}
    """
    header: dict[str, Any] = {"meta": dict(meta or {}), "states": {}}
    chunks: list[memoryview] = []
    for name in sorted(states):
        state = states[name]
        index = []
        for key in sorted(state.arrays):
            array = np.ascontiguousarray(state.arrays[key])
            dtype = array.dtype.str
            if dtype not in _DTYPES:
                raise StateError(f"state {name!r} contains array {key!r} of type {dtype}; expected one of {sorted(_DTYPES)}")
            index.append([key, dtype, list(array.shape)])
            chunks.append(array.reshape(-1).view(np.uint8).data)
        header["states"][name] = {"scalars": state.scalars, "arrays": index}
    head = msgspec.json.encode(header, order="deterministic")
    parts: list[bytes | memoryview] = [MAGIC, len(head).to_bytes(8, "little"), head, *chunks]
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(part)
    return b"".join([*parts, checksum.digest()])


def unpack(blob: bytes) -> tuple[dict[str, State], dict[str, Any]]:
    """Read the bytes of `pack`: (states by name, meta). Raises StateError when a bit differs."""
    if len(blob) < len(MAGIC) + 8 + _DIGEST_BYTES or blob[: len(MAGIC)] != MAGIC:
        raise StateError(f"a packed state was expected, but the bytes do not begin like one{CHECKPOINT_ADVICE}")
    body, digest = blob[:-_DIGEST_BYTES], blob[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise StateError(f"a packed state is damaged: its checksum does not fit its bytes{CHECKPOINT_ADVICE}")
    start = len(MAGIC) + 8
    end = start + int.from_bytes(body[len(MAGIC) : start], "little")
    header = msgspec.json.decode(body[start:end])
    states: dict[str, State] = {}
    for name in sorted(header["states"]):
        entry = header["states"][name]
        arrays: dict[str, NDArray[Any]] = {}
        for key, dtype, shape in entry["arrays"]:
            count = int(np.prod(shape, dtype=np.int64))
            size = count * np.dtype(dtype).itemsize
            arrays[key] = np.frombuffer(body, dtype=dtype, count=count, offset=end).reshape(shape).copy()
            end += size
        states[name] = State(scalars=entry["scalars"], arrays=arrays)
    return states, header["meta"]


def digest(states: Mapping[str, State]) -> str:
    """SHA-256, in hex, of the canonical bytes of named states."""
    return hashlib.sha256(pack(states)).hexdigest()


def take_all(targets: Mapping[str, NDArray[Any]], state: State) -> None:
    """`take` for all named arrays, or for none: all are checked before the first is copied."""
    for key, target in targets.items():
        _fitting(target, state, key)
    for key, target in targets.items():
        target[...] = state.arrays[key]


def take(target: NDArray[Any], state: State, key: str) -> None:
    """Copy ``state.arrays[key]`` into ``target`` in place. Raises StateError when shape or type differ."""
    target[...] = _fitting(target, state, key)


def _fitting(target: NDArray[Any], state: State, key: str) -> NDArray[Any]:
    array = state.arrays.get(key)
    if array is None or array.shape != target.shape or array.dtype != target.dtype:
        was = "missing" if array is None else f"{array.dtype}{list(array.shape)}"
        raise StateError(
            f"array {key!r} of a saved state is {was}, but this configuration needs {target.dtype}{list(target.shape)}; "
            "restore with the configuration that saved it"
        )
    return array


def scalar(state: State, key: str, kind: type) -> Any:
    """``state.scalars[key]``. Raises StateError when it is missing or not of type ``kind``."""
    value = state.scalars.get(key)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise StateError(
            f"{key!r} of a saved state is {'missing' if value is None else repr(value)}, but {kind.__name__} is needed; "
            "use an older checkpoint"
        )
    return value


def scalars_as(kind: type[Saved], state: State, name: str) -> Saved:
    """All scalars of a state, as a struct. Raises StateError, which names the component ``name``, when they do not match."""
    try:
        return msgspec.convert(state.scalars, kind)
    except msgspec.ValidationError as error:
        raise StateError(f"the saved state of {name} does not fit: {error}; use an older checkpoint") from None
