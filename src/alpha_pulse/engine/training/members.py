"""Batch models and members of a run, from the configuration."""

from __future__ import annotations

from functools import partial
from typing import Any

from alpha_pulse.core.config import Config
from alpha_pulse.core.plugins import load
from alpha_pulse.learning.session import Session
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.models import BATCH
from alpha_pulse.models.base import BatchModel


def batch_model(config: Config, target: str, n_features: int) -> BatchModel:
    """A new model for a target, equal at each call. Raises UnknownNameError when there is no such model."""
    make = load("models", BATCH, config.batch.model, own=False)
    model: BatchModel = make(n_features, **batch_arguments(config, target))
    return model


def batch_arguments(config: Config, target: str) -> dict[str, Any]:
    """The arguments of the model's class for a target, in addition to ``n_features``, as JSON values."""
    batch = config.batch
    if batch.model != "lightgbm":
        return {}
    trees = batch.volatility_trees if target == "volatility" else batch.direction_trees
    return {"trees": trees, "leaves": batch.leaves, "learning_rate": batch.learning_rate, "seed": config.seed}


def batch_member(config: Config, session: Session) -> BatchMember:
    """The batch member of a session."""
    spec = session.spec
    make = partial(batch_model, config, spec.target, spec.n_features)
    return BatchMember(session.session_id, config.batch.model, spec.n_features, make, config.batch.train_bars)
