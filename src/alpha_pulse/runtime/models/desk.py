"""The registry of a run in the same process: answers queries, makes changes, and holds the models that answer."""

from __future__ import annotations

import asyncio
from collections import Counter

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, NotFoundError, did_you_mean
from alpha_pulse.engine.system import System
from alpha_pulse.gateway.model_messages import (
    MS,
    ModelDetails,
    ModelList,
    ModelTotals,
    ModelVersion,
    ServedModels,
    details_out,
    served_out,
    version_out,
)
from alpha_pulse.runtime.models.recorder import VersionRecorder
from alpha_pulse.runtime.models.versions import online_version, origin_of
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.difference import VersionDifference
from alpha_pulse.serving.registry.entries import ModelState
from alpha_pulse.serving.registry.frozen import FrozenModel
from alpha_pulse.serving.registry.ladder import Standing
from alpha_pulse.serving.registry.registry import STATES

MOST_LOADED = 16
"""Models that are held ready to answer, the ones used last."""


class ModelDesk:
    """Implements `alpha_pulse.gateway.models.Models`.

    Changes are written by a thread, since they wait for the disk. A model is loaded by the first request for it, and the log is
    read again only when it has changed.

    Parameters
    ----------
    system
        The run, whose batch models are registered from now on.
    registry
        None: the run has none.
    """

    def __init__(self, system: System, registry: Registry | None) -> None:
        self._system, self._registry = system, registry
        self._recorder = None if registry is None else VersionRecorder(system, registry)
        self._standing: tuple[object, Standing] | None = None
        self._loaded: dict[str, FrozenModel] = {}
        self._made: dict[str, int | None] = {}

    def close(self) -> None:
        """Return when all batch models are registered."""
        if self._recorder is not None:
            self._recorder.close()

    @property
    def problem(self) -> str | None:
        """Why a model of this run is not registered; None while all are."""
        return None if self._recorder is None else self._recorder.problem

    @property
    def registry(self) -> Registry:
        """The registry. Raises NotFoundError where the run has none."""
        if self._registry is None:
            raise NotFoundError(
                "this run has no registry of models: its store is in memory, or store.registry is 'none'; set it to a folder"
            )
        return self._registry

    # Reading.

    def versions(self, symbol: str | None = None, target: str | None = None, state: str | None = None) -> ModelList:
        """The versions, and who serves."""
        if state is not None and state not in STATES:
            raise ConfigError(f"state {state!r} is unknown{did_you_mean(state, STATES)}")
        infos, served = self.registry.versions(symbol, target, state)
        return ModelList([version_out(info) for info in infos], [served_out(each) for each in served], self.problem)

    def version(self, name: str) -> ModelDetails:
        """One version."""
        return details_out(self.registry.show(name))

    def difference(self, first: str, second: str) -> VersionDifference:
        """What differs between two versions."""
        return self.registry.diff(first, second)

    def totals(self) -> list[ModelTotals]:
        """The totals of each (symbol, target). Files of versions are read only when another one has become champion."""
        known, totals = self._known(), {key: Counter[str]() for key in self._known().keys}
        for version, entry in known.added.items():
            totals[entry.symbol, entry.target][known.states[version]] += 1
        return [
            ModelTotals(
                *key, dict(states), known.promotions.get(key, 0), known.rollbacks.get(key, 0),
                self._made_ms(known.champion(key)), key in known.frozen,
            )
            for key, states in totals.items()
        ]  # fmt: skip

    def _made_ms(self, version: str | None) -> int | None:
        """When a version was made (market time); None where its lineage is damaged."""
        if version is None:
            return None
        if version not in self._made:
            try:
                self._made[version] = self.registry.lineage(version).made_ts // MS
            except AlphaPulseError:
                self._made[version] = None
        return self._made[version]

    def frozen(self, session_id: str, version: str | None) -> tuple[str, FrozenModel]:
        """A version that answers, and its id."""
        known = self._known()
        name = self.registry.find(f"{session_id}@champion" if version is None else version, known)
        added = known.added[name]
        if f"{added.symbol}/{added.target}" != session_id:
            raise NotFoundError(f"version {version!r} is not one of {session_id!r}, but of {added.symbol}/{added.target}")
        model = self._loaded.pop(name, None)
        if model is None:
            model = FrozenModel(self.registry.load(name))
        self._loaded[name] = model
        while len(self._loaded) > MOST_LOADED:
            del self._loaded[next(iter(self._loaded))]
        return name, model

    def _known(self) -> Standing:
        stamp = self.registry.log.stamp()
        if self._standing is None or self._standing[0] != stamp:
            self._standing = stamp, self.registry.standing()
        return self._standing[1]

    # Changes.

    async def move(self, name: str, state: ModelState, actor: str, reason: str) -> ServedModels:
        """Let a version enter a state."""
        key = await asyncio.to_thread(self.registry.move, name, state, actor=actor, reason=reason)
        return self._served("/".join(key))

    async def rollback(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Make the earlier champion the champion again."""
        await asyncio.to_thread(self.registry.rollback, session_id, actor=actor, reason=reason)
        return self._served(session_id)

    async def freeze(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Forbid changes of the champion."""
        await asyncio.to_thread(self.registry.freeze, session_id, actor=actor, reason=reason)
        return self._served(session_id)

    async def unfreeze(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Allow changes of the champion again."""
        await asyncio.to_thread(self.registry.unfreeze, session_id, actor=actor, reason=reason)
        return self._served(session_id)

    async def register(self, session_id: str, actor: str) -> ModelVersion:
        """Register the online model of a session as it is now."""
        system, registry = self._system, self.registry
        seq = system.store.head[0]
        if seq < 0:
            raise NotFoundError("the run has processed no bar yet, so there is no model to register")
        origin = origin_of(system)
        symbol, target = origin.target(session_id)
        state = system.learning.session(symbol, target.name).snapshot()
        artefact, lineage = online_version(origin, session_id, state, seq, system.now_ns())
        version = await asyncio.to_thread(registry.add, artefact, lineage, actor=actor, reason="registered on request")
        return self.version(version).version

    def _served(self, session_id: str) -> ServedModels:
        return served_out(self.registry.versions(*self.registry.key(session_id))[1][0])
