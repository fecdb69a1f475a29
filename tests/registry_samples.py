"""Versions of small models for tests of the registry."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from alpha_pulse.core.stateful import State
from alpha_pulse.serving.registry import Artefact, Lineage, Measured, Registry

SYMBOL, TARGET = "SYN", "direction"
SESSION = f"{SYMBOL}/{TARGET}"
FEATURES = ("ret_1", "ret_3")


def artefact(number: int, *, symbol: str = SYMBOL, target: str = TARGET, features: tuple[str, ...] = FEATURES) -> Artefact:
    """A version whose state is some numbers that follow from ``number``."""
    state = State({"number": number}, {"weights": np.arange(20.0) * number, "counts": np.full(3, number)})
    return Artefact("online", "logistic", {"horizon": 3, "seed": 1}, symbol, target, "bars-1-abc", features, state)


def lineage(made: Artefact, number: int = 1, parent: str | None = None) -> Lineage:
    """The lineage of a version."""
    return Lineage(
        version=made.version, kind=made.kind, model=made.model, symbol=made.symbol, target=made.target,
        schema_id=made.schema_id, n_features=len(made.features), horizon=3, interval_ns=3_600_000_000_000, run_id="a-run",
        feed_identity="f" * 64, config_hash="c" * 64, settings={"seed": 1, "batch": {"leaves": 8 + number}},
        program_version="0.2.0", first_ts=1_500_000_000_000_000_000, last_ts=1_600_000_000_000_000_000 + number,
        examples=1_000 + number, made_ts=1_600_000_000_000_000_000 + number, parent=parent, served_as=f"member-{number}",
        metrics={"log_loss_nats": Measured(0.69, 0.68, None, 500)},
    )  # fmt: skip


def add(registry: Registry, number: int, **more: str) -> str:
    """Register version ``number``; returns its id."""
    made = artefact(number, **more)  # type: ignore[arg-type]
    return registry.add(made, lineage(made, number), actor="test")


def filled(folder: Path) -> tuple[Registry, list[str]]:
    """A registry of three versions, the second of which is the champion and the first its challenger."""
    registry = Registry(folder)
    versions = [add(registry, number) for number in (1, 2, 3)]
    for version in versions[:2]:
        registry.move(version, "champion", actor="test", reason="better", evidence={"e_value": 40.0, "labels": 900})
    return registry, versions
