"""The signals of one symbol whose lots may still be open, with the direction of each agent and the lots that were learned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, scalars_as, take_all
from alpha_pulse.core.types import Contribution
from alpha_pulse.kernels.agents import entered_signals as kernels
from alpha_pulse.kernels.agents.entered_signals import APPLIED, ENTERED, FILL, HAD, NOT_ENTERED, SIGNAL, WANTED
from alpha_pulse.venues.ids import IdTable

ROOM = 8
"""Initial capacity for signals and lots; it is doubled when it is full."""
PRIMARY = "combined"
"""The book whose lots are numbered by their fills."""
NO_RANK = -1
LONGEST_RANK = 9
"""Digits."""


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``agents`` names the columns; ``ids`` are the texts of ids that follow no pattern."""

    agents: list[str]
    ids: list[tuple[str, str]]


class EnteredSignals:
    """Packed as in `alpha_pulse.kernels.agents.entered_signals`; an agent gets its column when it first takes part.

    >>> entered = EnteredSignals("X")
    >>> entered.enter("combined/X/7", (Contribution("trend/X/7", "trend", 0.5, 1.0),))
    >>> entered.apply("combined/X/7", "combined/X/9/f/0")
    (Contribution(signal_id='trend/X/7', agent='trend', direction=0.5, weight=1.0),)
    >>> entered.apply("combined/X/7", "combined/X/9/f/0")
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._agents: dict[str, int] = {}
        self._counts = np.zeros(kernels.COUNTS, dtype=np.int64)
        self._signals = np.zeros(ROOM, dtype=np.int64)
        self._parts: NDArray[np.float64] = np.zeros((ROOM, kernels.PARTS, 0))
        self._new: NDArray[np.float64] = np.zeros((kernels.PARTS, 0))
        self._applied = np.zeros((ROOM, kernels.LOT_COLUMNS), dtype=np.int64)
        self._ids = IdTable()
        self._ids.add_user(lambda: _id_columns(self.arrays))

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed state, without unused capacity."""
        n, lots = self._counts[ENTERED], self._counts[APPLIED]
        return {
            "counts": self._counts,
            "signals": self._signals[:n],
            "parts": self._parts[:n],
            "applied": self._applied[:lots],
        }

    def __contains__(self, signal_id: str) -> bool:
        slot = kernels.slot_of(self._signals, self._counts, self._number(signal_id))
        self._ids.prune()
        return slot != NOT_ENTERED

    def enter(self, signal_id: str, contributions: Sequence[Contribution]) -> None:
        """Add a signal that became an order."""
        for part in contributions:
            if part.agent not in self._agents:
                self._add_column(part.agent)
        new, columns = self._new, self._agents
        new.fill(math.nan)
        for part in contributions:
            column = columns[part.agent]
            new[WANTED, column], new[HAD, column] = part.direction, part.weight
        if self._counts[ENTERED] == len(self._signals):
            self._signals, self._parts = _doubled(self._signals), _doubled(self._parts)
        kernels.enter(self._signals, self._parts, self._counts, self._number(signal_id), new)

    def apply(self, signal_id: str, lot_id: str) -> tuple[Contribution, ...] | None:
        """Record that a lot of a signal was learned, and return the agents' contributions.

        Returns None if the signal is not stored, or if the lot was learned already. The ids of the contributions follow from
        that of the combined signal.
        """
        number = self._number(signal_id)
        slot = kernels.slot_of(self._signals, self._counts, number)
        if slot == NOT_ENTERED:
            return None
        if self._counts[APPLIED] == len(self._applied):
            self._applied = _doubled(self._applied)
        if not kernels.apply_lot(self._applied, self._counts, number, *self._lot(lot_id)):
            return None
        (wanted, had), place = self._parts[slot].tolist(), signal_id.partition("/")[2]
        return tuple(
            Contribution(f"{agent}/{place}", agent, wanted[column], had[column])
            for agent, column in self._agents.items()
            if wanted[column] == wanted[column]
        )

    def keep_only(self, signal_ids: Iterable[str]) -> list[str]:
        """Drop all signals except these and the newest. Returns the ids of the dropped signals."""
        kept = np.array([self._number(each) for each in signal_ids], dtype=np.int64)
        dropped = np.zeros(len(self._signals), dtype=np.int64)
        gone = kernels.keep_only(self._signals, self._parts, self._applied, self._counts, kept, dropped)
        texts = [self._ids.signal_text(number, PRIMARY, self._symbol) for number in dropped[:gone].tolist()]
        self._ids.prune()
        return texts

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        arrays = {key: array.copy() for key, array in self.arrays.items()}
        saved = _Saved(list(self._agents), self._ids.dump(_id_columns(arrays)))
        return State(msgspec.structs.asdict(saved), arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = scalars_as(_Saved, state, f"the entered signals of {self._symbol}")
        counts = np.zeros(kernels.COUNTS, dtype=np.int64)
        take_all({"counts": counts}, state)
        if counts.min() < 0:
            raise StateError(f"a saved state has {counts.tolist()} entered signals and learned lots; use an older checkpoint")
        (n, lots), columns = counts.tolist(), len(saved.agents)
        arrays: dict[str, NDArray[Any]] = {
            "signals": np.zeros(n, dtype=np.int64),
            "parts": np.zeros((n, kernels.PARTS, columns)),
            "applied": np.zeros((lots, kernels.LOT_COLUMNS), dtype=np.int64),
        }
        take_all(arrays, state)
        self._ids.load(saved.ids, _id_columns(arrays))
        self._agents = {agent: column for column, agent in enumerate(saved.agents)}
        self._counts[:] = counts
        self._signals, self._parts = _with_room(arrays["signals"]), _with_room(arrays["parts"])
        self._applied, self._new = _with_room(arrays["applied"]), np.zeros((kernels.PARTS, columns))

    def _number(self, signal_id: str) -> int:
        return self._ids.signal(signal_id, PRIMARY, self._symbol)

    def _lot(self, lot_id: str) -> tuple[int, int]:
        """Its closing fill and rank as numbers; of a lot that is not of the primary book, its id and `NO_RANK`."""
        fill_id, _, rank = lot_id.rpartition("/")
        if rank.isdecimal() and len(rank) <= LONGEST_RANK and str(int(rank)) == rank:
            fill = self._ids.fill(fill_id, PRIMARY, self._symbol)
            if fill >= 0:
                return fill, int(rank)
        return self._ids.fill(lot_id, PRIMARY, self._symbol), NO_RANK

    def _add_column(self, agent: str) -> None:
        column = self._agents[agent] = len(self._agents)
        self._parts = np.insert(self._parts, column, math.nan, axis=2)
        self._new = np.zeros((kernels.PARTS, column + 1))


def _id_columns(arrays: dict[str, NDArray[Any]]) -> list[NDArray[np.int64]]:
    return [arrays["signals"], arrays["applied"][:, SIGNAL], arrays["applied"][:, FILL]]


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.zeros_like(array)])


def _with_room(array: NDArray[Any]) -> NDArray[Any]:
    """A copy with room for more rows."""
    room = np.zeros((max(ROOM, len(array)), *array.shape[1:]), dtype=array.dtype)
    room[: len(array)] = array
    return room
