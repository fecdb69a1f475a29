"""The regret of the ensemble by fixed share against the best member of each segment, beside its bound (docs/serving.md)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.mixing import strategies
from alpha_pulse.kernels.mixing.hedge import log_loss, mixture
from alpha_pulse.simulation.comparison_trials import HORIZONS, LEAN, PERSISTENCE, direction_labels
from alpha_pulse.simulation.stationary_streams import autoregressive

Row = NDArray[np.float64]

MEMBERS = 4
SEGMENTS = 5
LENGTH = 2_000
"""Labels of a segment; in each of them another part of the returns can be predicted, which another member knows."""
STRENGTH = 0.3
SHARE = 1e-3
ASLEEP = 0.2


class EnsembleRegret(msgspec.Struct, frozen=True):
    """Mean and largest regret of ``runs`` runs, in nats, and the bound without its delay term, whose mean is ``delay_term``.

    ``sleeping``: members are absent now and then, and the last one joins after a segment. ``within``: the fraction of runs
    whose regret minus the delay term is at most the bound, which is proved to be 1.
    """

    horizon: int
    sleeping: bool
    runs: int
    regret: float
    largest: float
    bound: float
    delay_term: float
    within: float


def regret_bound(horizon: int, share: float, members: int, changes: int, labels: int) -> float:
    """The bound of the regret, in nats, without the delay term.

    >>> round(regret_bound(1, 1e-3, 4, 4, 10_000), 1)
    44.6
    """
    step = share / horizon
    return horizon * (math.log(members) + changes * math.log(members / step) - labels * math.log1p(-step))


def _stream(horizon: int, sleeping: bool, rng: np.random.Generator) -> tuple[Row, Row]:
    """Probabilities (labels, `MEMBERS`), NaN where a member is asleep, and labels (labels,)."""
    n = SEGMENTS * LENGTH
    paths = np.stack([autoregressive(n + horizon - 1, PERSISTENCE, rng) for _ in range(MEMBERS)], axis=1)
    known = np.minimum(np.arange(len(paths)) // LENGTH, SEGMENTS - 1) % MEMBERS
    labels = direction_labels(STRENGTH * paths[np.arange(len(paths)), known], horizon, rng)
    probabilities = 0.5 + LEAN * np.tanh(paths[:n])
    if sleeping:
        probabilities[rng.random(probabilities.shape) < ASLEEP] = np.nan
        probabilities[:LENGTH, MEMBERS - 1] = np.nan
    return probabilities, labels


def _run(horizon: int, sleeping: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Regret and delay term of one stream."""
    probabilities, labels = _stream(horizon, sleeping, rng)
    members = MEMBERS - 1 if sleeping else MEMBERS
    state = np.zeros(strategies.size(members))
    strategies.start(state, members, horizon, SHARE, LENGTH)
    ready, weights = np.ones(MEMBERS, dtype=np.int64), np.zeros(MEMBERS)
    losses = np.zeros((SEGMENTS, MEMBERS))
    waiting: deque[float] = deque()
    own = delay_term = 0.0
    for step in range(len(labels) + horizon - 1):
        if sleeping and step == LENGTH:
            before, state = state, np.zeros(strategies.size(MEMBERS))
            strategies.admit(before, state)
            members = MEMBERS
        if step < len(labels):
            said = probabilities[step, :members]
            strategies.weigh(strategies.ENSEMBLE, state, said, ready, 0, weights)
            waiting.append(float(np.nansum(weights[:members] * said)) if weights[:members].any() else 0.5)
        at = step - horizon + 1
        if at < 0:
            continue
        said, label, served = probabilities[at, :members], int(labels[at]), log_loss(waiting.popleft(), int(labels[at]))
        mixed = log_loss(mixture(state, strategies.HEAD, said, members), label)
        own += served
        delay_term += served - mixed
        for k, p in enumerate(probabilities[at].tolist()):
            losses[at // LENGTH, k] += mixed if math.isnan(p) else log_loss(p, label)
        strategies.learn(state, said, label)
    return own - float(losses.min(axis=1).sum()), delay_term


def regret_trial(horizon: int, sleeping: bool, runs: int, seed: int) -> EnsembleRegret:
    """``runs`` streams of `SEGMENTS` segments."""
    rng = np.random.default_rng([seed, horizon, sleeping])
    found = np.array([_run(horizon, sleeping, rng) for _ in range(runs)])
    regrets, delay_terms = found.T
    bound = regret_bound(horizon, SHARE, MEMBERS, SEGMENTS - 1, SEGMENTS * LENGTH)
    return EnsembleRegret(
        horizon, sleeping, runs, float(regrets.mean()), float(regrets.max()), bound, float(delay_terms.mean()),
        float((regrets - delay_terms <= bound).mean()),
    )  # fmt: skip


def regret_jobs(runs: int, seed: int) -> list[Callable[[], EnsembleRegret]]:
    """Calls of `regret_trial` for every horizon, without and with sleeping members."""
    return [partial(regret_trial, horizon, sleeping, runs, seed) for horizon in HORIZONS for sleeping in (False, True)]
