"""The batch members of a run, and their rounds, from the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alpha_pulse.core.config import Config
from alpha_pulse.core.plugins import load
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.engine.training.rounds import TrainingRounds
from alpha_pulse.engine.training.trainers import InlineTrainer, StoredBlocks
from alpha_pulse.learning.session import Session
from alpha_pulse.learning.training import BatchMember
from alpha_pulse.models import BATCH
from alpha_pulse.models.base import BatchModel

BATCH_MODEL = "lightgbm"


def batch_member(config: Config, session: Session) -> BatchMember:
    """The batch member of a session."""
    batch, spec = config.batch, session.spec
    trees = batch.volatility_trees if spec.target == "volatility" else batch.direction_trees
    make = load("models", BATCH, BATCH_MODEL)

    def make_model() -> BatchModel:
        model: BatchModel = make(
            spec.n_features, trees=trees, leaves=batch.leaves, learning_rate=batch.learning_rate, seed=config.seed
        )
        return model

    return BatchMember(session.session_id, BATCH_MODEL, spec.n_features, make_model, batch.train_bars)


def training_rounds(config: Config, symbols: Iterable[SymbolState], stored: StoredBlocks) -> TrainingRounds:
    """The rounds of all batch members, which are trained when their results are needed."""
    members = {
        (state.index, rank): target.served.batch
        for state in symbols
        for rank, target in enumerate(state.targets.values())
        if target.served.batch is not None
    }
    return TrainingRounds(config.batch, members, inline_trainer(config, list(members.values()), stored))


def inline_trainer(config: Config, members: Sequence[BatchMember], stored: StoredBlocks) -> InlineTrainer:
    """Trains when the results are needed, on the blocks of ``stored``."""
    return InlineTrainer(members, stored, config.batch.max_examples)
