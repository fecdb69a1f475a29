"""The part of the gateway that concerns the registry of models."""

from __future__ import annotations

from typing import Protocol

from alpha_pulse.gateway.model_messages import ModelDetails, ModelList, ModelTotals, ModelVersion, ServedModels
from alpha_pulse.serving.registry.difference import VersionDifference
from alpha_pulse.serving.registry.entries import ModelState
from alpha_pulse.serving.registry.frozen import FrozenModel


class Models(Protocol):
    """Queries and changes of the registry of a run.

    A version is named by its id, the start of its id, or ``SYMBOL/target@champion`` (or ``@challenger``, ``@newest``). Each
    change states who makes it and why. All methods raise NotFoundError where the run has no registry, StateError when the
    registry is damaged, and StoreError when it cannot be read or written.
    """

    def versions(self, symbol: str | None = None, target: str | None = None, state: str | None = None) -> ModelList:
        """The versions, all or those that are selected, and who serves."""
        ...

    def version(self, name: str) -> ModelDetails:
        """One version. Raises NotFoundError for an unknown name, ConfigError for an ambiguous one."""
        ...

    def difference(self, first: str, second: str) -> VersionDifference:
        """What differs between two versions. Raises as `version`."""
        ...

    def totals(self) -> list[ModelTotals]:
        """The totals of each (symbol, target)."""
        ...

    def frozen(self, session_id: str, version: str | None) -> tuple[str, FrozenModel]:
        """The id of a version of ``SYMBOL/target``, and its model, which answers without a run and never learns.

        ``version`` None: the champion. Raises NotFoundError when there is none, StateError when it cannot be loaded.
        """
        ...

    async def move(self, name: str, state: ModelState, actor: str, reason: str) -> ServedModels:
        """Let a version enter a state; who serves then. Raises ConflictError if it cannot, or the champion is frozen."""
        ...

    async def rollback(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Make the earlier champion the champion again. Raises ConflictError if there is none, or the champion is frozen."""
        ...

    async def freeze(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Forbid changes of the champion. Raises ConflictError if it is frozen already."""
        ...

    async def unfreeze(self, session_id: str, actor: str, reason: str) -> ServedModels:
        """Allow changes of the champion again. Raises ConflictError unless it is frozen."""
        ...

    async def register(self, session_id: str, actor: str) -> ModelVersion:
        """Register the online model of a session of the run as it is now. Raises NotFoundError for an unknown session."""
        ...
