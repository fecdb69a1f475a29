"""Registers the batch models that a run trains, in a thread of its own, so that the run does not wait for the disk."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.core.stateful import State
from alpha_pulse.engine.system import System
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.runtime.models.versions import Origin, Version, batch_version, origin_of
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.ladder import Key

log = logging.getLogger("alpha_pulse.runtime")


class VersionRecorder:
    """Adds each batch model to a registry once the journal contains it. A version that is in the registry is added once.

    A failure does not stop the run.

    Parameters
    ----------
    system
        A system after `System.begin`.
    registry
        The registry.

    Attributes
    ----------
    problem
        Why a version is not registered, a sentence; None while all are.
    """

    def __init__(self, system: System, registry: Registry) -> None:
        self.problem: str | None = None
        self._system, self._registry = system, registry
        self._worker = ThreadPoolExecutor(1, "registry")
        self._parents: dict[Key, str | None] = {}
        self._origin: Origin | None = None
        if system.store.head[0] >= 0:
            self._record()
        system.on_commit.append(self._take)

    def close(self) -> None:
        """Return when all versions are registered."""
        self._worker.shutdown()

    def _take(self, block: JournalBlock) -> None:
        if "models" in block.rows:
            self._record()

    def _record(self) -> None:
        """Register the present batch models; those that are registered stay as they are."""
        if self._origin is None:
            self._origin = origin_of(self._system)
        for name, component in self._system.serving.components().items():
            if name.startswith("batch/"):
                self._worker.submit(self._add, self._origin, component.snapshot())

    def _add(self, origin: Origin, member: State) -> None:
        try:
            made = batch_version(origin, member)
            if made is not None:
                self._register(made)
        except AlphaPulseError as error:
            self.problem = f"a model of this run is not registered: {error}"
        except Exception as error:
            log.exception("a model of a run is not registered")
            self.problem = f"a model of this run is not registered, because of an error in AlphaPulse ({type(error).__name__})"

    def _register(self, made: Version) -> None:
        artefact, lineage = made
        key = artefact.symbol, artefact.target
        if key not in self._parents:
            infos, _ = self._registry.versions(*key)
            own = [info for info in infos if info.lineage is not None and info.lineage.run_id == lineage.run_id]
            self._parents[key] = next((info.version for info in own if info.version != lineage.version), None)
        if self._parents[key] != lineage.version:
            lineage = msgspec.structs.replace(lineage, parent=self._parents[key])
            self._registry.add(artefact, lineage, actor=f"run {lineage.run_id}", reason="trained")
            self._parents[key] = lineage.version


@contextlib.contextmanager
def recorded(system: System, registry: Registry | None, on_warning: Callable[[str], object]) -> Iterator[None]:
    """Within the block the batch models of a system are registered; at its end ``on_warning`` is told if one is not."""
    if registry is None:
        yield
        return
    recorder = VersionRecorder(system, registry)
    try:
        yield
    finally:
        recorder.close()
        if recorder.problem is not None:
            on_warning(recorder.problem)
