"""Walk-forward validation of batch models on the bars of a feed: features and labels are those that a run would have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.engine.system import System
from alpha_pulse.engine.training.members import batch_model
from alpha_pulse.feeds.base import Feed
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.journal.examples import read_dataset
from alpha_pulse.journal.joining import joined
from alpha_pulse.learning.walk_forward import WalkForward, Window, walk_forward
from alpha_pulse.stores.memory import MemoryStore

CHUNK_SLICES = 1_024


class Plan(msgspec.Struct, frozen=True):
    """What to validate: models by name, a target, and how; ``embargo`` is in bars, None: the target's horizon."""

    models: Sequence[str]
    target: str
    folds: int
    embargo: int | None
    window: Window


def validate(config: Config, feed: Feed, plan: Plan, report: Callable[[str, int, int], object]) -> list[WalkForward]:
    """Validate models on each symbol of a feed.

    Parameters
    ----------
    config
        Of it: features, targets, horizons, and ``batch`` with its settings.
    feed
        The bars, from the first on.
    plan
        What to validate.
    report
        Called with the name of the work, how much of it is done, and how much there is.

    Raises
    ------
    ConfigError
        There is no such target.
    UnknownNameError
        There is no such model.
    DataError
        A symbol has too few labels.
    """
    lean = msgspec.structs.replace(
        config,
        batch=msgspec.structs.replace(config.batch, enabled=False),
        execution=msgspec.structs.replace(config.execution, shadow_books=False),
    )
    makers = {name: _named(config, name) for name in plan.models}
    for maker in makers.values():
        batch_model(maker, plan.target, 1)
    system = System(lean, feed, MemoryStore())
    if plan.target not in system.targets:
        raise ConfigError(f"--target is {plan.target!r}{did_you_mean(plan.target, system.targets)}")
    system.begin("train", resume=False)
    while system.advance(CHUNK_SLICES) == CHUNK_SLICES:
        report("making features and labels", sum(state.bars for state in system.symbols.values()), feed.total_bars)
    block, found = joined([block for block in decoded_blocks(system.store) if block.tables]), []
    for symbol in feed.symbols:
        dataset = read_dataset(block, symbol, plan.target)
        for name, each in makers.items():
            make = partial(batch_model, each, plan.target, dataset.examples.features.shape[1])
            found.append(
                walk_forward(
                    dataset, name, make, folds=plan.folds, window=plan.window, most=config.batch.max_examples,
                    embargo=dataset.horizon if plan.embargo is None else plan.embargo, seed=config.seed,
                    on_fold=lambda fold, name=name: report(f"training {name}", fold, plan.folds),  # type: ignore[misc]
                )
            )  # fmt: skip
    return found


def _named(config: Config, model: str) -> Config:
    return msgspec.structs.replace(config, batch=msgspec.structs.replace(config.batch, model=model))
