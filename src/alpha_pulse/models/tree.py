"""Hoeffding trees and Hoeffding adaptive trees, for two classes and for more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.trees import adaptive_tree, tree_growth
from alpha_pulse.kernels.trees import tree as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryClassifier, Classifier, MultiClassClassifier

NODES_PER_SLOT = 4
"""Nodes per active leaf, which leaves room for inner nodes and inactive leaves."""
Nominal = Mapping[int, int]
"""Number of values (0, 1, ...) of each nominal feature, by column."""


def tree_arrays(
    n_features: int, n_classes: int, observed: int, nominal: Nominal, budget_bytes: int, node_bytes: int = 0
) -> tuple[Row, NDArray[np.int64]]:
    """Arrays (real, whole) of a tree of `alpha_pulse.kernels.trees.tree` that fit into a budget; not yet cleared.

    Parameters
    ----------
    n_features, n_classes
        Length of a row, number of classes.
    observed
        Features that a leaf observes.
    nominal
        See `Nominal`.
    budget_bytes
        Maximum size of both arrays, with ``node_bytes`` more for each node.

    Raises
    ------
    ConfigError
        A size is out of range, or the budget is too small for three leaves.
    """
    if n_classes < 2:
        raise ConfigError(f"n_classes is {n_classes}; expected 2 or more")
    for feature, values in nominal.items():
        if not (0 <= feature < n_features and values >= 2):
            raise ConfigError(
                f"nominal gives feature {feature} {values} values; expected features below {n_features} with 2 values or more"
            )
    place = max([kernels.NUMERIC, *nominal.values()])
    nodes_bytes = NODES_PER_SLOT * (8 * (8 + n_classes) + node_bytes)
    each = 8 * (kernels.slot_size(n_classes, observed, place) + 2 + observed) + nodes_bytes
    slots = (budget_bytes - 8 * (kernels.REAL_HEAD + kernels.WHOLE_HEAD + n_features)) // each
    if slots < 3:
        raise ConfigError(
            f"budget_bytes leaves {budget_bytes:,} for a tree, but over {n_features} features and {n_classes} classes it "
            f"needs {4 * each:,}; give more, or let leaves observe fewer features"
        )
    nodes = slots * NODES_PER_SLOT
    real = np.zeros(kernels.real_size(n_classes, observed, place, nodes, slots))
    whole = np.zeros(kernels.whole_size(n_features, observed, nodes, slots), np.int64)
    whole[kernels.FEATURES], whole[kernels.CLASSES], whole[kernels.OBSERVED] = n_features, n_classes, observed
    whole[kernels.PLACE], whole[kernels.NODES], whole[kernels.SLOTS] = place, nodes, slots
    for feature, values in nominal.items():
        whole[kernels.values_at(whole, feature)] = values
    return real, whole


def set_growth(real: Row, delta: float, tau: float, grace: int) -> None:
    """Write the parameters of splits to the array of a tree.

    Raises
    ------
    ConfigError
        A parameter is out of range.
    """
    if not (0.0 < delta < 1.0 and 0.0 <= tau <= 1.0 and grace >= 1):
        raise ConfigError(
            f"delta is {delta}, tau {tau} and grace {grace}; expected 0 < delta < 1, 0 <= tau <= 1 and 1 or more for grace"
        )
    real[kernels.DELTA], real[kernels.TAU], real[kernels.GRACE], real[kernels.BOOST] = delta, tau, grace, 1.0


class _Tree(Classifier):
    """The common base of the plain and the adaptive tree."""

    takes_missing = True

    def __init__(
        self, kind: str, n_features: int, n_classes: int, nominal: Nominal, arrays: tuple[Row, NDArray[np.int64]]
    ) -> None:
        self.n_classes = n_classes
        self._real, self._whole = arrays
        self._scratch: Row = np.zeros(n_classes)
        layout = {
            "kind": kind,
            "version": 1,
            "n_features": n_features,
            "n_classes": n_classes,
            "nominal": sorted([feature, values] for feature, values in nominal.items()),
            "slots": int(self._whole[kernels.SLOTS]),
        }
        super().__init__(n_features, layout, {"real": self._real, "whole": self._whole})

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times from now on: leaves split sooner, and old examples count less."""
        self._real[kernels.BOOST] = factor

    def _predict_proba(self, features: Row, out: Row) -> None:
        tree_growth.predict(self._real, self._whole, features, out)

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        tree_growth.predict_rows(self._real, self._whole, features, out)


class _Plain(_Tree):
    def __init__(
        self, n_features: int, n_classes: int, delta: float, tau: float, grace: int, nominal: Nominal, budget_bytes: int
    ) -> None:
        arrays = tree_arrays(n_features, n_classes, n_features, nominal, budget_bytes)
        set_growth(arrays[0], delta, tau, grace)
        super().__init__("hoeffding_tree", n_features, n_classes, nominal, arrays)
        self.reset()

    def reset(self) -> None:
        """Reset to a single empty leaf."""
        kernels.clear(self._real, self._whole)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        tree_growth.learn(self._real, self._whole, features, label, weight, self._scratch)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        tree_growth.learn_rows(self._real, self._whole, features, labels, weights, self._scratch, out)


