"""Any classifier of River as an online model: ``river:<path>``, such as ``river:forest.ARFClassifier(n_models=5)``.

River's estimators can only be pickled, and nothing here is. What is saved is what they can be built from again: the path,
the seed, River's version and the examples that they were taught, in order. To restore is to teach these once more, which
gives an equal estimator, because only what is the same whenever it is taught the same is taken.
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
"""Examples that are kept at most."""
MAX_WEIGHT = 100.0
"""What the weight of one example counts for at most."""
MAX_REPEATS = 8
"""How often one example is taught at most, where an estimator takes no weights."""
SILENT_EXAMPLES = 100
"""Examples that must be learnt after an error before an estimator serves again."""

_TRIAL_ROWS = 30
_MAX_REASON = 160


def named(path: str) -> Callable[..., RiverModel]:
    """What makes models of the classifier at ``path``; see `alpha_pulse.integrations.river_path` for how a path is written.

    Raises
    ------
    ConfigError
        The path cannot be read, River is not installed, or the estimator cannot serve: it is no classifier, gives no
        probabilities, cannot learn from numbers, or is not the same when it is taught the same.
    UnknownNameError
        River has no such package, class or parameter.

    >>> model = named("preprocessing.StandardScaler | linear_model.LogisticRegression")(n_features=2)
    >>> model.predict(np.zeros(2), np.zeros(1))
    0.5
    """
    return partial(RiverModel, path.strip(), _tried(path.strip()))


class RiverModel(PackedModel):
    """A classifier of River, the examples it was taught beside it.

    Features are named ``f0``, ``f1``, ... by their places and labels are False and True. An example's weight, times the boost,
    at most `MAX_WEIGHT`, goes to the parts that take weights (``w=``); where the classifier takes none, an example is taught as
    many whole times as the weights so far sum to, at most `MAX_REPEATS`, and the fraction is carried on. An example of weight 0
    is neither taught nor remembered. River's own scalers take no weights: they take each example in full.

    Memory: the newest ``remembered`` examples at most. When they are full, the classifier is made anew and taught the newer
    half at once, so it never knows more than what would be restored; that one step takes as long as ``remembered / 2``
    others. The classifier's own memory comes on top of ``memory_bytes``; River alone bounds it.

    An error of the classifier while it learns begins it anew: what it knew is forgotten, and until it has learnt
    `SILENT_EXAMPLES` more it serves NaN. An error while it predicts makes that prediction NaN. ``failure`` says why.

    Cost: River's own, and 3 µs per call for the row that it takes as a dict. Restoring teaches every remembered example again.

    Parameters
    ----------
    path
        As it is written after ``river:``.
    recipe
        What the path says.
    n_features
        Length of a row.
    horizon
        Not used; every online model takes it.
    seed
        Of every part that takes a ``seed`` and is not given one in the path.
    remembered
        Examples to keep, >= 2.

    References
    ----------
    Montiel et al. (2021), "River: machine learning for streaming data in Python", JMLR 22(110).
    """

    n_parts = 1

    def __init__(
        self, path: str, recipe: Recipe, n_features: int, horizon: int = 1, seed: int = 1, *, remembered: int = REMEMBERED
    ) -> None:
        if remembered < 2:
            raise ConfigError(f"a model of River is to remember {remembered} examples; at least 2 are needed")
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
        """Why the newest prediction was NaN; empty where it was none."""

    def predict(self, features: Row, parts: Row) -> float:
        """P(label = 1), and 0.5 before any learning; NaN, with ``failure``, where the classifier gives none."""
        check_row(features, self.n_features)
        check_out(parts, self.n_parts, "parts")
        if self._silent:
            parts[0], self.failure = nan, self._silenced_by
            return nan
        self.failure = ""
        try:
            probability = self._said(features)
        except Exception as error:
            self.failure, probability = _reason("predict", error), nan
        parts[0] = probability
        return probability

    def _said(self, features: Row) -> float:
        values = features.tolist()
        if not all(map(isfinite, values)):
            return nan
        said = self._estimator.predict_proba_one(dict(zip(self._names, values, strict=True)))
        if not said:
            return 0.5
        up, down = float(said.get(True, 0.0)), float(said.get(False, 0.0))
        if not (isfinite(up) and isfinite(down) and up >= 0.0 and down >= 0.0):
            return nan
        return up / (up + down) if up + down > 0.0 else 0.5

    def learn(self, features: Row, label: int, weight: float, parts: Row) -> None:
        """Learn one settled example and remember it."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        taken = min(weight * self._boost, MAX_WEIGHT)
        if not taken > 0.0:
            return
        if self._count == len(self._weights):
            self._forget_the_older_half()
        slot, self._count = self._count, self._count + 1
        self._features[slot] = features
        self._labels[slot] = label
        self._weights[slot] = taken
        if self._silent:
            self._silent -= 1
        self._teach(slot)

    def _teach(self, start: int) -> None:
        """Teach the remembered examples from ``start`` on; at an error begin anew with the examples after it."""
        rows = self._features[start : self._count].tolist()
        labels, weights = self._labels[start : self._count].tolist(), self._weights[start : self._count].tolist()
        failed = -1
        for i, (row, label, weight) in enumerate(zip(rows, labels, weights, strict=True)):
            try:
                self._teach_one(dict(zip(self._names, row, strict=True)), label == 1, weight)
            except Exception as error:
                self._silence(_reason("learn", error))
                failed = start + i
        if failed >= 0:
            self._keep(failed + 1)

    def _teach_one(self, x: dict[str, float], label: bool, weight: float) -> None:
        if self._takes_weights:
            self._estimator.learn_one(x, label, w=weight)
            return
        self._carried += weight
        for _ in range(min(int(self._carried), MAX_REPEATS)):
            self._estimator.learn_one(x, label)
        self._carried -= int(self._carried)

    def _silence(self, reason: str) -> None:
        self._silent, self._silenced_by = SILENT_EXAMPLES, reason
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._estimator, self._carried = self._make(), 0.0

    def _forget_the_older_half(self) -> None:
        self._keep(self._count - self._count // 2)
        self._begin_anew()
        self._teach(0)

    def _keep(self, start: int) -> None:
        """Remember only the examples from ``start`` on; what is free is 0, so that equal states have equal bytes."""
        kept = self._count - start
        for array in self._arrays.values():
            array[:kept] = array[start : self._count]
            array[kept:] = 0
        self._count = kept

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        parts = np.zeros(1)
        return np.array([self.predict(row, parts) for row in features])

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out, parts = np.empty(len(features)), np.zeros(1)
        for i, (label, weight) in enumerate(zip(labels.tolist(), weights.tolist(), strict=True)):
            out[i] = self.predict(features[i], parts)
            self.learn(features[i], label, weight, parts)
        return out

    def set_boost(self, factor: float) -> None:
        """Multiply the weights of the examples to come by ``factor``."""
        self._boost = factor

    def reset(self) -> None:
        """Forget everything, the parts of a pipeline that scale too: River cannot tell them apart."""
        self._keep(self._count)
        self._silent, self._silenced_by = 0, ""
        self._begin_anew()

    @property
    def warming_up(self) -> bool:
        """Whether it was begun anew after an error and is silent until it has learnt enough."""
        return self._silent > 0

    def healthy(self) -> bool:
        """Whether it serves, and gives a probability for the newest example."""
        slot = max(self._count - 1, 0)
        return not self._silent and isfinite(self.predict(self._features[slot], np.zeros(1)))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        state = super().snapshot()
        state.scalars.update(count=self._count, boost=self._boost, silent=self._silent, silenced_by=self._silenced_by)
        return state

    def restore(self, state: State) -> None:
        """Take over the examples and teach them. See `alpha_pulse.core.stateful.Stateful`."""
        saved = state.scalars.get("layout")
        if isinstance(saved, dict) and saved.get("river", "") != self._layout["river"] and saved.get("kind") == "river":
            raise StateError(
                f"a model saved with River {saved.get('river')} cannot be taught again by River {self._layout['river']}, which "
                f"may decide otherwise; install river=={saved.get('river')} to go on, or begin a new run"
            )
        count = state.scalars.get("count", -1)
        if type(count) is not int or not 0 <= count <= len(self._weights):
            count = -1
        if saved == self._layout and count < 0:
            raise StateError("a saved model of River does not say how many examples it remembers; use an older checkpoint")
        boost, silent, silenced_by = (
            scalar(state, "boost", float),
            scalar(state, "silent", int),
            scalar(state, "silenced_by", str),
        )
        super().restore(state)
        self._count, self._boost = count, boost
        self._begin_anew()
        self._teach(0)
        self._silent, self._silenced_by = silent, silenced_by


def _takes_weights(recipe: Recipe) -> bool:
    *_, last = recipe.classes()
    return "w" in inspect.signature(last.learn_one).parameters  # type: ignore[attr-defined]  # a classifier of River has it


def _reason(doing: str, error: Exception) -> str:
    """One line that is the same in every process: addresses of objects are left out."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x", " ".join(str(error).split()))
    return f"River could not {doing}: {type(error).__name__}: {text}"[:_MAX_REASON]


@lru_cache(maxsize=64)
def _tried(path: str) -> Recipe:
    """The recipe of a path whose classifier has shown on a few examples that it can serve."""
    recipe = parse(path)
    what = f"river:{path}"
    from river import base

    for kind in list(recipe.classes())[:-1]:
        if not issubclass(kind, base.Transformer | base.SupervisedTransformer):
            raise ConfigError(f"{what} has {kind.__name__} before its last part, but only the last is no transformer")
    *_, last = recipe.classes()
    if not issubclass(last, base.Classifier):
        raise ConfigError(f"{what} is no classifier, because {last.__name__} is none; an online model predicts a class")
    try:
        models = recipe.make(1), recipe.make(1)
        answers = [_taught(model, asked=asked) for model, asked in zip(models, (True, False), strict=True)]
    except NotImplementedError:
        raise ConfigError(
            f"{what} gives classes but no probabilities (predict_proba_one); choose a classifier that does"
        ) from None
    except Exception as error:
        raise ConfigError(f"{what} cannot learn from rows of numbers: {type(error).__name__}: {error}") from error
    if not all(isinstance(answer, dict) for answer in answers[0] + answers[1]):
        raise ConfigError(f"{what} gives something else than probabilities by class; choose a classifier that does")
    if answers[0][-1] != answers[1][-1] or any(model._is_stochastic for model in models):
        raise ConfigError(
            f"{what} is not the same when it is taught the same, so it could not be restored; give every part of it a seed"
        )
    return recipe


def _taught(model: Any, *, asked: bool) -> list[Any]:
    """What it answers, asked before every example or only at the end."""
    rows = np.random.default_rng(1).standard_normal((_TRIAL_ROWS, 3)).tolist()
    said = []
    for row in rows:
        x = {f"f{j}": value for j, value in enumerate(row)}
        if asked:
            said.append(model.predict_proba_one(x))
        model.learn_one(x, row[0] > 0.0)
    return [*said, model.predict_proba_one({f"f{j}": 0.5 for j in range(3)})]
