"""Compares a replay of the journal with the journal."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import StateError
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import JournalBlock, first_difference


class DifferenceError(StateError):
    """A replayed step differs from the stored one. ``step`` and ``ts_event`` are its number and its market time, ns."""

    def __init__(self, step: int, ts_event: int, location: str) -> None:
        super().__init__(
            f"journal step {step} of {location} differs when it is replayed: this program decides differently from "
            "the one that wrote it; resume with that version, or start a new --store"
        )
        self.step = step
        self.ts_event = ts_event


class ReplayVerifier:
    """Takes the place of the journal while stored steps are replayed: each replayed block must equal the ``expected`` one."""

    def __init__(self, location: str) -> None:
        self.expected: JournalBlock | None = None
        self._location = location

    @property
    def next_seq(self) -> int:
        """The number of the next step."""
        assert self.expected is not None
        return self.expected.first_seq

    def append(self, block: JournalBlock) -> None:
        """Compare one replayed block with the stored one. Raises DifferenceError."""
        assert self.expected is not None
        step = first_difference(self.expected, block)
        if step is not None:
            raise DifferenceError(step.first_seq, step.first_ts, self._location)


def bars_of(block: JournalBlock) -> BarBlock:
    """The bars of a block, from which it can be replayed."""
    codes, slices = block.tables["codes"], block.tables["slices"]
    order = np.argsort(codes[:, 0], kind="stable")
    of_slice = codes[order, 0]
    starts = of_slice.searchsorted(np.arange(block.steps + 1))
    return BarBlock(
        block.layout.symbols, int(slices[0, 1]), starts, np.ascontiguousarray(codes[order, 1]), slices[of_slice, 0],
        np.ascontiguousarray(codes[order, 2]), np.ascontiguousarray(block.tables["prices"][order]),
    )  # fmt: skip
