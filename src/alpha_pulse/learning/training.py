"""The batch member of a session: a model that is trained on a block of examples, and then predicts unchanged until the next.

Examples are read from the journal (`alpha_pulse.journal.examples`) in training rounds (`alpha_pulse.engine.training.rounds`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Missing
from alpha_pulse.models.base import BatchModel, Row

MIN_EXAMPLES = 500
"""Labels of a session below which it takes no part in a training round."""
NOT_TRAINED = np.zeros(1)
SHORT = 12
"""Characters of an artefact's SHA-256 that name it in predictions."""


class Examples(msgspec.Struct, frozen=True):
    """A training set: features (n, width), labels 0 or 1 (n,), weights (n,), in order of time."""

    features: Row
    labels: NDArray[np.int64]
    weights: Row

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Parts that follow each other, at least one, as one set."""
        features = np.concatenate([part.features for part in parts])
        labels, weights = (np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "weights"))
        return cls(features, labels, weights)

    def __len__(self) -> int:
        """How many examples."""
        return len(self.labels)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> Examples:
        """Some of the examples."""
        return Examples(self.features[chosen], self.labels[chosen], self.weights[chosen])


class ModelReady(msgspec.Struct, frozen=True):
    """A trained artefact, named by its SHA-256.

    It was trained on ``examples`` that were known at ``trained_ts``, and predicts from ``ready_ts`` on.
    """

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
    """What a batch member says of itself: the model that predicts (``ready``), or why there is none."""

    model_id: str
    train_bars: int
    ready: ModelReady | None
    refused: str

    def missing(self, ts: int) -> Missing | None:
        """Why the member gives no probability at market time ``ts`` (ns); None where it does."""
        if self.ready is None:
            return Missing(self.model_id, self.refused or f"not trained before {self.train_bars} bars")
        return Missing(self.model_id, "trained, not ready yet") if ts < self.ready.ready_ts else None


class Trained(msgspec.Struct, frozen=True):
    """The result of a training: an artefact and its state, or why there is none."""

    examples: int
    version: str = ""
    state: State | None = None
    refused: str = ""


def train(model: BatchModel, examples: Examples) -> Trained:
    """Train a new model. Examples of a single class are refused.

    >>> from alpha_pulse.models.gbm import LightGBM
    >>> examples = Examples(np.zeros((3, 1)), np.ones(3, dtype=np.int64), np.ones(3))
    >>> train(LightGBM(1, trees=1), examples).refused
    '3 training examples carry weight, with label 1 alone; both classes are needed, so wait for more'
    """
    try:
        model.fit(examples.features, examples.labels, examples.weights)
    except SessionError as error:
        return Trained(len(examples), refused=str(error))
    return Trained(len(examples), model.version, model.snapshot())


class BatchMember:
    """Predicts by the newest model that became ready.

    Parameters
    ----------
    session_id
        Of the session whose features and labels it uses.
    model_id
        The name of its model.
    n_features
        Length of a row.
    make_model
        Makes a new model, equal at each call.
    train_bars
        The bars before the first training, for messages.
    """

    def __init__(
        self, session_id: str, model_id: str, n_features: int, make_model: Callable[[], BatchModel], train_bars: int
    ) -> None:
        self.session_id = session_id
        self.model_id = model_id
        self.n_features = n_features
        self.make_model = make_model
        self.status = BatchStatus(model_id, train_bars, None, "")
        self._model = make_model()

    @property
    def ready(self) -> ModelReady | None:
        """The artefact that predicts; None before the first training."""
        return self.status.ready

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The packed model, which is another array after each training."""
        return {"batch": NOT_TRAINED if self.ready is None else self._model.packed}

    def replace(self, trained: Trained, trained_ts: int, ready_ts: int) -> ModelReady | None:
        """Predict by a trained model from ``ready_ts`` on; None where its training was refused: the former one goes on."""
        if trained.state is None:
            self.status = msgspec.structs.replace(self.status, refused=trained.refused)
            return None
        self._model = self.make_model()
        self._model.restore(trained.state)
        ready = ModelReady(self.model_id, self.session_id, trained.version, trained.examples, trained_ts, ready_ts)
        self.status = msgspec.structs.replace(self.status, ready=ready, refused="")
        return ready

    def predict(self, features: Row) -> float:
        """P(label = 1) by the trained model."""
        return self._model.predict(features)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        scalars = {"ready": None if self.ready is None else msgspec.to_builtins(self.ready), "refused": self.status.refused}
        if self.ready is None:
            return State(scalars)
        model = self._model.snapshot()
        return State({**scalars, "model": model.scalars}, model.arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        before, saved = self.ready, state.scalars["ready"]
        ready = None if saved is None else msgspec.convert(saved, ModelReady)
        self.status = msgspec.structs.replace(self.status, ready=ready, refused=state.scalars["refused"])
        if ready is not None and ready != before:  # its version names the artefact, so an equal one is the same model
            self._model = self.make_model()
            self._model.restore(State(state.scalars["model"], state.arrays))
