"""A session with the mixture that serves it, and seeded streams of examples, for tests of learning, serving and adaptation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.plugins import load
from alpha_pulse.core.types import Example, FeatureVector
from alpha_pulse.kernels.base.scores import BASE, ONLINE, SERVED
from alpha_pulse.kernels.linear import linear, logistic_ensemble
from alpha_pulse.kernels.mixing import ensemble
from alpha_pulse.learning.pending import PendingPrediction
from alpha_pulse.learning.session import ScoredPrediction, Session, SessionSpec
from alpha_pulse.models import ONLINE as MODELS
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.models.experts import ADAGRAD_RATES, SGD_RATES, MarketDefault
from alpha_pulse.serving.member_mix import MemberMix

STEP_NS = 60_000_000_000
START_NS = 1_600_000_000_000_000_000


def vector(values: Row, step: int, symbol: str = "X") -> FeatureVector:
    return FeatureVector(symbol, START_NS + step * STEP_NS, "schema", np.array(values, dtype=np.float64))


def maker(model: str, d: int, horizon: int) -> Callable[[], OnlineModel]:
    def make() -> OnlineModel:
        made: OnlineModel = load("models", MODELS, model)(n_features=d, horizon=horizon, seed=1)
        return made

    return make


def new_session(
    model: str = "market_default", d: int = 3, horizon: int = 3, window: int = 50, target: str = "direction"
) -> Session:
    return Session(SessionSpec("X", target, model, horizon, d, window), maker(model, d, horizon))


class Desk:
    """Serves by step number, lets labels come ``horizon`` steps later, and keeps the mixture that fills the rows."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.mix = MemberMix(session.spec.horizon)

    def predict(self, step: int, values: Row) -> PendingPrediction:
        waiting, _ = self.session.predict(f"p{step}", vector(values, step))
        self.mix.mix(waiting.row)
        return waiting

    def apply_label(self, step: int, label: int | None, now: int, weight: float = 1.0) -> ScoredPrediction | None:
        settled = self.session.apply_label(Example(f"p{step}", label, START_NS + now * STEP_NS, weight))
        if settled is not None:
            self.mix.update(np.array(settled.values))
        return settled

    def step(self, now: int, values: Row, labels: NDArray[np.int64]) -> ScoredPrediction | None:
        """One step of the loop: the label that is due, then a prediction."""
        due = now - self.session.spec.horizon
        settled = self.apply_label(due, int(labels[due]), now) if f"p{due}" in self.session.pending else None
        self.predict(now, values)
        return settled

    def run(self, rows: Row, labels: NDArray[np.int64], start: int, stop: int) -> list[ScoredPrediction]:
        found = [self.step(now, rows[now], labels) for now in range(start, stop)]
        return [settled for settled in found if settled is not None]


def scored(
    session: Session, step: int, p: float | None, label: int, base: float = 0.5, served: float | None = None
) -> ScoredPrediction:
    """A settled prediction in which the online member had said ``p`` (None: it was absent)."""
    waiting, _ = session.predict(f"s{step}", vector(np.zeros(session.spec.n_features), step))
    waiting.row[ONLINE] = math.nan if p is None else p
    waiting.row[BASE] = base
    waiting.row[SERVED] = served if served is not None else base if p is None else p
    waiting.row[ensemble.RAW_ONLINE] = waiting.row[ONLINE]
    settled = session.apply_label(Example(f"s{step}", label, START_NS + step * STEP_NS))
    assert settled is not None
    return settled


def stream(n: int, d: int, seed: int, turns_at: int | None = None, flipped: float = 0.1) -> tuple[Row, NDArray[np.int64]]:
    """Rows of which the first feature decides the label; from ``turns_at`` on it decides for the opposite."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, d))
    up = (rows[:, 0] > 0.0) != (generator.random(n) < flipped)
    if turns_at is not None:
        up[turns_at:] = ~up[turns_at:]
    return rows, up.astype(np.int64)


def poison(model: OnlineModel) -> None:
    """Everything that the model has learned becomes NaN, as if it had diverged; its sizes and rates stay."""
    saved = model.snapshot()
    kept = logistic_ensemble.HEAD + len(SGD_RATES + ADAGRAD_RATES) if isinstance(model, MarketDefault) else linear.HEAD
    saved.arrays["state"][kept:] = math.nan
    model.restore(saved)


def quarters(n: int, seed: int, turns_at: int | None = None) -> tuple[Row, NDArray[np.int64], Row]:
    """Two features decide together, in a pattern no single one shows; from ``turns_at`` on the other way round."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, 5))
    labels = rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.0
    if turns_at is not None:
        labels[turns_at:] = ~labels[turns_at:]
    return rows, labels.astype(np.int64), generator.uniform(0.5, 2.0, n)
