"""Compares a replay of the journal with the journal."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import StateError
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import JournalBlock, first_difference, part


class DifferenceError(StateError):
    """A replayed step differs from the stored one. ``step`` and ``ts_event`` are its number and its market time, ns."""

    def __init__(self, step: int, ts_event: int, location: str) -> None:
        super().__init__(
            f"journal step {step} of {location} differs when it is replayed: this program decides differently from "
            "the one that wrote it; resume with that version, or start a new store"
        )
        self.step = step
        self.ts_event = ts_event


class ReplayVerifier:
    """Takes the place of the journal while stored steps are replayed: they must equal those of the block that is expected."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._expected: JournalBlock | None = None
        self._compared = 0

    def expect(self, block: JournalBlock) -> None:
        """Set the block that is replayed next."""
        self._expected, self._compared = block, 0

    @property
    def next_seq(self) -> int:
        """The number of the next step."""
        assert self._expected is not None
        return self._expected.first_seq + self._compared

    def append(self, block: JournalBlock) -> None:
        """Compare a replayed block, all or the next part of the stored one, with it. Raises DifferenceError."""
        assert self._expected is not None
        before, self._compared = self._compared, self._compared + block.steps
        step = first_difference(part(self._expected, before, self._compared), block)
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
