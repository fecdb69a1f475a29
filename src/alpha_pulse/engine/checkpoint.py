"""Checkpoints: the state of every component after one step of the journal, and the search for the newest valid one.

A restart loads the newest valid checkpoint and replays the rest of the journal (crash-only software, Candea and Fox, 2003).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import zstandard

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, Stateful, digest, pack, unpack
from alpha_pulse.stores.base import Store

_LEVEL = 1
_LARGEST = 2**31
"""Bytes of an unpacked checkpoint, at most."""
_SEQ = "seq"
_HASH = "journal_hash"


class LoadedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint that belongs to its journal. ``skipped`` gives, for each newer one, why it was not used."""

    seq: int
    states: dict[str, State]
    meta: dict[str, Any]
    skipped: tuple[str, ...] = ()


def write_checkpoint(store: Store, seq: int, components: Mapping[str, Stateful], meta: Mapping[str, Any] | None = None) -> None:
    """Save the state of all ``components`` after step ``seq``, which must be the last one of the journal.

    Parameters
    ----------
    store
        Where the run lives.
    seq
        The number of the step that the components processed last; -1 before the first.
    components
        Everything with memory, by name.
    meta
        JSON values that `load_newest` returns with the states; ``seq`` and ``journal_hash`` are added.

    Raises
    ------
    StateError
        ``seq`` is not the last step, so the components have processed other steps.

    >>> from alpha_pulse.stores.base import RunIdentity
    >>> from alpha_pulse.stores.memory import MemoryStore
    >>> store = MemoryStore()
    >>> store.begin(RunIdentity("r", "c", "f", "1"), resume=False)
    >>> write_checkpoint(store, -1, {}, {"position": 0})
    >>> load_newest(store).meta["position"]
    0
    """
    last, chain_hash = store.head
    if seq != last:
        raise StateError(
            f"a checkpoint at step {seq} was requested, but the journal ends at step {last}; write it after that step"
        )
    states = {name: component.snapshot() for name, component in components.items()}
    packed = pack(states, {**(meta or {}), _SEQ: seq, _HASH: chain_hash.hex()})
    store.save_checkpoint(seq, zstandard.compress(packed, _LEVEL))


def load_newest(store: Store, refused: list[str] | None = None, at_most: int | None = None) -> LoadedCheckpoint | None:
    """The newest checkpoint that is undamaged and belongs to this journal; None when there is none.

    Parameters
    ----------
    store
        Where the run lives.
    refused
        Receives the reasons for checkpoints that are skipped, also when none is valid; `LoadedCheckpoint.skipped` has them too.
    at_most
        Ignore checkpoints after this step, without a reason.
    """
    reasons = [] if refused is None else refused
    for seq, blob in store.checkpoints():
        try:
            states, meta = read_checkpoint(blob)
            _check_origin(store, seq, meta)
        except StateError as error:
            reasons.append(f"checkpoint at step {seq}: {error}")
            continue
        if at_most is not None and seq > at_most:
            continue
        return LoadedCheckpoint(seq, states, meta, tuple(reasons))
    return None


def read_checkpoint(blob: bytes) -> tuple[dict[str, State], dict[str, Any]]:
    """The states by name, and the meta values, of a checkpoint. Raises StateError when a bit differs."""
    try:
        if zstandard.frame_content_size(blob) > _LARGEST:
            raise StateError("a packed state is damaged: its stated size is impossible; use an older checkpoint")
        return unpack(zstandard.decompress(blob))
    except zstandard.ZstdError as error:
        raise StateError(f"a packed state is damaged ({error}); use an older checkpoint") from None


def state_sha256(components: Mapping[str, Stateful]) -> str:
    """SHA-256, in hex, of the state of all components: equal runs end with equal ones.

    >>> state_sha256({})[:16]
    'aff5c195b7257f63'
    """
    return digest({name: component.snapshot() for name, component in components.items()})


def _check_origin(store: Store, seq: int, meta: Mapping[str, Any]) -> None:
    """Raise StateError for a state of another step, or of another journal."""
    if meta.get(_SEQ) != seq:
        raise StateError(f"it states step {meta.get(_SEQ)!r}; use an older checkpoint")
    if seq < 0:
        return
    block = next(store.blocks(seq), None)
    if block is None or block.seq != seq or block.hash.hex() != meta.get(_HASH):
        raise StateError(f"it does not belong to the journal in {store.location}; use an older checkpoint")
