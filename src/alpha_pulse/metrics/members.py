"""Scores of the members of a session (online, batch, base, served, no-change) from their stored records.

A record is a row of RECORD floats, as `alpha_pulse.kernels.base.scores` lays it out: the members' probabilities of label 1, the
label, and the last label known when they were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.scores import BASE, LABEL, LAST_KNOWN, MEMBERS, NO_CHANGE, ONLINE, SERVED
from alpha_pulse.metrics.batch import Evaluated, metrics, of_two
from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.metrics.intervals import Interval, mean_interval
from alpha_pulse.metrics.reliability import ReliabilityTable, reliability_table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def titled(members: Iterable[str], titles: Mapping[str, str]) -> dict[str, str]:
    """The titles of members: those that are given, then the challengers among ``members`` under their own names.

    >>> titled(["online", "served", "fast"], {"served": "served prediction"})
    {'served': 'served prediction', 'fast': 'fast'}
    """
    return {**titles, **{name: name for name in members if name not in MEMBERS}}


class MemberScore(msgspec.Struct, frozen=True):
    """One member's scores over ``labels`` labels; log loss in nats, skill in millinats per label over the running base rate.

    ``ece`` is the expected calibration error: the mean distance between observed frequency and prediction over ten bins.
    ``skill_millinats_last70`` takes the labels of predictions that were served in the last 70 % of their symbol's bars. A
    score that is not defined on so few labels is None.
    """

    labels: int
    accuracy: float | None = None
    log_loss: float | None = None
    brier: float | None = None
    auc: float | None = None
    kappa: float | None = None
    kappa_temporal: float | None = None
    skill_millinats: float | None = None
    labels_last70: int = 0
    skill_millinats_last70: float | None = None
    skill_millinats_last70_interval: Interval | None = None
    ece: float | None = None


class TargetReliability(msgspec.Struct, frozen=True):
    """Calibration of one target: the served probability of label 1, and the confidence in the served class."""

    served: ReliabilityTable
    confidence: ReliabilityTable


class OnlineMinusBatch(msgspec.Struct, frozen=True):
    """Paired difference over common labels: ``mean`` millinats with its 95 % interval, None on too few labels."""

    labels: int
    accuracy: float
    mean: float
    low: float | None
    high: float | None


def classes(scores: Floats, member: int) -> Flags:
    """The class a member predicted; the no-change member repeats the last label known (see `kernels.base.scores`)."""
    guesses: Flags = scores[:, member] >= 0.5
    if member == NO_CHANGE:
        last = scores[:, LAST_KNOWN]
        guesses = np.where(last == 0.5, guesses, last == 1.0)
    return guesses


def evaluated(scores: Floats, member: int) -> Evaluated:
    """One member's predictions and their labels, over the records that have both.

    Parameters
    ----------
    scores
        float64 of shape (n, RECORD), in order of time.
    member
        Its column.
    """
    rows = scores[~np.isnan(scores[:, member])]
    labels = rows[:, LABEL] == 1.0
    return Evaluated(
        of_two(rows[:, member]),
        classes(rows, member).astype(np.int64),
        labels.astype(np.int64),
        classes(rows, NO_CHANGE) == labels,
    )


def skills(scores: Floats, member: int) -> Floats:
    """The log loss of the base rate minus that of a member, (n,), in millinats; NaN where the member is absent."""
    labels = scores[:, LABEL] == 1.0
    return 1_000.0 * (log_losses(scores[:, BASE], labels) - log_losses(scores[:, member], labels))


def score_members(
    scores: Floats,
    recent: Flags,
    symbols: int,
    horizon: int,
    seed: int,
    challengers: Mapping[str, Floats] = MappingProxyType({}),
) -> dict[str, MemberScore]:
    """Scores of every member, by name, then of challengers. A member that was never scored has 0 labels and no other values.

    Parameters
    ----------
    scores
        float64 of shape (n, RECORD), in order of time.
    recent
        bool of shape (n,): which labels count for the last 70 %.
    symbols
        The number of symbols that the labels come from.
    horizon
        Bars over which labels overlap: blocks of the bootstrap are at least as long.
    seed
        Of the bootstrap.
    challengers
        By name, the probabilities of each, (n,).
    """
    scored = {name: _score(scores, recent, member, symbols, horizon, seed) for member, name in enumerate(MEMBERS)}
    for name, probabilities in challengers.items():
        rows = scores.copy()
        rows[:, ONLINE] = probabilities
        scored[name] = _score(rows, recent, ONLINE, symbols, horizon, seed)
    return scored


def _score(scores: Floats, recent: Flags, member: int, symbols: int, horizon: int, seed: int) -> MemberScore:
    scored = ~np.isnan(scores[:, member])
    rows, late = scores[scored], recent[scored]
    if not len(rows):
        return MemberScore(0)
    of_all = metrics(evaluated(rows, member))
    skill = skills(rows, member)
    recent_skill = skill[late]
    return MemberScore(
        labels=of_all.labels,
        accuracy=of_all.accuracy,
        log_loss=of_all.log_loss,
        brier=of_all.brier,
        auc=of_all.auc,
        kappa=of_all.kappa,
        kappa_temporal=of_all.kappa_temporal,
        skill_millinats=float(skill.mean()),
        labels_last70=len(recent_skill),
        skill_millinats_last70=float(recent_skill.mean()) if len(recent_skill) else None,
        skill_millinats_last70_interval=(
            None if member == BASE else mean_interval(recent_skill, seed, symbols=symbols, least_block=horizon)
        ),
        ece=of_all.ece,
    )


def target_reliability(scores: Floats, confidences: Floats, horizon: int) -> TargetReliability:
    """Reliability of the served probabilities, from stored scores.

    Parameters
    ----------
    scores
        float64 of shape (n, RECORD), laid out as in `alpha_pulse.kernels.base.scores`.
    confidences
        float64 of shape (n,), as they were served; NaN without one. horizon Bars over which labels overlap; it widens the bins'
        intervals.
    """
    labels = scores[:, LABEL] == 1.0
    right = classes(scores, SERVED) == labels
    return TargetReliability(
        reliability_table(scores[:, SERVED], labels, horizon=horizon), reliability_table(confidences, right, horizon=horizon)
    )


def compare(scores: Floats, first: int, second: int, symbols: int, horizon: int, seed: int) -> OnlineMinusBatch | None:
    """One member minus another, over the labels on which both were scored; None without such labels.

    Parameters are those of `score_members`; ``first`` and ``second`` are the members' columns.
    """
    rows = scores[~np.isnan(scores[:, first] + scores[:, second])]
    if not len(rows):
        return None
    labels = rows[:, LABEL] == 1.0
    differences = skills(rows, first) - skills(rows, second)
    hits = float((classes(rows, first) == labels).mean() - (classes(rows, second) == labels).mean())
    interval = mean_interval(differences, seed, symbols=symbols, least_block=horizon)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return OnlineMinusBatch(len(rows), hits, float(differences.mean()), low, high)
