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
from alpha_pulse.learning.feature_history import FeatureHistory
from alpha_pulse.models.base import BatchModel, Row

RETRY_BARS = 500
NOT_TRAINED = np.zeros(1)
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

    @property
    def short_version(self) -> str:
        """The start of the version, which names it in predictions."""
        return self.version[:SHORT]


class BatchStatus(msgspec.Struct, frozen=True):
    """What a batch member says of itself: trained and from when it predicts (``ready``), or why it is not."""

    model_id: str
    train_bars: int
    ready: ModelReady | None
    refused: str

    def missing(self, ts: int) -> Missing | None:
        """Why the member gives no probability at market time ``ts`` (ns); None where it does."""
        if self.ready is None:
            return Missing(self.model_id, self.refused or f"not trained before {self.train_bars} bars")
        return Missing(self.model_id, "trained, not ready yet") if ts < self.ready.ready_ts else None


class BatchMember:
    """Trains on all labelled examples of the first ``train_bars`` bars; predicts from ``ready_delay_ns`` of market time later.

    Training runs at that slice, synchronously; the delay simulates the time of training during live trading. An example is the
    bar whose features it has, which are in ``history``, with its label and weight.
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
        history: FeatureHistory,
    ) -> None:
        self.session_id = session_id
        self.model_id = model_id
        self.train_bars = train_bars
        self._due_bars = train_bars
        self.status = BatchStatus(model_id, train_bars, None, "")
        self._model: BatchModel = make_model()
        self._delay_ns = ready_delay_ns
        self._head = head
        self.n_features = n_features
        self.history = history
        """Of its symbol; filled by the caller while it gathers."""
        self._bars: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._weights: Row = np.zeros(0)
        """Of the examples, which are above 0; below it where the label is 0."""

    @property
    def ready(self) -> ModelReady | None:
        """The trained artefact; None before."""
        return self.status.ready

    @property
    def refused(self) -> str:
        """Why training was refused the last time; empty where it was not."""
        return self.status.refused

    @property
    def due_bars(self) -> int | None:
        """The bars of the symbol at which it trains next; None once it is trained."""
        return self._due_bars if self.gathering else None

    @property
    def gathering(self) -> bool:
        """Whether it still collects examples, because it is not trained yet."""
        return self.ready is None

    def make_room(self, rows: int = 1) -> None:
        """Ensure that ``rows`` more examples fit into the arrays."""
        held, needed = len(self._bars), int(self._head[layout.GATHERED]) + rows
        if needed > held:
            more = max(needed, held + held // 4) - held
            self._bars = np.concatenate([self._bars, np.zeros(more, dtype=np.int64)])
            self._weights = np.concatenate([self._weights, np.zeros(more)])

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of collected examples, which the loop fills, and the packed model; they change when it grows or trains."""
        packed = self._model.packed if self.ready is not None else NOT_TRAINED
        return {"gathered": self._bars, "weights": self._weights, "batch": packed}

    def train_if_due(self, bars: int, ts: int) -> ModelReady | None:
        """Train when ``bars`` have reached ``train_bars``; returns the trained artefact and when it begins to predict.

        Training on a single class is refused; it is retried ``RETRY_BARS`` bars later, on all examples by then.
        """
        if bars < self._due_bars or not self.gathering:
            return None
        n = int(self._head[layout.GATHERED])
        try:
            self._model.fit(self.history.rows(self._bars[:n], self.n_features), *self._labels_and_weights(n))
        except SessionError as error:
            self.status = msgspec.structs.replace(self.status, refused=str(error))
            self._due_bars = bars + RETRY_BARS
            return None
        ready = ModelReady(self.model_id, self.session_id, self._model.version, n, ts, ts + self._delay_ns)
        self.status = msgspec.structs.replace(self.status, ready=ready, refused="")
        self._bars, self._weights = self._bars[:0].copy(), self._weights[:0].copy()
        return ready

    def _labels_and_weights(self, n: int) -> tuple[NDArray[np.int64], Row]:
        return (self._weights[:n] > 0.0).astype(np.int64), np.abs(self._weights[:n])

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
        labels, weights = self._labels_and_weights(n)
        return State(scalars, {"bars": self._bars[:n].copy(), "labels": labels, "weights": weights})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        before, saved, self._due_bars = self.ready, state.scalars["ready"], state.scalars["due_bars"]
        ready = None if saved is None else msgspec.convert(saved, ModelReady)
        self.status = msgspec.structs.replace(self.status, ready=ready, refused=state.scalars["refused"])
        if ready is not None:
            if ready != before:  # its version names the artefact, so an equal one is the same model
                self._model.restore(State(state.scalars["model"], state.arrays))
            return
        self._head[layout.GATHERED] = len(state.arrays["labels"])
        self._bars = state.arrays["bars"].copy()
        self._weights = np.where(state.arrays["labels"] == 1, state.arrays["weights"], -state.arrays["weights"])
