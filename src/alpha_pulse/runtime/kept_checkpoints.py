"""Which checkpoints of a stored run are needed to resume it."""

from __future__ import annotations

from alpha_pulse.core.errors import StateError
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.engine.system import MIN_VERIFIED_STEPS
from alpha_pulse.stores.reading import StoreReader


def checkpoints_to_keep(reader: StoreReader, most: int) -> list[int]:
    """The steps of the newest ``most`` checkpoints from which the run can be resumed, and of all later ones.

    A run resumes from an undamaged checkpoint at least ``MIN_VERIFIED_STEPS`` steps before the end; later ones are of use once
    the run goes on. Damaged ones are of no use.
    """
    usable: list[int] = []
    for seq in reversed(reader.checkpoint_steps()):
        if sum(kept <= reader.step_count - 1 - MIN_VERIFIED_STEPS for kept in usable) == most:
            break
        if _intact(reader, seq):
            usable.append(seq)
    return usable


def _intact(reader: StoreReader, seq: int) -> bool:
    try:
        meta = read_checkpoint(reader.checkpoint(seq))[1]
    except StateError:
        return False
    return meta.get("seq") == seq
