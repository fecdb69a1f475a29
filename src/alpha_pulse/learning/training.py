"""The batch member of a session: collects the examples of the first bars, is trained once, and then predicts unchanged."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Missing
from alpha_pulse.kernels.base.scores import LABEL
from alpha_pulse.learning.session import ScoredPrediction
from alpha_pulse.models.base import BatchModel, Row

RETRY_BARS = 500
SHORT = 12
"""Characters of an artefact's SHA-256 that name it in predictions."""


class ModelReady(msgspec.Struct, frozen=True):
    """A trained artefact, named by its SHA-256; it serves from the first slice at or after ``ready_ts``."""

    model_id: str
    session_id: str
    version: str
    examples: int
    trained_ts: int
    ready_ts: int


class BatchMember:
    """Trains on all labelled examples of the first ``train_bars`` bars; predicts from ``ready_delay_ns`` of market time later.

    Training runs at that slice, synchronously; the delay simulates the time of training during live trading.
    """

    def __init__(
        self,
        session_id: str,
        model_id: str,
        n_features: int,
        make_model: Callable[[], BatchModel],
        train_bars: int,
        ready_delay_ns: int,
    ) -> None:
        self.session_id = session_id
        self.model_id = model_id
        self.train_bars = train_bars
        self._due_bars = train_bars
        self.ready: ModelReady | None = None
        self.short_version = ""
        self.refused = ""
        self._model: BatchModel = make_model()
        self._delay_ns = ready_delay_ns
        self._features: Row = np.zeros((train_bars, n_features))
        self._labels: NDArray[np.int64] = np.zeros(train_bars, dtype=np.int64)
        self._weights: Row = np.zeros(train_bars)
        self._count = 0
        self._untrained = Missing(model_id, f"not trained before {train_bars} bars")

    @property
    def gathering(self) -> bool:
        """Whether it still collects examples: until it is trained."""
        return self.ready is None

    def gather(self, scored: ScoredPrediction) -> None:
        """Store one labelled example for training."""
        row = self._count
        if row == len(self._labels):
            self._features = np.concatenate([self._features, np.zeros_like(self._features)])
            self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)])
            self._labels = np.concatenate([self._labels, np.zeros_like(self._labels)])
        self._features[row], self._weights[row] = scored.features, scored.example.weight
        self._labels[row] = int(scored.values[LABEL])
        self._count = row + 1

    def train_if_due(self, bars: int, ts: int) -> ModelReady | None:
        """Train when ``bars`` have reached ``train_bars``; returns the trained artefact and when it begins to predict.

        Training on a single class is refused; it is retried ``RETRY_BARS`` bars later, on all examples by then.
        """
        if bars < self._due_bars or not self.gathering:
            return None
        n = self._count
        try:
            self._model.fit(self._features[:n], self._labels[:n], self._weights[:n])
        except SessionError as error:
            self.refused = str(error)
            self._due_bars = bars + RETRY_BARS
            return None
        self.refused = ""
        self.ready = ModelReady(self.model_id, self.session_id, self._model.version, n, ts, ts + self._delay_ns)
        self.short_version = self.ready.version[:SHORT]
        self._features = np.zeros((0, self._features.shape[1]))
        return self.ready

    def predict(self, features: Row, ts: int) -> float | Missing:
        """P(label = 1) at market time ``ts`` (ns), or why this member is missing."""
        ready = self.ready
        if ready is None:
            return Missing(self.model_id, self.refused) if self.refused else self._untrained
        if ts < ready.ready_ts:
            return Missing(self.model_id, "trained, not ready yet")
        return self._model.predict(features)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = {
            "ready": None if self.ready is None else msgspec.to_builtins(self.ready),
            "refused": self.refused,
            "due_bars": self._due_bars,
        }
        if self.ready is not None:
            model = self._model.snapshot()
            return State({**scalars, "model": model.scalars}, model.arrays)
        n = self._count
        arrays = {"features": self._features[:n].copy(), "labels": self._labels[:n].copy(), "weights": self._weights[:n].copy()}
        return State(scalars, arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self.refused, self._due_bars = state.scalars["refused"], state.scalars["due_bars"]
        if state.scalars["ready"] is not None:
            self.ready = msgspec.convert(state.scalars["ready"], ModelReady)
            self.short_version = self.ready.version[:SHORT]
            self._model.restore(State(state.scalars["model"], state.arrays))
            return
        if self.ready is not None:
            self.ready, self.short_version = None, ""
        self._count = n = len(state.arrays["labels"])
        size = max(self.train_bars, n)
        self._features = np.zeros((size, self._features.shape[1]))
        self._labels, self._weights = np.zeros(size, dtype=np.int64), np.zeros(size)
        self._features[:n] = state.arrays["features"]
        self._labels[:n] = state.arrays["labels"]
        self._weights[:n] = state.arrays["weights"]
