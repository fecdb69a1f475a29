"""A hash of the decisions of a run, which is the same for every size of its blocks."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from alpha_pulse.journal.block import JournalBlock

DECIDED = ("orders", "signals")
"""Tables of rows that are part of a decision: orders, and the signals of agents that are written in Python."""


class DecisionDigest:
    """SHA-256 of the decisions: of each decided bar its time, its symbol and the numbers of the agents; and of the orders.

    ``steps`` counts the steps with a decision.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._numbers = hashlib.sha256()
        self._rows = {table: hashlib.sha256() for table in DECIDED}

    def add(self, block: JournalBlock) -> None:
        """Add the next block."""
        if not block.tables:
            return
        slices = block.column("codes", "slice")
        rows = np.flatnonzero(block.column("codes", "has_features"))
        rows = rows[np.argsort(slices[rows], kind="stable")]
        columns = block.layout.signal_places
        decided = np.empty((len(rows), 2 + len(columns)))
        for number, (table, place) in enumerate(columns):
            decided[:, 2 + number] = block.tables[table][rows, place] + 0.0
        decided.view(np.int64)[:, 0] = block.column("slices", "ts_event_ns")[slices[rows]]
        decided.view(np.int64)[:, 1] = block.column("codes", "symbol")[rows]
        self._numbers.update(decided.tobytes())
        steps = {block.first_seq + index for index in slices[rows].tolist()}
        for table, digest in self._rows.items():
            for row in block.rows.get(table, ()):
                digest.update(msgspec.msgpack.encode(row[2:]))
                steps.add(int(row[0]))  # type: ignore[arg-type]
        self.steps += len(steps)

    def hexdigest(self) -> str:
        """The hash so far, in hex."""
        parts = [self._numbers, *self._rows.values()]
        return hashlib.sha256(b"".join(part.digest() for part in parts)).hexdigest()
