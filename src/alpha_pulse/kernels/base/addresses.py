"""Arrays and model kernels by address: one table describes all arrays of a step, so a call has few arguments.

A table is int64 of shape (n, 5): the address of an array's first number and its shape, filled up with ones at the front. Arrays
that a kernel makes from it own no memory and are not reference-counted. The owner of a table keeps its arrays alive
(`ArrayTable`).

Kernels of models and agents are called by address as well, so one compiled step serves all that ship kernels:
``predict(state, features, outputs) -> probability``, ``learn(state, features, label, weight, outputs, scratch)`` and
``rule(features, places, held) -> direction``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as numba_cgutils
from numba.core.ccallback import CFunc
from numba.extending import intrinsic as numba_intrinsic
from numba.np.arrayobj import make_array as numba_make_array
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.base.kernel_cache import KernelCache, module_key

# numba is hardly typed.
intrinsic: Any = numba_intrinsic
cgutils: Any = numba_cgutils
make_array: Any = numba_make_array
pointer_to: Any = types.CPointer

ADDRESS, OUTER, BLOCKS, ROWS, COLUMNS = range(5)
DIMENSIONS = 4
FLOAT_BYTES = 8
BUFFER = 64
"""Numbers of `buffer_address`."""

_POINTER = pointer_to(types.float64)
_INTEGERS = pointer_to(types.int64)
_SIZE: Any = types.int64
PREDICT: Any = types.float64(_POINTER, _SIZE, _POINTER, _SIZE, _POINTER, _SIZE)
RULE: Any = types.float64(_POINTER, _SIZE, _INTEGERS, _SIZE, types.float64)
LEARN: Any = types.void(_POINTER, _SIZE, _POINTER, _SIZE, _SIZE, types.float64, _POINTER, _SIZE, _POINTER, _SIZE)


class ArrayTable:
    """The table of named arrays (float64 or int64, C-contiguous, one to four dimensions), which it keeps alive.

    >>> table = ArrayTable(("a", "b"), {"a": np.zeros(3), "b": np.zeros((2, 4))})
    >>> table.words[:, 1:].tolist()
    [[1, 1, 1, 3], [1, 1, 2, 4]]
    """

    def __init__(self, names: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._arrays: list[NDArray[Any] | None] = [None] * len(names)
        self.words: NDArray[np.int64] = np.zeros((len(names), 1 + DIMENSIONS), dtype=np.int64)
        for name, array in arrays.items():
            self.put(name, array)

    def put(self, name: str, array: NDArray[Any]) -> None:
        """Add an array, or replace an earlier one."""
        place = self._places[name]
        if self._arrays[place] is array:
            return
        assert array.flags.c_contiguous, name
        assert array.dtype.str in ("<f8", "<i8"), name
        self._arrays[place] = array
        self.words[place] = array.ctypes.data, *[1] * (DIMENSIONS - array.ndim), *array.shape


@intrinsic  # type: ignore[untyped-decorator]
def _floats_at(context: Any, address: Any) -> Any:
    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.DoubleType().as_pointer())

    return _POINTER(types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _ints_at(context: Any, address: Any) -> Any:
    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())

    return _INTEGERS(types.int64), generate


@kernel
def floats(table: NDArray[np.int64], entry: int) -> NDArray[np.float64]:
    """The float64 array (n,) of an entry."""
    return carray(_floats_at(table[entry, ADDRESS]), (table[entry, ROWS] * table[entry, COLUMNS],))


@kernel
def floats_2d(table: NDArray[np.int64], entry: int) -> NDArray[np.float64]:
    """The float64 array (rows, columns) of an entry."""
    return carray(_floats_at(table[entry, ADDRESS]), (table[entry, ROWS], table[entry, COLUMNS]))


@kernel
def ints(table: NDArray[np.int64], entry: int) -> NDArray[np.int64]:
    """The int64 array (n,) of an entry."""
    return carray(_ints_at(table[entry, ADDRESS]), (table[entry, ROWS] * table[entry, COLUMNS],))


@kernel
def ints_2d(table: NDArray[np.int64], entry: int) -> NDArray[np.int64]:
    """The int64 array (rows, columns) of an entry."""
    return carray(_ints_at(table[entry, ADDRESS]), (table[entry, ROWS], table[entry, COLUMNS]))


@kernel
def floats_3d(table: NDArray[np.int64], entry: int) -> NDArray[np.float64]:
    """The float64 array (blocks, rows, columns) of an entry."""
    return carray(_floats_at(table[entry, ADDRESS]), (table[entry, BLOCKS], table[entry, ROWS], table[entry, COLUMNS]))


@kernel
def ints_3d(table: NDArray[np.int64], entry: int) -> NDArray[np.int64]:
    """The int64 array (blocks, rows, columns) of an entry."""
    return carray(_ints_at(table[entry, ADDRESS]), (table[entry, BLOCKS], table[entry, ROWS], table[entry, COLUMNS]))


@kernel
def ints_4d(table: NDArray[np.int64], entry: int) -> NDArray[np.int64]:
    """The int64 array of four dimensions of an entry."""
    shape = (table[entry, OUTER], table[entry, BLOCKS], table[entry, ROWS], table[entry, COLUMNS])
    return carray(_ints_at(table[entry, ADDRESS]), shape)


@intrinsic  # type: ignore[untyped-decorator]
def borrowed(context: Any, array: Any) -> Any:
    """The same array, whose references are not counted: parts of it cost nothing to make. The caller keeps it alive."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = make_array(signature.return_type)(context, builder, arguments[0])
        for owner in ("meminfo", "parent"):
            setattr(view, owner, ir.Constant(getattr(view, owner).type, None))
        return view._getvalue()

    return array(array), generate


