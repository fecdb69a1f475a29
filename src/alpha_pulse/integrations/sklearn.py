"""Any classifier of scikit-learn with ``partial_fit`` as an online model: ``sklearn:<path>``, such as
``sklearn:preprocessing.StandardScaler | linear_model.SGDClassifier(loss='log_loss')``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from math import isfinite

import numpy as np

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.integrations.estimator_path import Recipe
from alpha_pulse.integrations.retrained import REMEMBERED, RetrainedModel
from alpha_pulse.integrations.sklearn_path import CLASSES, SKLEARN, Chain, parse
from alpha_pulse.models.base import Row

_TRIAL_ROWS = 30
_EXAMPLE = "linear_model.SGDClassifier(loss='log_loss')"


def named(path: str) -> Callable[..., SklearnModel]:
    """A factory of models of the classifier at ``path``; `alpha_pulse.integrations.estimator_path` describes the syntax.

    Raises
    ------
    ConfigError
        The path cannot be read, scikit-learn is not installed, or the estimator cannot be used: it is not a classifier, has no
        ``partial_fit`` or no ``predict_proba``, cannot be trained on numbers, or is not deterministic.
    UnknownNameError
        scikit-learn has no such package, class or parameter.

    >>> model = named("preprocessing.StandardScaler | linear_model.SGDClassifier(loss='log_loss')")(n_features=1)
    >>> _ = model.learn_many(np.array([[-1.0], [1.0]] * 50), np.array([0, 1] * 50), np.ones(100))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.8
    True
    """
    return partial(SklearnModel, path.strip(), _tried(path.strip()))


class SklearnModel(RetrainedModel):
    """A classifier of scikit-learn. Parameters, memory and errors: see `alpha_pulse.integrations.retrained.RetrainedModel`.

    Each step of a pipeline with ``|`` learns each example by ``partial_fit``, before it transforms the example for the next.
    Weights are passed as ``sample_weight=`` to the classifier; transformers count every example in full. Until it has been
    trained on both labels, the probability is 0.5: many classifiers have none then.

    Cost: scikit-learn's own, 150 to 400 µs for an example. Restoring trains on every stored example again.

    References
    ----------
    Pedregosa et al. (2011), "Scikit-learn: machine learning in Python", JMLR 12.
    """

    def __init__(
        self, path: str, recipe: Recipe, n_features: int, horizon: int = 1, seed: int = 1, *, remembered: int = REMEMBERED
    ) -> None:
        takes_weights = _chain(recipe, seed).takes_weights
        super().__init__(path, recipe, n_features, horizon, seed, takes_weights=takes_weights, remembered=remembered)
        self._make = partial(_chain, recipe, seed)
        self._rebuild()

    def _rebuild(self) -> None:
        super()._rebuild()
        self._seen: set[int] = set()

    def _probability_of(self, features: Row) -> float:
        if len(self._seen) < len(CLASSES):
            return 0.5
        with _unchecked(), np.errstate(all="ignore"):
            down, up = self._estimator.predict_proba(features[None].copy())[0].tolist()
        if not (isfinite(up) and isfinite(down) and up + down > 0.0):
            raise ArithmeticError(f"its probabilities are {down} and {up}")
        return float(up / (up + down))

    def _teach(self, features: Row, label: int, weight: float | None) -> None:
        with _unchecked(), warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            self._estimator.partial_fit(features[None].copy(), label, weight)
        self._seen.add(label)


def _unchecked() -> AbstractContextManager[None]:
    """Without scikit-learn's checks of the input, which this package has made."""
    context: AbstractContextManager[None] = SKLEARN.module("").config_context(
        assume_finite=True, skip_parameter_validation=True
    )
    return context


def _chain(recipe: Recipe, seed: int) -> Chain:
    made = recipe.make(seed)
    return made if isinstance(made, Chain) else Chain([made])


@lru_cache(maxsize=64)
def _tried(path: str) -> Recipe:
    """The recipe of a path, after its classifier was tested on a few examples."""
    recipe = parse(path)
    title = f"sklearn:{path}"
    chains = _chain(recipe, 1), _chain(recipe, 1)
    last = chains[0].last
    name = type(last).__name__
    if not SKLEARN.module("base").is_classifier(last):
        raise ConfigError(f"{name} of {title} is not a classifier; choose a classifier, such as {_EXAMPLE}")
    if not hasattr(last, "partial_fit"):
        raise ConfigError(
            f"scikit-learn's {name} has no partial_fit, so it cannot learn example by example; choose a classifier that has "
            f"it, such as {_EXAMPLE}"
        )
    if not hasattr(last, "predict_proba"):
        raise ConfigError(
            f"{title} predicts classes but no probabilities (predict_proba); choose a classifier that predicts them, such as "
            f"{_EXAMPLE}"
        )
    try:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            outputs = [_outputs(chain, at_every_row=every) for chain, every in zip(chains, (True, False), strict=True)]
    except Exception as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"{title} cannot be trained on rows of numbers: {type(error).__name__}: {text}") from error
    if not np.array_equal(outputs[0], outputs[1], equal_nan=True):
        raise ConfigError(
            f"{title} is not deterministic: equal training examples give different predictions, so it could not be restored; "
            "give every estimator in it a random_state"
        )
    return recipe


def _outputs(chain: Chain, *, at_every_row: bool) -> Row:
    """Its probabilities after it was trained, with predictions in between or without."""
    rows = np.random.default_rng(1).standard_normal((_TRIAL_ROWS, 3))
    for row in rows:
        chain.partial_fit(row[None].copy(), int(row[0] > 0.0), 1.0 if chain.takes_weights else None)
        if at_every_row:
            chain.predict_proba(row[None].copy())
    return chain.predict_proba(rows[:2].copy())
