"""Differences between two runs over the same data, paired by prediction and by step, with intervals."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.metrics.intervals import Interval, mean_interval
from alpha_pulse.reporting.performance.returns import total_interval
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.labels import horizon_of, scored_labels

MILLI = 1_000.0


class PairedDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has more than the first run, over ``pairs`` common labels or steps.

    ``quantity`` is ``log_loss`` (of the served prediction of ``target``; ``unit`` mnat per label, below 0 is better) or
    ``total_return`` (of the combined book; ``unit`` fraction of the initial cash, above 0 is better). ``mean`` is the mean
    difference, for the return its total; None without a pair, and ``problem`` then says why. ``interval``: 95 %, by the block
    bootstrap of the pairs' differences; None for too few.
    """

    run_id: str
    first_run_id: str
    quantity: str
    target: str | None
    unit: str
    pairs: int
    mean: float | None
    interval: Interval | None
    problem: str | None = None


def loss_difference(first: RunContent, run: RunContent, target: str) -> PairedDifference:
    """The log loss of the served prediction of a run minus that of the first run, over the labels that both scored."""
    columns = ("prediction_id", "label", "probability")
    before, after = (scored_labels(each, target).rows.select(columns) for each in (first, run))
    both = before.join(after, on="prediction_id", suffix="_of_run", maintain_order="left")
    others = both.filter(pl.col("label") != pl.col("label_of_run"))
    if len(both) and not others.is_empty():
        problem = (
            f"the labels of {len(others):,} of {len(both):,} common predictions differ: the runs predict different things, as "
            "with other horizons"
        )
        return _difference(first, run, "log_loss", target, "mnat per label", len(both), None, None, problem)
    differences = MILLI * (_losses(both, "probability_of_run") - _losses(both, "probability"))
    if not len(differences):
        return _difference(first, run, "log_loss", target, "mnat per label", 0, None, None, "no label was scored in both runs")
    horizon, seed = horizon_of(first, target), first.config.seed
    interval = mean_interval(differences, seed, symbols=len(first.symbols), least_block=horizon)
    return _difference(
        first, run, "log_loss", target, "mnat per label", len(differences), float(differences.mean()), interval, None
    )


def return_difference(first: RunContent, run: RunContent) -> PairedDifference:
    """The total return of the combined book of a run minus that of the first run, over the steps that both have."""
    before, after = first.curve(PRIMARY), run.curve(PRIMARY)
    common, of_first, of_run = np.intersect1d(before.known_at, after.known_at, assume_unique=True, return_indices=True)
    changes = after.changes[of_run] / after.initial - before.changes[of_first] / before.initial
    if not len(common):
        return _difference(
            first, run, "total_return", None, "fraction of the initial cash", 0, None, None, "the runs have no step in common"
        )
    interval = total_interval(changes, first.config.seed)
    return _difference(
        first, run, "total_return", None, "fraction of the initial cash", len(common), float(changes.sum()), interval, None
    )


def _difference(
    first: RunContent, run: RunContent, quantity: str, target: str | None, unit: str, pairs: int,
    mean: float | None, interval: Interval | None, problem: str | None,
) -> PairedDifference:  # fmt: skip
    return PairedDifference(
        run_id=run.name, first_run_id=first.name, quantity=quantity, target=target, unit=unit, pairs=pairs, mean=mean,
        interval=interval, problem=problem,
    )  # fmt: skip


def _losses(rows: pl.DataFrame, column: str) -> NDArray[np.float64]:
    return log_losses(rows[column].to_numpy(), rows["label"].to_numpy() == 1)
