"""The base of all built-in online models: state in a few packed arrays, saved as they are, and one layout that must fit."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, take_all


class PackedModel:
    """A model whose whole state is ``arrays``, which kernels change in place and which never grow.

    Parameters
    ----------
    n_features
        Length of a row.
    layout
        What the arrays' meaning depends on, as JSON values: kind, version, sizes, parameters. A state of another layout is
        refused, because kernels take loop bounds and places from it.
    arrays
        By name; float64 or int64.
    """

    def __init__(self, n_features: int, layout: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        if n_features < 1:
            raise ConfigError(f"a model of {n_features} features was asked for; expected 1 or more")
        self.n_features = n_features
        self._layout = layout
        self._arrays = arrays

    @property
    def memory_bytes(self) -> int:
        """Bytes of state that it may hold, ever: the arrays are made once and never grow."""
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
