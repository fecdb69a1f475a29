"""The base of all built-in online models: state in a few packed arrays, and a layout that a restored state must match."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, take_all


class PackedModel:
    """A model whose state is ``arrays``. Kernels change them in place; they never grow.

    Parameters
    ----------
    n_features
        Length of a row.
    layout
        Kind, version, sizes and parameters, as JSON values. A state of another layout is refused, because kernels derive loop
        bounds and offsets from it.
    arrays
        The arrays by name, float64 or int64.
    """

    def __init__(self, n_features: int, layout: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        if n_features < 1:
            raise ConfigError(f"n_features is {n_features}; expected 1 or more")
        self.n_features = n_features
        self._layout = layout
        self._arrays = arrays

    @property
    def memory_bytes(self) -> int:
        """Size of its state in bytes, which never changes."""
        return sum(array.nbytes for array in self._arrays.values())

    def healthy(self) -> bool:
        """Whether every number of the state is finite."""
        return all(bool(np.isfinite(array).all()) for array in self._arrays.values())

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={"layout": deepcopy(self._layout)}, arrays={name: array.copy() for name, array in self._arrays.items()}
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = state.scalars.get("layout")
        if saved != self._layout:
            raise StateError(
                f"a saved model of layout {saved} does not fit this one, {self._layout}; "
                "restore with the configuration that saved it"
            )
        take_all(self._arrays, state)
