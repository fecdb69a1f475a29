"""Any classifier of River as an online model: ``river:<path>``, such as ``river:forest.ARFClassifier(n_models=5)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, partial
from math import isfinite, nan
from typing import Any

import numpy as np

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.integrations.estimator_path import Recipe
from alpha_pulse.integrations.retrained import REMEMBERED, RetrainedModel
from alpha_pulse.integrations.river_path import parse
from alpha_pulse.models.base import Row

_TRIAL_ROWS = 30


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


class RiverModel(RetrainedModel):
    """A classifier of River. Parameters, memory and errors: see `alpha_pulse.integrations.retrained.RetrainedModel`.

    Features are named ``f0``, ``f1``, ... by column, and labels are False and True. Weights are passed as ``w=``. River's own
    scalers take no weights: every example counts in full.

    Cost: River's own, and 3 µs per call to convert the row to a dict. Restoring trains on every stored example again.

    References
    ----------
    Montiel et al. (2021), "River: machine learning for streaming data in Python", JMLR 22(110).
    """

    def __init__(
        self, path: str, recipe: Recipe, n_features: int, horizon: int = 1, seed: int = 1, *, remembered: int = REMEMBERED
    ) -> None:
        super().__init__(path, recipe, n_features, horizon, seed, takes_weights=_takes_weights(recipe), remembered=remembered)
        self._names = [f"f{j}" for j in range(n_features)]

    def _by_name(self, features: Row) -> dict[str, float]:
        return dict(zip(self._names, features.tolist(), strict=True))

    def _probability_of(self, features: Row) -> float:
        by_class = self._estimator.predict_proba_one(self._by_name(features))
        if not by_class:
            return 0.5
        up, down = float(by_class.get(True, 0.0)), float(by_class.get(False, 0.0))
        if not (isfinite(up) and isfinite(down) and up >= 0.0 and down >= 0.0):
            return nan
        return up / (up + down) if up + down > 0.0 else 0.5

    def _teach(self, features: Row, label: int, weight: float | None) -> None:
        if weight is None:
            self._estimator.learn_one(self._by_name(features), label == 1)
        else:
            self._estimator.learn_one(self._by_name(features), label == 1, w=weight)


def _takes_weights(recipe: Recipe) -> bool:
    *_, last = recipe.classes()
    return "w" in inspect.signature(last.learn_one).parameters  # type: ignore[attr-defined]  # a classifier of River has it


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
