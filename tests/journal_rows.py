"""The steps of a store as JSON, for tests that compare whole runs or read them without the program's types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from alpha_pulse.journal.block import decode_blocks
from alpha_pulse.journal.reader import BlockReader, Step, read_steps
from alpha_pulse.journal.records import DecisionRecord, StepRecord, encode
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.reading import StoreReader

decode_step = msgspec.json.Decoder(StepRecord).decode
decode_decision = msgspec.json.Decoder(DecisionRecord).decode


class StepRow(NamedTuple):
    """One step: its record and its decision, if it has one, as JSON."""

    seq: int
    ts_event: int
    payload: bytes
    decision: bytes | None


def rows(store: Store, from_seq: int = 0) -> Iterator[StepRow]:
    """The steps of a store, in order."""
    return map(_row, read_steps(store, from_seq))


def stored_rows(path: Path) -> Iterator[StepRow]:
    """The steps of a store on the disk, in order; a run may be writing it."""
    with StoreReader(path) as reader:
        for block in decode_blocks(reader.blocks()):
            yield from map(_row, BlockReader(block))


def _row(step: Step) -> StepRow:
    decision = None if step.decision is None else encode(step.decision)
    return StepRow(step.seq, step.ts_event, encode(step.record), decision)
