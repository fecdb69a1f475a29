"""Versions for the registry, made from the states of a run's components, in a running system or in its store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import NotFoundError, StateError, did_you_mean
from alpha_pulse.core.stateful import State
from alpha_pulse.engine.checkpoint import read_checkpoint
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.engine.system import System
from alpha_pulse.engine.training.members import batch_arguments
from alpha_pulse.journal.layout import JournalLayout, TargetInfo, read_layout
from alpha_pulse.kernels.base.scores import ONLINE
from alpha_pulse.kernels.session import layout as session_layout
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.metrics.intervals import mean_interval
from alpha_pulse.metrics.members import skills
from alpha_pulse.metrics.streaming import window_records
from alpha_pulse.serving.registry import Artefact, Lineage, Measured
from alpha_pulse.stores.base import RunIdentity
from alpha_pulse.stores.reading import StoreReader

Version = tuple[Artefact, Lineage]


class Origin(msgspec.Struct, frozen=True):
    """The run that versions come from; ``first_ts`` is the market time of its first step (ns)."""

    identity: RunIdentity
    config: Config
    layout: JournalLayout
    first_ts: int

    def target(self, session_id: str) -> tuple[str, TargetInfo]:
        """The symbol of a session, and its target. Raises NotFoundError for a session without models for the registry."""
        symbol, _, name = session_id.rpartition("/")
        found = next((target for target in self.layout.targets if target.name == name), None)
        if found is None or symbol not in self.layout.symbols:
            known = [f"{symbol}/{target.name}" for symbol in self.layout.symbols for target in self.layout.targets]
            raise NotFoundError(f"run {self.identity.run_id} has no session {session_id!r}{did_you_mean(session_id, known)}")
        return symbol, found


def origin_of(system: System) -> Origin:
    """The run of a system that has processed at least one step."""
    identity = system.store.identity
    assert identity is not None
    return Origin(identity, system.config, system.layout, next(iter(system.store.blocks(0))).first_ts)


def online_version(origin: Origin, session_id: str, session: State, seq: int, ts: int) -> Version:
    """The online model of a session as a version.

    Parameters
    ----------
    origin, session_id
        The run and the session, ``SYMBOL/target``.
    session
        The state of the session (`alpha_pulse.learning.session.Session.snapshot`).
    seq, ts
        The newest step that the state contains, and its market time (ns).

    Raises
    ------
    NotFoundError
        The run has no such session.
    """
    symbol, target = origin.target(session_id)
    model = State(
        session.scalars["nested"]["model"],
        {name.removeprefix("model/"): array for name, array in session.arrays.items() if name.startswith("model/")},
    )
    arguments = {"horizon": target.horizon, "seed": origin.config.seed}
    artefact = _artefact(origin, "online", target.model, arguments, symbol, target, model)
    head = session.arrays["head"]
    labels, newest = int(head[session_layout.LABELS_USED]), int(head[session_layout.LAST_LABEL_TS])
    return artefact, _lineage(
        origin, artefact, target, examples=labels, first_ts=origin.first_ts if labels else None, last_ts=newest or None,
        made_ts=ts, seq=seq, served_as=str(labels), metrics=_window_metrics(session.arrays["scores"], target.horizon),
    )  # fmt: skip


def batch_version(origin: Origin, member: State) -> Version | None:
    """The trained model of a batch member as a version; None before it is trained.

    Parameters
    ----------
    origin
        The run.
    member
        The state of the member (`alpha_pulse.learning.training.BatchMember.snapshot`).
    """
    if member.scalars["ready"] is None:
        return None
    ready = msgspec.convert(member.scalars["ready"], ModelReady)
    symbol, target = origin.target(ready.session_id)
    arguments = batch_arguments(origin.config, target.name)
    state = State(member.scalars["model"], member.arrays)
    artefact = _artefact(origin, "batch", ready.model_id, arguments, symbol, target, state)
    return artefact, _lineage(
        origin, artefact, target, examples=ready.examples, first_ts=origin.first_ts, last_ts=ready.trained_ts,
        made_ts=ready.trained_ts, ready_ts=ready.ready_ts, served_as=ready.short_version, metrics={},
    )  # fmt: skip


def stored_version(reader: StoreReader, session_id: str, *, batch: bool) -> Version:
    """The online model of a session in the newest checkpoint of a stored run, or with ``batch`` its batch model.

    Raises
    ------
    NotFoundError
        The run has no such session, no checkpoint yet, or its batch model is not trained yet.
    StateError
        The store or each of its checkpoints is damaged.
    """
    first = next(reader.blocks(), None)
    if reader.identity is None or first is None:
        raise NotFoundError(f"store {reader.path} contains no steps yet, so there is no model to register")
    origin = Origin(reader.identity, stored_config(reader.identity), read_layout(first.layout), first.first_ts)
    origin.target(session_id)
    seq, states = _newest_checkpoint(reader)
    if not batch:
        ts = next(block.last_ts for block in reader.blocks() if block.seq >= seq)
        return online_version(origin, session_id, states[f"session/{session_id}"], seq, ts)
    member = states.get(f"batch/{session_id}")
    found = None if member is None else batch_version(origin, member)
    if found is None:
        raise NotFoundError(
            f"the batch model of {session_id} was not trained yet at step {seq:,} of run {reader.identity.run_id}"
        )
    return found


def _newest_checkpoint(reader: StoreReader) -> tuple[int, Mapping[str, State]]:
    damaged = ""
    for seq in reversed(reader.checkpoint_steps()):
        try:
            states, meta = read_checkpoint(reader.checkpoint(seq))
        except StateError as error:
            damaged = damaged or str(error)
            continue
        if meta.get("seq") == seq:
            return seq, states
    if damaged:
        raise StateError(f"store {reader.path} has no undamaged checkpoint: {damaged}")
    raise NotFoundError(
        f"store {reader.path} contains no checkpoint yet; there is one after store.checkpoint_steps steps, and at the end"
    )


def _artefact(
    origin: Origin, kind: Any, model: str, arguments: dict[str, Any], symbol: str, target: TargetInfo, state: State
) -> Artefact:
    features = origin.layout.feature_names[: target.n_features]
    return Artefact(kind, model, arguments, symbol, target.name, origin.layout.schema_id, features, state)


def _lineage(origin: Origin, artefact: Artefact, target: TargetInfo, **more: Any) -> Lineage:
    identity = origin.identity
    return Lineage(
        version=artefact.version, kind=artefact.kind, model=artefact.model, symbol=artefact.symbol, target=artefact.target,
        schema_id=artefact.schema_id, n_features=len(artefact.features), horizon=target.horizon,
        interval_ns=origin.layout.feed.interval_ns, run_id=identity.run_id, feed_identity=identity.feed_identity,
        config_hash=identity.config_hash, settings=origin.config.decisive_sections,
        program_version=identity.program_version, **more,
    )  # fmt: skip


def _window_metrics(scores: np.ndarray[Any, Any], horizon: int) -> dict[str, Measured]:
    """The skill of the online model over the base rate in the session's window of labels."""
    values = skills(window_records(scores), ONLINE)
    values = values[~np.isnan(values)]
    if not len(values):
        return {}
    interval = mean_interval(values, least_block=horizon)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return {"window_skill_millinats": Measured(float(values.mean()), low, high, len(values))}