class HoeffdingTree(_Plain, BinaryClassifier):
    """A decision tree grown from a stream: a leaf splits when the Hoeffding bound separates its best feature.

    Each leaf predicts by naive Bayes or by its class counts, whichever was right more often. Values of
    `alpha_pulse.kernels.base.missing.MISSING` and below are missing: they are left out of statistics, and follow the larger
    branch.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. Horizon and seed are not used.
    delta
        Accepted probability of a wrong split.
    tau
        Below this bound two features count as equally good, and the leaf splits.
    grace
        Weight that a leaf receives between two attempts to split.
    nominal
        Number of values (0, 1, ...) of nominal features, by place.
    budget_bytes
        Maximum size of the state. When it is used up, the leaves with the largest possible gain keep their statistics.

    Examples
    --------
    >>> model = HoeffdingTree(n_features=1)
    >>> rows = np.array([[-1.0], [1.0], [3.0], [-3.0]] * 250)
    >>> _ = model.learn_many(rows, np.array([0, 1, 0, 1] * 250), np.ones(1_000))
    >>> model.predict(np.array([1.1]), np.zeros(1)) > 0.9 > 0.1 > model.predict(np.array([-1.1]), np.zeros(1))
    True

    References
    ----------
    Domingos & Hulten (2000), "Mining high-speed data streams", doi 10.1145/347090.347107.
    """

    def __init__(
        self,
        n_features: int,
        horizon: int = 1,
        seed: int = 1,
        *,
        delta: float = 1e-7,
        tau: float = 0.05,
        grace: int = 200,
        nominal: Nominal | None = None,
        budget_bytes: int = 2_000_000,
    ) -> None:
        super().__init__(n_features, 2, delta, tau, grace, nominal or {}, budget_bytes)


class HoeffdingTreeClassifier(_Plain, MultiClassClassifier):
    """`HoeffdingTree` for ``n_classes`` classes.

    Examples
    --------
    >>> model = HoeffdingTreeClassifier(n_features=1, n_classes=3)
    >>> rows, labels = np.array([[-2.0], [0.0], [2.0]] * 100), np.array([0, 1, 2] * 100)
    >>> _ = model.learn_many(rows + np.linspace(-0.5, 0.5, 300)[:, None], labels, np.ones(300))
    >>> model.predict(np.array([1.9]), np.zeros(3))
    2
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int = 1,
        *,
        delta: float = 1e-7,
        tau: float = 0.05,
        grace: int = 200,
        nominal: Nominal | None = None,
        budget_bytes: int = 2_000_000,
    ) -> None:
        super().__init__(n_features, n_classes, delta, tau, grace, nominal or {}, budget_bytes)


class _Adaptive(_Tree):
    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int,
        delta: float,
        tau: float,
        grace: int,
        nominal: Nominal,
        budget_bytes: int,
    ) -> None:
        node_bytes = 8 * (1 + adaptive_tree.ADWIN_SIZE)
        real, whole = tree_arrays(n_features, n_classes, n_features, nominal, budget_bytes, node_bytes)
        set_growth(real, delta, tau, grace)
        nodes = int(whole[kernels.NODES])
        whole[kernels.SEED] = seed
        arrays = (np.append(real, np.zeros(nodes * adaptive_tree.ADWIN_SIZE)), np.append(whole, np.zeros(nodes, np.int64)))
        super().__init__("hoeffding_adaptive_tree", n_features, n_classes, nominal, arrays)
        self._waiting = np.zeros(nodes, np.int64)
        self.reset()

    def reset(self) -> None:
        """Reset to a single empty leaf."""
        adaptive_tree.clear(self._real, self._whole)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        adaptive_tree.learn(self._real, self._whole, features, label, weight, self._scratch, self._waiting)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        adaptive_tree.learn_rows(self._real, self._whole, features, labels, weights, self._scratch, self._waiting, out)


class HoeffdingAdaptiveTree(_Adaptive, BinaryClassifier):
    """A Hoeffding tree whose nodes monitor their errors. Where errors rise, an alternate branch grows, and replaces the old
    branch if it is better.

    Leaves learn each example a Poisson(1) number of times, at least once. Parameters are those of `HoeffdingTree`; ``seed`` is
    the seed of these draws.

    Examples
    --------
    >>> model, generator = HoeffdingAdaptiveTree(n_features=1), np.random.default_rng(1)
    >>> rows = generator.normal(size=(4_000, 1))
    >>> labels = ((rows[:, 0] > 0) ^ (np.arange(4_000) >= 2_000)).astype(np.int64)
    >>> _ = model.learn_many(rows, labels, np.ones(4_000))
    >>> model.predict(np.array([-1.0]), np.zeros(1)) > 0.5 > model.predict(np.array([1.0]), np.zeros(1))
    True

    References
    ----------
    Bifet & Gavaldà (2009), "Adaptive learning from evolving data streams", doi 10.1007/978-3-642-03915-7_22.
    """

    def __init__(
        self,
        n_features: int,
        horizon: int = 1,
        seed: int = 1,
        *,
        delta: float = 1e-7,
        tau: float = 0.05,
        grace: int = 200,
        nominal: Nominal | None = None,
        budget_bytes: int = 2_000_000,
    ) -> None:
        super().__init__(n_features, 2, seed, delta, tau, grace, nominal or {}, budget_bytes)


class HoeffdingAdaptiveTreeClassifier(_Adaptive, MultiClassClassifier):
    """`HoeffdingAdaptiveTree` for ``n_classes`` classes."""

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int = 1,
        *,
        delta: float = 1e-7,
        tau: float = 0.05,
        grace: int = 200,
        nominal: Nominal | None = None,
        budget_bytes: int = 2_000_000,
    ) -> None:
        super().__init__(n_features, n_classes, seed, delta, tau, grace, nominal or {}, budget_bytes)
