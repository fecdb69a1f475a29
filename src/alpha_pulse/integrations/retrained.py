"""An online model around an estimator of another library, which is stored as its training examples.

Estimators of River and of scikit-learn can only be saved as pickles, and this program never pickles. A saved model contains the
path, the seed, the library's version and the training examples in order. Restoring trains a new estimator on these examples. It
is equal to the saved one, because only deterministic classifiers are accepted.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import partial
from importlib.metadata import version
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, scalar
from alpha_pulse.integrations.estimator_path import Recipe
from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel
from alpha_pulse.models.validation import check_example, check_examples, check_out, check_row, check_rows

REMEMBERED = 10_000
"""Maximum number of stored examples."""
MAX_WEIGHT = 100.0
"""Maximum weight of one example."""
MAX_REPEATS = 8
"""Maximum number of training calls for one example, where an estimator takes no weights."""
SILENT_EXAMPLES = 100
"""Training examples after an error before an estimator serves again."""

_MAX_REASON = 160


class RetrainedModel(PackedModel):
    """A classifier of two classes of another library, stored together with its training examples.

    The weight of an example, times the boost, at most `MAX_WEIGHT`, is passed to the estimators that take weights. A classifier
    that takes no weights is trained repeatedly on the example: the whole part of the sum of the weights so far, at most
    `MAX_REPEATS` times; the fraction is carried over to the next example. An example of weight 0 is neither used nor stored.

    Memory: at most the newest ``remembered`` examples. When the store is full, the classifier is rebuilt and trained on the
    newer half at once, so that it is always equal to the restored one; this step takes as long as ``remembered / 2`` normal
    ones. The memory of the classifier is not part of ``memory_bytes``; only its library bounds it.

    An error during training resets the classifier: it is rebuilt, and it predicts NaN until it has been trained on
    `SILENT_EXAMPLES` more examples. An error during a prediction makes that prediction NaN. ``failure`` contains the reason.

    A subclass implements `_teach` and `_probability_of`.

    Parameters
    ----------
    path
        The path below the library's package.
    recipe
        The parsed path.
    n_features
        Length of a row.
    horizon
        Not used; every online model takes it.
    seed
        Seed of every estimator that takes one and has none in the path.
    takes_weights
        Whether the estimator takes weights.
    remembered
        Maximum number of stored examples, at least 2.
    """

    n_outputs = 1

    def __init__(
        self, path: str, recipe: Recipe, n_features: int, horizon: int, seed: int, *, takes_weights: bool, remembered: int
    ) -> None:
        self._library = library = recipe.library
        if remembered < 2:
            raise ConfigError(f"a model of {library.title} stores {remembered} examples; expected at least 2")
        layout = {"kind": library.package, "version": 1, "path": path, library.package: version(library.distribution)}
        self._features: Row = np.zeros((remembered, n_features))
        self._labels = np.zeros(remembered, dtype=np.uint8)
        self._weights: Row = np.zeros(remembered)
        arrays: dict[str, NDArray[Any]] = {"features": self._features, "labels": self._labels, "weights": self._weights}
        layout |= {"seed": seed, "n_features": n_features, "remembered": remembered}
        super().__init__(n_features, layout, arrays)
        self._make = partial(recipe.make, seed)
        self._estimator = self._make()
        self._takes_weights = takes_weights
        self._carried = 0.0
        self._count = 0
        self._boost = 1.0
        self._silent = 0
        self._silenced_by = ""
        self.failure = ""
        """Why the newest prediction was NaN; empty where it was not NaN."""

    @abstractmethod
    def _teach(self, features: Row, label: int, weight: float | None) -> None:
        """Train the estimator on one example; ``weight`` is None for one that takes no weights."""

    @abstractmethod
    def _probability_of(self, features: Row) -> float:
        """P(label = 1) by the estimator for a finite row, 0.5 before any training; NaN where it returns no probability."""

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1), 0.5 before any learning; NaN, with ``failure``, where the classifier returns no probability."""
        check_row(features, self.n_features)
        check_out(outputs, self.n_outputs, "outputs")
        if self._silent:
            outputs[0], self.failure = nan, self._silenced_by
            return nan
        self.failure = ""
        probability = nan
        if np.isfinite(features).all():
            try:
                probability = self._probability_of(features)
            except Exception as error:
                self.failure = self._reason("predict", error)
        outputs[0] = probability
        return probability

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Train on one labelled example and store it."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        bounded = min(weight * self._boost, MAX_WEIGHT)
        if not bounded > 0.0:
            return
        if self._count == len(self._weights):
            self._forget_the_older_half()
        slot, self._count = self._count, self._count + 1
        self._features[slot] = features
        self._labels[slot] = label
        self._weights[slot] = bounded
        if self._silent:
            self._silent -= 1
        self._train(slot)

    def _train(self, start: int) -> None:
        """Train on the stored examples from ``start`` on; after an error, rebuild and train on the examples after it."""
        labels, weights = self._labels[start : self._count].tolist(), self._weights[start : self._count].tolist()
        failed = -1
        for slot, (label, weight) in enumerate(zip(labels, weights, strict=True), start):
            try:
                self._train_one(self._features[slot], label, weight)
            except Exception as error:
                self._silence(self._reason("learn", error))
                failed = slot
        if failed >= 0:
            self._keep(failed + 1)

    def _train_one(self, features: Row, label: int, weight: float) -> None:
        if self._takes_weights:
            self._teach(features, label, weight)
            return
        self._carried += weight
        for _ in range(min(int(self._carried), MAX_REPEATS)):
            self._teach(features, label, None)
        self._carried -= int(self._carried)

    def _silence(self, reason: str) -> None:
        self._silent, self._silenced_by = SILENT_EXAMPLES, reason
        self._rebuild()

    def _rebuild(self) -> None:
        self._estimator, self._carried = self._make(), 0.0

    def _forget_the_older_half(self) -> None:
        self._keep(self._count - self._count // 2)
        self._rebuild()
        self._train(0)

    def _keep(self, start: int) -> None:
        """Keep only the examples from ``start`` on; unused slots are 0, so that equal states have equal bytes."""
        count = self._count - start
        for array in self._arrays.values():
            array[:count] = array[start : self._count]
            array[count:] = 0
        self._count = count

    def _reason(self, doing: str, error: Exception) -> str:
        """One line that is equal in every process: addresses of objects are removed."""
        text = re.sub(r"0x[0-9a-fA-F]+", "0x", " ".join(str(error).split()))
        return f"{self._library.title} could not {doing}: {type(error).__name__}: {text}"[:_MAX_REASON]

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        outputs = np.zeros(1)
        return np.array([self.predict(row, outputs) for row in features])

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out, outputs = np.empty(len(features)), np.zeros(1)
        for i, (label, weight) in enumerate(zip(labels.tolist(), weights.tolist(), strict=True)):
            out[i] = self.predict(features[i], outputs)
            self.learn(features[i], label, weight, outputs)
        return out

    def set_boost(self, factor: float) -> None:
        """Multiply the weights of future examples by ``factor``."""
        self._boost = factor

    def reset(self) -> None:
        """Forget everything, including the scalers of a pipeline: its library does not distinguish them."""
        self._keep(self._count)
        self._silent, self._silenced_by = 0, ""
        self._rebuild()

    @property
    def warming_up(self) -> bool:
        """Whether it was rebuilt after an error and predicts NaN until it has been trained on enough examples."""
        return self._silent > 0

    def healthy(self) -> bool:
        """Whether it predicts and returned a probability for the newest example."""
        slot = max(self._count - 1, 0)
        return not self._silent and isfinite(self.predict(self._features[slot], np.zeros(1)))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        state = super().snapshot()
        state.scalars.update(count=self._count, boost=self._boost, silent=self._silent, silenced_by=self._silenced_by)
        return state

    def restore(self, state: State) -> None:
        """Load the examples and train on them. See `alpha_pulse.core.stateful.Stateful`."""
        saved, library = state.scalars.get("layout"), self._library
        package, title, own = library.package, library.title, self._layout[library.package]
        if isinstance(saved, dict) and saved.get(package, "") != own and saved.get("kind") == package:
            raise StateError(
                f"a model saved with {title} {saved.get(package)} cannot be restored with {title} {own}, whose results "
                f"may differ; install {library.distribution}=={saved.get(package)} to resume, or begin a new run"
            )
        count = state.scalars.get("count", -1)
        if type(count) is not int or not 0 <= count <= len(self._weights):
            count = -1
        if saved == self._layout and count < 0:
            raise StateError(f"a saved model of {title} has an invalid number of stored examples; use an older checkpoint")
        boost, silent, silenced_by = (
            scalar(state, "boost", float),
            scalar(state, "silent", int),
            scalar(state, "silenced_by", str),
        )
        super().restore(state)
        self._count, self._boost = count, boost
        self._rebuild()
        self._train(0)
        self._silent, self._silenced_by = silent, silenced_by
