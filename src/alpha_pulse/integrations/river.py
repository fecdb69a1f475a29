"""Any classifier of River as an online model: ``river:<path>``, such as ``river:forest.ARFClassifier(n_models=5)``.

River's estimators can only be saved as pickles, and this program never pickles. A saved model contains the path, the seed,
River's version and the training examples in order. Restoring trains a new estimator on these examples. The new estimator is
equal to the saved one, because only deterministic classifiers are accepted.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.metadata import version
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, scalar
from alpha_pulse.integrations.river_path import Recipe, parse
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

_TRIAL_ROWS = 30
_MAX_REASON = 160


def named(path: str) -> Callable[..., RiverModel]:
    """A factory of models of the classifier at ``path``; `alpha_pulse.integrations.river_path` describes the syntax of a path.

    Raises
    ------
    ConfigError
        The path cannot be read, River is not installed, or the estimator cannot be used: it is not a classifier, returns no
        probabilities, cannot be trained on numbers, or is not deterministic.
    UnknownNameError
        River has no such package, class or parameter.

    >>> model = named("preprocessing.StandardScaler | linear_model.LogisticRegression")(n_features=2)
    >>> model.predict(np.zeros(2), np.zeros(1))
    0.5
    """
    return partial(RiverModel, path.strip(), _tried(path.strip()))


class RiverModel(PackedModel):
    """A classifier of River, stored together with its training examples.

    Features are named ``f0``, ``f1``, ... by column, and labels are False and True. The weight of an example, times the boost,
    at most `MAX_WEIGHT`, is passed to the estimators that take weights (``w=``). A classifier that takes no weights is trained
    repeatedly on the example: the whole part of the sum of the weights so far, at most `MAX_REPEATS` times; the fraction is
    carried over to the next example. An example of weight 0 is neither used nor stored. River's own scalers take no weights:
    every example counts in full.

    Memory: at most the newest ``remembered`` examples. When the store is full, the classifier is rebuilt and trained on the
    newer half at once, so that it is always equal to the restored one; this step takes as long as ``remembered / 2`` normal
    ones. The memory of the classifier is not part of ``memory_bytes``; only River bounds it.

    An error during training resets the classifier: it is rebuilt, and it predicts NaN until it has been trained on
    `SILENT_EXAMPLES` more examples. An error during a prediction makes that prediction NaN. ``failure`` contains the reason.

    Cost: River's own, and 3 µs per call to convert the row to a dict. Restoring trains on every stored example again.

    Parameters
    ----------
    path
        The path, without ``river:``.
    recipe
        The parsed path.
    n_features
        Length of a row.
    horizon
        Not used; every online model takes it.
    seed
        Seed of every estimator that takes a ``seed`` and has none in the path.
    remembered
        Maximum number of stored examples, at least 2.

    References
    ----------
    Montiel et al. (2021), "River: machine learning for streaming data in Python", JMLR 22(110).
    """

    n_outputs = 1

    def __init__(
        self, path: str, recipe: Recipe, n_features: int, horizon: int = 1, seed: int = 1, *, remembered: int = REMEMBERED
    ) -> None:
        if remembered < 2:
            raise ConfigError(f"a model of River stores {remembered} examples; expected at least 2")
        layout = {"kind": "river", "version": 1, "path": path, "river": version("river"), "seed": seed}
        self._features: Row = np.zeros((remembered, n_features))
        self._labels = np.zeros(remembered, dtype=np.uint8)
        self._weights: Row = np.zeros(remembered)
        arrays: dict[str, NDArray[Any]] = {"features": self._features, "labels": self._labels, "weights": self._weights}
        super().__init__(n_features, {**layout, "n_features": n_features, "remembered": remembered}, arrays)
        self._names = [f"f{j}" for j in range(n_features)]
        self._make = partial(recipe.make, seed)
        self._estimator = self._make()
        self._takes_weights = _takes_weights(recipe)
        self._carried = 0.0
        self._count = 0
        self._boost = 1.0
        self._silent = 0
        self._silenced_by = ""
        self.failure = ""
        """Why the newest prediction was NaN; empty where it was not NaN."""

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1), 0.5 before any learning; NaN, with ``failure``, where the classifier returns no probability."""
        check_row(features, self.n_features)
        check_out(outputs, self.n_outputs, "outputs")
        if self._silent:
            outputs[0], self.failure = nan, self._silenced_by
            return nan
        self.failure = ""
        try:
            probability = self._probability(features)
        except Exception as error:
            self.failure, probability = _reason("predict", error), nan
        outputs[0] = probability
        return probability

    def _probability(self, features: Row) -> float:
        values = features.tolist()
        if not all(map(isfinite, values)):
            return nan
        by_class = self._estimator.predict_proba_one(dict(zip(self._names, values, strict=True)))
        if not by_class:
            return 0.5
        up, down = float(by_class.get(True, 0.0)), float(by_class.get(False, 0.0))
        if not (isfinite(up) and isfinite(down) and up >= 0.0 and down >= 0.0):
            return nan
        return up / (up + down) if up + down > 0.0 else 0.5

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
        rows = self._features[start : self._count].tolist()
        labels, weights = self._labels[start : self._count].tolist(), self._weights[start : self._count].tolist()
        failed = -1
        for i, (row, label, weight) in enumerate(zip(rows, labels, weights, strict=True)):
            try:
                self._train_one(dict(zip(self._names, row, strict=True)), label == 1, weight)
            except Exception as error:
                self._silence(_reason("learn", error))
                failed = start + i
        if failed >= 0:
            self._keep(failed + 1)

    def _train_one(self, x: dict[str, float], label: bool, weight: float) -> None:
        if self._takes_weights:
            self._estimator.learn_one(x, label, w=weight)
            return
        self._carried += weight
        for _ in range(min(int(self._carried), MAX_REPEATS)):
            self._estimator.learn_one(x, label)
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
        """Forget everything, including the scalers of a pipeline: River does not distinguish them."""
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
        saved = state.scalars.get("layout")
        if isinstance(saved, dict) and saved.get("river", "") != self._layout["river"] and saved.get("kind") == "river":
            raise StateError(
                f"a model saved with River {saved.get('river')} cannot be restored with River {self._layout['river']}, whose "
                f"results may differ; install river=={saved.get('river')} to resume, or begin a new run"
            )
        count = state.scalars.get("count", -1)
        if type(count) is not int or not 0 <= count <= len(self._weights):
            count = -1
        if saved == self._layout and count < 0:
            raise StateError("a saved model of River has an invalid number of stored examples; use an older checkpoint")
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


