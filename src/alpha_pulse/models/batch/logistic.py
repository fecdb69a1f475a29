"""Logistic regression, trained on a block of examples by Newton's method."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import SessionError, StateError
from alpha_pulse.core.stateful import State
from alpha_pulse.kernels.linear.batch_logistic import log_loss_terms
from alpha_pulse.kernels.trees import gbm as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.validation import check_row, check_training_set

STEPS, HALVINGS = 50, 20
TOLERANCE = 1e-9
"""Training ends when a step lowers the loss per example by less than this."""


class BatchLogistic:
    """Logistic regression with a ridge penalty on the standardised features.

    The solution is unique, and training is deterministic: on one machine, equal examples give an equal ``version``.

    Parameters
    ----------
    n_features
        Length of a row.
    ridge
        The penalty: half of it times the sum of squared coefficients, in units of the loss of one example; above 0.

    Examples
    --------
    >>> model = BatchLogistic(n_features=1, ridge=1.0)
    >>> rows = np.linspace(-1.0, 1.0, 400).reshape(-1, 1)
    >>> model.fit(rows, (rows[:, 0] > 0.0).astype(np.int64), np.ones(400))
    >>> model.predict(np.array([0.5])) > 0.8
    True

    References
    ----------
    Le Cessie and van Houwelingen (1992), "Ridge estimators in logistic regression", Applied Statistics 41.
    """

    def __init__(self, n_features: int, *, ridge: float = 100.0) -> None:
        self.n_features = n_features
        self.version = ""
        self._ridge = ridge
        self._packed: Row = np.empty(0)

    @property
    def packed(self) -> Row:
        """Intercept and coefficients in the layout of `alpha_pulse.kernels.trees.gbm`; empty before `fit`."""
        return self._packed

    def fit(self, features: Row, labels: NDArray[np.int64], weights: Row) -> None:
        """Train on a block of examples. On an error the earlier model is kept.

        Parameters and errors as in `alpha_pulse.models.gbm.LightGBM.fit`.
        """
        check_training_set(features, labels, weights, self.n_features)
        used = weights > 0.0
        rows, own = features[used], weights[used] / weights[used].mean()
        means, deviations = rows.mean(axis=0), rows.std(axis=0)
        scales = np.where(deviations > 0.0, 1.0 / np.where(deviations > 0.0, deviations, 1.0), 0.0)
        found = self._solve(np.ascontiguousarray((rows - means) * scales), labels[used], own)
        coefficients = found[1:] * scales
        self._take(np.array([kernels.LINEAR, 1.0, 0.0, found[0] - coefficients @ means, *coefficients]))

    def _solve(self, rows: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """Newton's method; a step that does not lower the penalised loss is halved."""
        size = rows.shape[1] + 1
        found, gradient, curvature = np.zeros(size), np.empty(size), np.empty((size, size))
        penalty = np.array([0.0, *[self._ridge] * (size - 1)])
        loss = log_loss_terms(rows, labels, weights, found, gradient, curvature)
        for _ in range(STEPS):
            full = curvature + np.triu(curvature, 1).T + np.diag(penalty)
            step = np.linalg.solve(full, gradient + penalty * found)
            for halving in range(HALVINGS):
                tried = found - step / 2.0**halving
                lower = log_loss_terms(rows, labels, weights, tried, gradient, curvature) + 0.5 * float(penalty @ tried**2)
                if lower <= loss:
                    break
            gained, found, loss = loss - lower, tried, lower
            if gained < TOLERANCE * len(rows):
                break
        return found

    def predict(self, features: Row) -> float:
        """P(label = 1) for one finite row, shape (n_features,). Raises SessionError before `fit`, DataError for another row."""
        if not self.version:
            raise SessionError("the logistic model cannot predict before it is trained; call fit or restore first")
        check_row(features, self.n_features)
        return kernels.gbm_predict(self._packed, features)

    def snapshot(self) -> State:
        """Intercept and coefficients; empty before `fit`."""
        return State(arrays={"packed": self._packed.copy()})

    def restore(self, state: State) -> None:
        """Restore coefficients. Raises StateError when they are damaged or those of other features."""
        packed = state.arrays.get("packed")
        if packed is None or packed.dtype != np.float64 or packed.shape not in ((0,), (4 + self.n_features,)):
            raise StateError("a saved logistic model does not fit; restore with the configuration that saved it")
        if len(packed) and (packed[0] != kernels.LINEAR or not np.isfinite(packed).all()):
            raise StateError("a saved logistic model is damaged; use an older checkpoint")
        self._take(packed.copy())

    def _take(self, packed: Row) -> None:
        self._packed = packed
        self.version = hashlib.sha256(packed.tobytes()).hexdigest() if len(packed) else ""
