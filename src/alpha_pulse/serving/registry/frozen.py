"""A version that answers: inference only, from its artefact, without a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alpha_pulse.core.errors import AlphaPulseError, StateError
from alpha_pulse.core.plugins import is_own, load
from alpha_pulse.models import BATCH, ONLINE
from alpha_pulse.models.base import BatchModel, OnlineModel, Row
from alpha_pulse.models.validation import check_rows
from alpha_pulse.serving.registry.artefact import Artefact


class FrozenModel:
    """The model of an artefact, which never changes.

    Parameters
    ----------
    artefact
        A version.
    own
        Whether it may be of a class of a user's module, which is imported then. An artefact may come from elsewhere, so only
        the user of the process may allow this.

    Raises
    ------
    StateError
        The model cannot be made here, or its state does not fit.

    Examples
    --------
    >>> from alpha_pulse.models.linear import Logistic
    >>> model = Logistic(n_features=1, horizon=1)
    >>> rows = np.array([[-1.0], [1.0]] * 200)
    >>> _ = model.learn_many(rows, np.array([0, 1] * 200), np.ones(400))
    >>> artefact = Artefact("online", "logistic", {"horizon": 1}, "X", "direction", "s", ("ret_1",), model.snapshot())
    >>> bool(FrozenModel(artefact).predict_many(np.array([[1.0]]))[0] == model.predict_many(np.array([[1.0]]))[0])
    True
    """

    def __init__(self, artefact: Artefact, *, own: bool = False) -> None:
        self.artefact = artefact
        self.n_features = len(artefact.features)
        table = BATCH if artefact.kind == "batch" else ONLINE
        if is_own(table, artefact.model) and not own:
            raise StateError(
                f"model {artefact.model!r} is a class of a user's own module, which is not loaded for a version of a registry; "
                "serve it in a run that names it in its configuration"
            )
        try:
            model = load("models", table, artefact.model, own=own)(n_features=self.n_features, **artefact.arguments)
            model.restore(artefact.state)
        except AlphaPulseError as error:
            raise StateError(f"the version of {artefact.model} cannot be loaded: {error}") from None
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise StateError(
                f"the version of {artefact.model} cannot be loaded by this version of the program ({error}); use the one that "
                "made it"
            ) from None
        self._predict = _predictor(model)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) of each row.

        Parameters
        ----------
        features
            float64, shape (n, n_features), in the order of the artefact's features.

        Raises
        ------
        NonFiniteError
            A feature is not finite.
        DataError
            Rows are of another length.
        """
        check_rows(features, self.n_features)
        return self._predict(features)


def _predictor(model: BatchModel | OnlineModel) -> Callable[[Row], Row]:
    """The function that predicts many rows at once."""
    many: Any = getattr(model, "predict_many", None)
    if many is not None:
        return many  # type: ignore[no-any-return]

    def one_by_one(features: Row) -> Row:
        return np.array([model.predict(row) for row in features])  # type: ignore[call-arg]

    return one_by_one