def _takes_weights(recipe: Recipe) -> bool:
    *_, last = recipe.classes()
    return "w" in inspect.signature(last.learn_one).parameters  # type: ignore[attr-defined]  # a classifier of River has it


def _reason(doing: str, error: Exception) -> str:
    """One line that is equal in every process: addresses of objects are removed."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x", " ".join(str(error).split()))
    return f"River could not {doing}: {type(error).__name__}: {text}"[:_MAX_REASON]


@lru_cache(maxsize=64)
def _tried(path: str) -> Recipe:
    """The recipe of a path, after its classifier was tested on a few examples."""
    recipe = parse(path)
    title = f"river:{path}"
    from river import base

    for kind in list(recipe.classes())[:-1]:
        if not issubclass(kind, base.Transformer | base.SupervisedTransformer):
            raise ConfigError(
                f"{title} has {kind.__name__} before its last step, but every step before the last must be a transformer"
            )
    *_, last = recipe.classes()
    if not issubclass(last, base.Classifier):
        raise ConfigError(f"{last.__name__} of {title} is not a classifier; choose a classifier")
    try:
        models = recipe.make(1), recipe.make(1)
        outputs = [_outputs(model, at_every_row=every) for model, every in zip(models, (True, False), strict=True)]
    except NotImplementedError:
        raise ConfigError(
            f"{title} predicts classes but no probabilities (predict_proba_one); choose a classifier that predicts them"
        ) from None
    except Exception as error:
        raise ConfigError(f"{title} cannot be trained on rows of numbers: {type(error).__name__}: {error}") from error
    if not all(isinstance(output, dict) for output in outputs[0] + outputs[1]):
        raise ConfigError(f"{title} does not return probabilities by class; choose a classifier that returns them")
    if outputs[0][-1] != outputs[1][-1] or any(model._is_stochastic for model in models):
        raise ConfigError(
            f"{title} is not deterministic: equal training examples give different predictions, so it could not be restored; "
            "give every estimator in it a seed"
        )
    return recipe


def _outputs(model: Any, *, at_every_row: bool) -> list[Any]:
    """Its predictions while it is trained: before every example and at the end, or only at the end."""
    rows = np.random.default_rng(1).standard_normal((_TRIAL_ROWS, 3)).tolist()
    outputs = []
    for row in rows:
        x = {f"f{j}": value for j, value in enumerate(row)}
        if at_every_row:
            outputs.append(model.predict_proba_one(x))
        model.learn_one(x, row[0] > 0.0)
    return [*outputs, model.predict_proba_one({f"f{j}": 0.5 for j in range(3)})]
