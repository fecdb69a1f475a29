"""Checkpoints: every component's state at one row of the journal, and how to find the newest one that can be trusted.

Restart is the newest good checkpoint, then the journal's tail folded onto it (crash-only software, Candea and Fox, 2003).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, Stateful, digest, pack, unpack
from alpha_pulse.stores.base import Store

_SEQ = "seq"
_HASH = "journal_hash"


class Loaded(msgspec.Struct, frozen=True):
    """A checkpoint that fits its journal. ``skipped`` says of each newer one why it was not taken."""

    seq: int
    states: dict[str, State]
    meta: dict[str, Any]
    skipped: tuple[str, ...] = ()


def write_checkpoint(store: Store, seq: int, components: Mapping[str, Stateful], meta: Mapping[str, Any] | None = None) -> None:
    """Keep the state of all ``components`` as it is after row ``seq``, which must be the journal's last.

    Parameters
    ----------
    store
        Where the run lives.
    seq
        The row whose step the components have just taken; -1 before the first.
    components
        Everything with memory, by name.
    meta
        JSON values to find again in `Loaded`; ``seq`` and ``journal_hash`` are added.

    Raises
    ------
    StateError
        ``seq`` is not the last row: the components are then not what they were after it.

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
            f"a checkpoint at row {seq} was asked for, but the journal ends at row {last}; take it after that step"
        )
    states = {name: component.snapshot() for name, component in components.items()}
    store.save_checkpoint(seq, pack(states, {**(meta or {}), _SEQ: seq, _HASH: chain_hash.hex()}))


def load_newest(store: Store, refused: list[str] | None = None, at_most: int | None = None) -> Loaded | None:
    """The newest checkpoint that is undamaged and belongs to this journal; None when there is none.

    Parameters
    ----------
    store
        Where the run lives.
    refused
        Takes the reasons for checkpoints left out, also when none is good; `Loaded.skipped` holds them too.
    at_most
        Pass over checkpoints after this row, without a reason.
    """
    reasons = [] if refused is None else refused
    for seq, blob in store.checkpoints():
        try:
            states, meta = unpack(blob)
            _fits(store, seq, meta)
        except StateError as error:
            reasons.append(f"checkpoint at row {seq}: {error}")
            continue
        if at_most is not None and seq > at_most:
            continue
        return Loaded(seq, states, meta, tuple(reasons))
    return None


def state_sha256(components: Mapping[str, Stateful]) -> str:
    """SHA-256, in hex, of the state of all components: equal runs end with equal ones.

    >>> state_sha256({})[:16]
    'aff5c195b7257f63'
    """
    return digest({name: component.snapshot() for name, component in components.items()})


def _fits(store: Store, seq: int, meta: Mapping[str, Any]) -> None:
    """Refuse a state that was taken at another row, or after other steps than this journal's."""
    if meta.get(_SEQ) != seq:
        raise StateError(f"it says that it was taken at row {meta.get(_SEQ)!r}; use an older checkpoint")
    if seq < 0:
        return
    row = next(store.rows(seq), None)
    if row is None or row.hash.hex() != meta.get(_HASH):
        raise StateError(f"it was taken after other steps than the ones in {store.location}; use an older checkpoint")