@kernel
def floats_from(address: int, n: int) -> NDArray[np.float64]:
    """The ``n`` float64 numbers that begin at ``address``."""
    return carray(_floats_at(address), (n,))


@intrinsic  # type: ignore[untyped-decorator]
def buffer_address(context: Any) -> Any:
    """The address of ``BUFFER`` float64 numbers, uninitialised, on the stack: valid until the calling kernel returns."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        buffer = cgutils.alloca_once(builder, ir.ArrayType(ir.DoubleType(), BUFFER))
        return builder.ptrtoint(buffer, ir.IntType(64))

    return types.int64(), generate


@intrinsic  # type: ignore[untyped-decorator]
def copy_floats(context: Any, target: Any, source: Any, n: Any) -> Any:
    """Copy ``n`` float64 numbers from the address ``source`` to ``target``; they may overlap."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        target, source = (builder.inttoptr(address, pointer) for address in arguments[:2])
        cgutils.raw_memmove(builder, target, source, arguments[2], FLOAT_BYTES)
        return ir.Constant(ir.IntType(64), 0)

    return types.int64(types.int64, types.int64, types.int64), generate


@kernel
def shift(array: NDArray[np.float64], first: int, n: int, by: int) -> None:
    """Move the ``n`` numbers of ``array`` from place ``first`` on by ``by`` places, in one move of memory.

    >>> row = np.arange(5.0)
    >>> shift(row, 1, 3, -1)
    >>> row.tolist()
    [1.0, 2.0, 3.0, 3.0, 4.0]
    """
    source = array.ctypes.data + FLOAT_BYTES * first
    copy_floats(source + FLOAT_BYTES * by, source, n)


@intrinsic  # type: ignore[untyped-decorator]
def call_predict(
    context: Any, kernel_address: Any, state: Any, n_state: Any, features: Any, n_features: Any, outputs: Any, n_outputs: Any
) -> Any:
    """Call a model's ``predict`` by address; the arrays by address and length."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, size = ir.DoubleType(), ir.IntType(64)
        pointer = number.as_pointer()
        kind = ir.FunctionType(number, [pointer, size, pointer, size, pointer, size])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        state_, n_state_, features_, n_features_, outputs_, n_outputs_ = arguments[1:]
        return builder.call(
            function,
            [
                builder.inttoptr(state_, pointer), n_state_, builder.inttoptr(features_, pointer), n_features_,
                builder.inttoptr(outputs_, pointer), n_outputs_,
            ],
        )  # fmt: skip

    return types.float64(*[types.int64] * 7), generate


@intrinsic  # type: ignore[untyped-decorator]
def call_learn(
    context: Any, kernel_address: Any, state: Any, n_state: Any, features: Any, n_features: Any, label: Any, weight: Any,
    outputs: Any, n_outputs: Any, scratch: Any, n_scratch: Any,
) -> Any:  # fmt: skip
    """Call a model's ``learn`` by address; the arrays by address and length."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, size = ir.DoubleType(), ir.IntType(64)
        pointer = number.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, size, pointer, size, size, number, pointer, size, pointer, size])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        state_, n_state_, features_, n_features_, label_, weight_, outputs_, n_outputs_, scratch_, n_scratch_ = arguments[1:]
        builder.call(
            function,
            [
                builder.inttoptr(state_, pointer), n_state_, builder.inttoptr(features_, pointer), n_features_, label_, weight_,
                builder.inttoptr(outputs_, pointer), n_outputs_, builder.inttoptr(scratch_, pointer), n_scratch_,
            ],
        )  # fmt: skip
        return ir.Constant(ir.IntType(64), 0)

    whole = types.int64
    return types.int64(whole, *[whole] * 5, types.float64, *[whole] * 4), generate


