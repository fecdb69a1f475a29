"""Checks of the columns of a journal: the order of slices and bars, and that each label belongs to one earlier prediction."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.defects import Defects
from alpha_pulse.journal.layout import JournalLayout
from alpha_pulse.kernels.session.layout import EXPIRED, SCORED_LABEL, TIE

AT_ONCE = 1_024
"""Blocks of a live run have one step; so many steps are checked together, which takes a small part of the time."""
_OF_BARS = ("prices", "features", "probabilities", "numbers")
_SYMBOL_BITS = 44
"""A prediction has one number: that of its symbol, and in the lower bits that of its slice."""
Numbers = NDArray[np.int64]


def misfit(block: JournalBlock) -> str | None:
    """Why the tables of a block do not fit each other or its steps; None where they do."""
    if not block.tables:
        return None if block.steps == 1 and "commands" in block.rows else "it has neither bars nor commands"
    codes, bars, earlier = block.tables["codes"], len(block.tables["codes"]), block.tables["earlier"]
    rows = {"slices": block.steps, **dict.fromkeys(_OF_BARS, bars)}
    for name, expected in rows.items():
        if len(block.tables[name]) != expected:
            return f"table {name} has {len(block.tables[name])} rows, {expected} are expected"
    for column, limit in (("slice", block.steps), ("symbol", len(block.layout.symbols))):
        values = block.column("codes", column)
        if bars and not 0 <= values.min() <= values.max() < limit:
            return f"a bar has a {column} that is not one of {limit}"
    order = codes[:, 1] * block.steps + codes[:, 0]
    if (order[1:] <= order[:-1]).any():
        return "its bars are not ordered by symbol and time"
    times = block.column("slices", "ts_event_ns")
    if (times[0], times[-1]) != (block.first_ts, block.last_ts):
        return "the times of its slices are not those of the block"
    targets = block.layout.targets
    stated = np.sort(earlier[:, 0].astype(np.int64) * len(targets) + earlier[:, 1].astype(np.int64))
    if not np.array_equal(stated, _scored_elsewhere(block)):
        return "its labels do not match the repeated probabilities of earlier blocks"
    return None


def _scored_elsewhere(block: JournalBlock) -> Numbers:
    """The scored labels whose prediction is in an earlier block: row times the number of targets, plus that of the target."""
    codes, targets = block.tables["codes"], block.layout.targets
    place = np.arange(len(codes)) - codes[:, 1].searchsorted(codes[:, 1])
    status = codes[:, [block.layout.places["codes"][f"{target.name}.status"] for target in targets]]
    horizons = np.array([target.horizon for target in targets])
    return np.flatnonzero((status == SCORED_LABEL) & (place[:, None] < horizons))


class Columns:
    """Checks the columns of consecutive blocks.

    Parameters
    ----------
    counts
        Receives how many bars, slices, predictions, labels and abstentions there are.
    order, references
        Receive the defects: of the order of steps and bars; of labels and their predictions.
    """

    def __init__(self, counts: Counter[str], order: Defects, references: Defects) -> None:
        self._counts, self._order, self._references = counts, order, references
        self._blocks: list[JournalBlock] = []
        self._steps = 0
        self._ts: int | None = None
        self._number = -1
        self._pending: dict[str, Numbers] = {}

    @property
    def pending(self) -> int:
        """Predictions that have neither a label nor expired, in the blocks that were checked."""
        return sum(map(len, self._pending.values()))

    def add(self, block: JournalBlock) -> None:
        """Check the next block, now or together with later ones."""
        times = block.column("slices", "ts_event_ns") if block.tables else np.empty(0, np.int64)
        early = np.flatnonzero(times[1:] < times[:-1]) + 1
        if self._ts is not None and block.first_ts < self._ts:
            early = np.zeros(1, np.int64)
        for index in early[:1].tolist():
            self._order.add(f"step {block.first_seq + index} is earlier than the step before it")
        self._ts = block.last_ts
        if (found := misfit(block)) is not None:
            self._order.add(f"step {block.first_seq} begins a block that does not fit its layout: {found}")
            return
        if not block.tables:
            return
        if self._blocks and self._blocks[0].layout.text != block.layout.text:
            self.finish()
        self._blocks.append(block)
        self._steps += block.steps
        if self._steps >= AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Check the blocks that wait for others."""
        blocks, self._blocks, self._steps = self._blocks, [], 0
        if not blocks:
            return
        layout = blocks[0].layout
        seqs = np.concatenate([np.arange(block.first_seq, block.first_seq + block.steps) for block in blocks])
        numbers = np.concatenate([block.column("slices", "number") for block in blocks])
        starts = np.cumsum([0, *(block.steps for block in blocks[:-1])])
        codes = np.concatenate([block.tables["codes"] for block in blocks])
        codes[:, 0] += np.repeat(starts, [len(block.tables["codes"]) for block in blocks])
        self._check_numbers(seqs, numbers)
        self._counts["bars"] += len(codes)
        self._counts["slices"] += len(np.unique(codes[:, 0]))
        self._counts["abstentions"] += sum(int(np.count_nonzero(block.column("numbers", "abstention"))) for block in blocks)
        for target in layout.targets:
            self._check_target(target.name, layout, codes, seqs, numbers)

    def _check_numbers(self, seqs: Numbers, numbers: Numbers) -> None:
        before = np.concatenate([[self._number], numbers[:-1]])
        for index in np.flatnonzero(numbers <= before).tolist():
            self._order.add(f"step {seqs[index]} has slice {numbers[index]}, which is not the next one")
        self._number = int(numbers[-1])

    def _check_target(self, target: str, layout: JournalLayout, codes: Numbers, seqs: Numbers, numbers: Numbers) -> None:
        at = layout.places["codes"]
        status, age, served = (codes[:, at[f"{target}.{name}"]] for name in ("status", "label_age_slices", "served"))
        number = numbers[codes[:, 0]]
        keys = (codes[:, 1] << _SYMBOL_BITS) + number
        known = np.concatenate([self._pending.get(target, np.empty(0, np.int64)), keys[served != 0]])
        rows = np.flatnonzero(status >= EXPIRED)
        resolved = keys[rows] - age[rows]
        first = np.zeros(len(rows), bool)
        first[np.unique(resolved, return_index=True)[1]] = True
        for place in np.flatnonzero(~(first & (age[rows] > 0) & np.isin(resolved, known))).tolist():
            row = int(rows[place])
            name = f"{layout.symbols[codes[row, 1]]}/{target}/{number[row] - age[row]}"
            self._references.add(f"step {seqs[codes[row, 0]]} resolves prediction {name}, which is not pending")
        self._pending[target] = np.setdiff1d(known, resolved)
        self._counts["predictions"] += int(np.count_nonzero(served))
        self._counts["expired"] += int(np.count_nonzero(status == EXPIRED))
        self._counts["ties"] += int(np.count_nonzero(status == TIE))
        self._counts["labelled"] += int(np.count_nonzero(status > EXPIRED))
