"""The batch member of a session: collects the examples of the first bars, is trained once, and then predicts unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Missing
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.base import BatchModel, Row

RETRY_BARS = 500
SHORT = 12
"""Characters of an artefact's SHA-256 that name it in predictions."""


class ModelReady(msgspec.Struct, frozen=True):
    """A trained artefact, named by its SHA-256; it predicts from the first slice at or after ``ready_ts``."""

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
        head: NDArray[np.int64],
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
        self._head = head
        self._features: Row = np.zeros((train_bars, n_features))
        self._labels: NDArray[np.int64] = np.zeros(train_bars, dtype=np.int64)
        self._weights: Row = np.zeros(train_bars)
        self._untrained = Missing(model_id, f"not trained before {train_bars} bars")

    @property
    def gathering(self) -> bool:
        """Whether it still collects examples, because it is not trained yet."""
        return self.ready is None

    def make_room(self, rows: int = 1) -> None:
        """Ensure that ``rows`` more examples fit into the arrays."""
        while int(self._head[layout.GATHERED]) + rows > len(self._labels):
            self._features = np.concatenate([self._features, np.zeros_like(self._features)])
            self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)])
            self._labels = np.concatenate([self._labels, np.zeros_like(self._labels)])

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of collected examples, which the loop fills, and the packed model; they are replaced when it grows or
        trains."""
        packed = self._model.packed if self.ready is not None else np.zeros(1)
        return {"gathered": self._features, "labels": self._labels, "weights": self._weights, "batch": packed}

    def train_if_due(self, bars: int, ts: int) -> ModelReady | None:
        """Train when ``bars`` have reached ``train_bars``; returns the trained artefact and when it begins to predict.

        Training on a single class is refused; it is retried ``RETRY_BARS`` bars later, on all examples by then.
        """
        if bars < self._due_bars or not self.gathering:
            return None
        n = int(self._head[layout.GATHERED])
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

    def missing(self, ts: int) -> Missing | None:
        """Why this member has no probability at market time ``ts`` (ns); None if it has one."""
        ready = self.ready
        if ready is None:
            return Missing(self.model_id, self.refused) if self.refused else self._untrained
        return Missing(self.model_id, "trained, not ready yet") if ts < ready.ready_ts else None

    def predict(self, features: Row) -> float:
        """P(label = 1) by the trained model."""
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
        n = int(self._head[layout.GATHERED])
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
        self._head[layout.GATHERED] = n = len(state.arrays["labels"])
        size = max(self.train_bars, n)
        self._features = np.zeros((size, self._features.shape[1]))
        self._labels, self._weights = np.zeros(size, dtype=np.int64), np.zeros(size)
        self._features[:n] = state.arrays["features"]
        self._labels[:n] = state.arrays["labels"]
        self._weights[:n] = state.arrays["weights"]