@intrinsic  # type: ignore[untyped-decorator]
def call_rule(context: Any, kernel_address: Any, features: Any, n_features: Any, places: Any, n_places: Any, held: Any) -> Any:
    """Call an agent's ``rule`` by address; the arrays by address and length."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, size = ir.DoubleType(), ir.IntType(64)
        kind = ir.FunctionType(number, [number.as_pointer(), size, size.as_pointer(), size, number])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        features_, n_features_, places_, n_places_, held_ = arguments[1:]
        pointers = builder.inttoptr(features_, number.as_pointer()), builder.inttoptr(places_, size.as_pointer())
        return builder.call(function, [pointers[0], n_features_, pointers[1], n_places_, held_])

    return types.float64(*[types.int64] * 5, types.float64), generate


class _ExportCache(KernelCache):
    """Of a function that only passes its arguments on: kept beside the kernel that it calls, by this file's hash too."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__(function)
        self._name = name

    def _index_key(self, sig: object, codegen: Any) -> object:
        return (super()._index_key(sig, codegen), self._name, module_key(Path(__file__), __name__))  # type: ignore[no-untyped-call]


def predict_address(predict: Callable[..., Any]) -> int:
    """The address of a kernel ``predict(state, features, outputs) -> float``, compiled or read from the cache."""

    def by_pointers(state, n_state, features, n_features, outputs, n_outputs):  # type: ignore[no-untyped-def]
        return predict(carray(state, (n_state,)), carray(features, (n_features,)), carray(outputs, (n_outputs,)))

    return _address(by_pointers, predict, PREDICT)


def learn_address(learn: Callable[..., Any]) -> int:
    """The address of a kernel ``learn(state, features, label, weight, outputs, scratch)``."""

    def by_pointers(  # type: ignore[no-untyped-def]
        state, n_state, features, n_features, label, weight, outputs, n_outputs, scratch, n_scratch
    ):
        learn(
            carray(state, (n_state,)), carray(features, (n_features,)), label, weight, carray(outputs, (n_outputs,)),
            carray(scratch, (n_scratch,)),
        )  # fmt: skip

    return _address(by_pointers, learn, LEARN)


def rule_address(rule: Callable[..., Any]) -> int:
    """The address of a kernel ``rule(features, places, held) -> float``; ``places`` is int64."""

    def by_pointers(features, n_features, places, n_places, held):  # type: ignore[no-untyped-def]
        return rule(carray(features, (n_features,)), carray(places, (n_places,)), held)

    return _address(by_pointers, rule, RULE)


_compiled: dict[tuple[object, str], Any] = {}
"""Addresses are valid as long as this process runs."""


def _address(by_pointers: Callable[..., Any], kernel_: Callable[..., Any], signature: Any) -> int:
    inner = getattr(kernel_, "py_func", kernel_)
    key = (inner, by_pointers.__qualname__)
    if key not in _compiled:
        by_pointers.__module__ = inner.__module__
        function = CFunc(by_pointers, (signature.args, signature.return_type), {}, {"nopython": True, "error_model": "numpy"})
        if Path(inner.__code__.co_filename).is_file():
            vars(function)["_cache"] = _ExportCache(inner, f"{by_pointers.__qualname__}/{inner.__qualname__}")
        function.compile()
        _compiled.setdefault(key, function)  # another thread may have been faster: its address is in use already
    return int(_compiled[key].address)
