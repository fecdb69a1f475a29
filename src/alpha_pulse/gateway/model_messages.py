"""Messages about the registry of models. Fields are named as in JSON.

``*_ms`` are integer milliseconds since the Unix epoch (UTC): ``added_ms``, ``frozen_ms`` and ``moved_ms`` are wall time, the
other ones market time, at which the bar ended that they name. Missing values are None.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alpha_pulse.serving.registry.entries import Entry
from alpha_pulse.serving.registry.ladder import Served
from alpha_pulse.serving.registry.lineage import Measured
from alpha_pulse.serving.registry.registry import VersionDetails, VersionInfo

MS = 1_000_000


class ModelVersion(msgspec.Struct, frozen=True):
    """One version of a model.

    ``state`` is ``candidate``, ``shadow``, ``canary``, ``champion`` or ``retired``; ``alias`` is ``champion``, ``challenger``
    or None. ``kind`` is ``batch`` (trained once) or ``online`` (a model that learns, at one moment). It learned ``examples``
    from bars that ended from ``first_ms`` to ``last_ms``, and was made at ``made_ms``. The predictions of its run name it
    ``served_as``. What the lineage states is None where its file is damaged, and ``problem`` says so.
    """

    version: str
    symbol: str
    target: str
    state: str
    alias: str | None
    added_ms: int
    kind: str | None
    model: str | None
    horizon: int | None
    examples: int | None
    first_ms: int | None
    last_ms: int | None
    made_ms: int | None
    run_id: str | None
    served_as: str | None
    parent: str | None
    metrics: dict[str, Measured]
    problem: str | None


class ServedModels(msgspec.Struct, frozen=True):
    """Who serves a (symbol, target): the versions behind the two aliases, and by whom and why the champion is frozen."""

    symbol: str
    target: str
    champion: str | None
    challenger: str | None
    frozen: bool
    frozen_ms: int | None
    frozen_by: str | None
    frozen_reason: str | None


class ModelList(msgspec.Struct, frozen=True):
    """The versions in a registry, the newest first, and who serves.

    ``problem``: why a model of this run is not registered; None while all are.
    """

    versions: list[ModelVersion]
    served: list[ServedModels]
    problem: str | None = None


class ModelTotals(msgspec.Struct, frozen=True):
    """Of one (symbol, target): the versions by state, the promotions to champion, the rollbacks, and the champion.

    ``champion_made_ms`` is None without a champion, and where its lineage is damaged.
    """

    symbol: str
    target: str
    states: dict[str, int]
    promotions: int
    rollbacks: int
    champion_made_ms: int | None
    frozen: bool


class ModelMove(msgspec.Struct, frozen=True):
    """A change: ``action`` is ``add``, ``move``, ``rollback``, ``freeze`` or ``unfreeze``; ``state`` is the one entered."""

    moved_ms: int
    action: str
    state: str | None
    actor: str
    reason: str
    evidence: dict[str, Any]


class ModelDetails(msgspec.Struct, frozen=True):
    """One version with its whole lineage and what was done with it, the oldest first.

    ``size_bytes`` is that of its artefact. ``problem`` is why it cannot be loaded; None where it can.
    """

    version: ModelVersion
    size_bytes: int | None
    problem: str | None
    schema_id: str | None
    n_features: int | None
    interval_s: float | None
    ready_ms: int | None
    seq: int | None
    feed_identity: str | None
    config_hash: str | None
    settings: dict[str, Any]
    program_version: str | None
    moves: list[ModelMove]


def version_out(info: VersionInfo) -> ModelVersion:
    """A version of the registry as a message."""
    of = info.lineage
    return ModelVersion(
        version=info.version,
        symbol=info.symbol,
        target=info.target,
        state=info.state,
        alias=info.alias,
        added_ms=info.added_ns // MS,
        kind=None if of is None else of.kind,
        model=None if of is None else of.model,
        horizon=None if of is None else of.horizon,
        examples=None if of is None else of.examples,
        first_ms=None if of is None else _ms(of.first_ts),
        last_ms=None if of is None else _ms(of.last_ts),
        made_ms=None if of is None else _ms(of.made_ts),
        run_id=None if of is None else of.run_id,
        served_as=None if of is None else of.served_as,
        parent=None if of is None else of.parent,
        metrics={} if of is None else of.metrics,
        problem=info.problem,
    )


def served_out(served: Served) -> ServedModels:
    """Who serves, as a message."""
    return ServedModels(
        served.symbol, served.target, served.champion, served.challenger, served.frozen, _ms(served.frozen_ns),
        served.frozen_by, served.frozen_reason,
    )  # fmt: skip


def details_out(details: VersionDetails) -> ModelDetails:
    """The details of a version as a message."""
    of = details.info.lineage
    return ModelDetails(
        version=version_out(details.info),
        size_bytes=details.size,
        problem=details.problem,
        schema_id=None if of is None else of.schema_id,
        n_features=None if of is None else of.n_features,
        interval_s=None if of is None else of.interval_ns / 1e9,
        ready_ms=None if of is None else _ms(of.ready_ts),
        seq=None if of is None else of.seq,
        feed_identity=None if of is None else of.feed_identity,
        config_hash=None if of is None else of.config_hash,
        settings={} if of is None else of.settings,
        program_version=None if of is None else of.program_version,
        moves=[move_out(entry) for entry in details.moves],
    )


def move_out(entry: Entry) -> ModelMove:
    """A line of the log as a message."""
    return ModelMove(entry.ts_ns // MS, entry.action, entry.state, entry.actor, entry.reason, entry.evidence)


def _ms(ts_ns: int | None) -> int | None:
    return None if ts_ns is None else ts_ns // MS
