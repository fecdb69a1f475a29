"""How good the predictions were: prequential scores of settled labels, with intervals that respect their dependence."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, MEMBERS, NO_CHANGE, SERVED
from alpha_pulse.metrics.intervals import Interval, block_bootstrap
from alpha_pulse.metrics.reliability import ReliabilityTable, reliability_table
from alpha_pulse.metrics.streaming import exact_auc, kappa, log_losses, skill
from alpha_pulse.reporting.success_types import OnlineMinusBatch

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Score(msgspec.Struct, frozen=True):
    """One member's scores over ``labels`` labels; log loss in nats, gains in millinats per label over the running base rate.

    ``ece`` is the expected calibration error: how far what came true lies from what was said, over ten bins of equal counts.
    ``gain_millinats_last70`` takes the labels of predictions that were served in the last 70 % of their symbol's bars. What
    is not defined on so few labels is None.
    """

    labels: int
    accuracy: float | None = None
    log_loss: float | None = None
    brier: float | None = None
    auc: float | None = None
    kappa: float | None = None
    kappa_temporal: float | None = None
    gain_millinats: float | None = None
    labels_last70: int = 0
    gain_millinats_last70: float | None = None
    gain_millinats_last70_interval: Interval | None = None
    ece: float | None = None


class Calibrated(msgspec.Struct, frozen=True):
    """Whether what was said came true as often: the served probability of label 1, and the confidence in the class served."""

    served: ReliabilityTable
    confidence: ReliabilityTable


def classes(scores: Floats, member: int) -> Flags:
    """The class a member predicted; the no-change member repeats the last label known (see `kernels.scores`)."""
    guesses: Flags = scores[:, member] >= 0.5
    if member == NO_CHANGE:
        last = scores[:, LAST_KNOWN]
        guesses = np.where(last == 0.5, guesses, last == 1.0)
    return guesses


def score_members(scores: Floats, recent: Flags, symbols: int, seed: int) -> dict[str, Score]:
    """Scores of every member, by name; one that was never scored has 0 labels and nothing else.

    Parameters
    ----------
    scores
        float64 of shape (n, RECORD), in order of time, laid out as in `kernels.scores`.
    recent
        bool of shape (n,): which labels count for the last 70 %.
    symbols
        How many symbols the labels come from; blocks of the bootstrap grow with it.
    seed
        Of the bootstrap.
    """
    return {name: _score(scores, recent, member, symbols, seed) for member, name in enumerate(MEMBERS)}


def _score(scores: Floats, recent: Flags, member: int, symbols: int, seed: int) -> Score:
    scored = ~np.isnan(scores[:, member])
    rows, late = scores[scored], recent[scored]
    n = len(rows)
    if n == 0:
        return Score(0)
    labels = rows[:, LABEL] == 1.0
    guesses = classes(rows, member)
    confusion = np.bincount(2 * labels + guesses, minlength=4).reshape(2, 2).astype(np.float64)
    misses = float(np.sum(guesses != labels))
    losses = log_losses(rows[:, member], labels)
    gains = 1_000.0 * (log_losses(rows[:, BASE], labels) - losses)
    no_change_misses = float(np.sum(classes(rows, NO_CHANGE) != labels))
    return Score(
        labels=n,
        accuracy=(n - misses) / n,
        log_loss=float(losses.mean()),
        brier=float(np.mean((rows[:, member] - labels) ** 2)),
        auc=exact_auc(rows[:, member], labels),
        kappa=kappa(confusion),
        kappa_temporal=skill(misses, no_change_misses) if 0 < labels.sum() < n else None,
        gain_millinats=float(gains.mean()),
        labels_last70=int(late.sum()),
        gain_millinats_last70=float(gains[late].mean()) if late.any() else None,
        gain_millinats_last70_interval=None if member == BASE else block_bootstrap(gains[late], symbols, seed),
        ece=reliability_table(rows[:, member], labels).ece,
    )


def calibrated(scores: Floats, confidences: Floats, horizon: int) -> Calibrated:
    """Reliability of what was served, from stored scores.

    Parameters
    ----------
    scores
        float64 of shape (n, RECORD), laid out as in `kernels.scores`.
    confidences
        float64 of shape (n,), as they were served; NaN where none was stated.
    horizon
        Bars over which labels overlap; it widens the bins' intervals.
    """
    labels = scores[:, LABEL] == 1.0
    right = classes(scores, SERVED) == labels
    return Calibrated(
        reliability_table(scores[:, SERVED], labels, horizon=horizon), reliability_table(confidences, right, horizon=horizon)
    )


def compare(scores: Floats, first: int, second: int, symbols: int, seed: int) -> OnlineMinusBatch | None:
    """One member minus another, over the labels that both were scored on; None without such labels."""
    rows = scores[~np.isnan(scores[:, first] + scores[:, second])]
    if not len(rows):
        return None
    labels = rows[:, LABEL] == 1.0
    gains = 1_000.0 * (log_losses(rows[:, second], labels) - log_losses(rows[:, first], labels))
    hits = float((classes(rows, first) == labels).mean() - (classes(rows, second) == labels).mean())
    interval = block_bootstrap(gains, symbols, seed)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return OnlineMinusBatch(len(rows), hits, float(gains.mean()), low, high)
