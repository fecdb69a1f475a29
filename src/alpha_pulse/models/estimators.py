"""The interfaces of a learner: `OnlineModel` for two classes, `MultiClassModel` for more, `RegressionModel` for numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel
from alpha_pulse.models.validation import (
    check_example,
    check_examples,
    check_out,
    check_row,
    check_rows,
    check_target,
    check_targets,
)


class BinaryEstimator(PackedModel):
    """A learner of P(label = 1) as an `OnlineModel`. Its one output is its probability."""

    n_outputs = 1

    def _probability(self, features: Row) -> float:
        """P(label = 1) of one row."""
        raise NotImplementedError

    def _learn(self, features: Row, label: int, weight: float) -> None:
        """Learn one example."""
        raise NotImplementedError

    def _probability_rows(self, features: Row, out: Row) -> None:
        """P(label = 1) of each row into ``out`` (shape (n,))."""
        raise NotImplementedError

    def _probability_learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        """Write each row's probability to ``out`` (shape (n,)), then learn the row."""
        raise NotImplementedError

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1); fills ``outputs`` (shape (1,)) with it."""
        check_row(features, self.n_features)
        check_out(outputs, self.n_outputs, "outputs")
        outputs[0] = probability = self._probability(features)
        return probability

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Learn one labelled example."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        self._learn(features, label, weight)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        out = np.empty(len(features))
        self._probability_rows(features, out)
        return out

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out = np.empty(len(features))
        self._probability_learn_rows(features, labels, weights, out)
        return out


class Classifier(PackedModel):
    """The methods that a learner of ``n_classes`` classes implements for both kinds of classifier."""

    n_classes: int

    def _predict_proba(self, features: Row, out: Row) -> None:
        """Class probabilities of one row into ``out`` (shape (n_classes,))."""
        raise NotImplementedError

    def _learn(self, features: Row, label: int, weight: float) -> None:
        """Learn one example."""
        raise NotImplementedError

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        """Class probabilities of each row into ``out`` (shape (n, n_classes))."""
        raise NotImplementedError

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        """Write each row's probabilities to ``out``, then learn the row."""
        raise NotImplementedError


class BinaryClassifier(Classifier, BinaryEstimator):
    """A classifier of two classes as an `OnlineModel`."""

    n_classes = 2

    def _probability(self, features: Row) -> float:
        out = np.empty(2)
        self._predict_proba(features, out)
        return float(out[1])

    def _probability_rows(self, features: Row, out: Row) -> None:
        both = np.empty((len(features), 2))
        self._predict_proba_rows(features, both)
        out[:] = both[:, 1]

    def _probability_learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        both = np.empty((len(features), 2))
        self._learn_rows(features, labels, weights, both)
        out[:] = both[:, 1]


class MultiClassClassifier(Classifier):
    """A learner of classes as a `MultiClassModel`."""

    def predict(self, features: Row, probabilities: Row) -> int:
        """The most probable class; the first one if several are equal. Fills ``probabilities`` (shape (n_classes,))."""
        check_row(features, self.n_features)
        check_out(probabilities, self.n_classes, "probabilities")
        self._predict_proba(features, probabilities)
        return int(probabilities.argmax())

    def learn(self, features: Row, label: int, weight: float) -> None:
        """Learn one labelled example."""
        label, weight = check_example(features, self.n_features, label, self.n_classes, weight)
        self._learn(features, label, weight)

    def predict_many(self, features: Row) -> Row:
        """Class probabilities (n, n_classes) of each row."""
        check_rows(features, self.n_features)
        out = np.empty((len(features), self.n_classes))
        self._predict_proba_rows(features, out)
        return out

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the class probabilities (n, n_classes)."""
        check_examples(features, self.n_features, labels, self.n_classes, weights)
        out = np.empty((len(features), self.n_classes))
        self._learn_rows(features, labels, weights, out)
        return out


class Regressor(PackedModel):
    """A learner of numbers as a `RegressionModel`."""

    def predict(self, features: Row) -> float:
        """The expected target."""
        check_row(features, self.n_features)
        return self._estimate(features)

    def learn(self, features: Row, target: float, weight: float) -> None:
        """Learn one labelled example.

        Raises NonFiniteError for a target beyond `alpha_pulse.models.validation.LARGEST_TARGET`.
        """
        target, weight = check_target(features, self.n_features, target, weight)
        self._fit(features, target, weight)

    def _estimate(self, features: Row) -> float:
        """The expected target of one row."""
        raise NotImplementedError

    def _fit(self, features: Row, target: float, weight: float) -> None:
        """Learn one example."""
        raise NotImplementedError

    def _estimate_rows(self, features: Row, out: Row) -> None:
        raise NotImplementedError

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        raise NotImplementedError

    def predict_many(self, features: Row) -> Row:
        """The expected target of each row."""
        check_rows(features, self.n_features)
        out = np.empty(len(features))
        self._estimate_rows(features, out)
        return out

    def learn_many(self, features: Row, targets: Row, weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_targets(features, self.n_features, targets, weights)
        out = np.empty(len(features))
        self._fit_rows(features, targets, weights, out)
        return out
