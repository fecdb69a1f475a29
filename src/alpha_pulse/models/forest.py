"""Adaptive random forests, for two classes and for more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import forest as kernels
from alpha_pulse.kernels.trees import tree
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import BinaryClassifier, Classifier, MultiClassClassifier
from alpha_pulse.models.member_threads import member_threads
from alpha_pulse.models.tree import Nominal, set_growth, tree_arrays

TAU = 0.05
ADWIN_CLOCK = 32
BLOCK = 4_096
"""Rows whose votes are stored at a time."""


class _Forest(Classifier):
    takes_missing = True

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int,
        trees: int,
        observed: float,
        delta: float,
        grace: int,
        rate: float,
        warning_delta: float,
        drift_delta: float,
        nominal: Nominal,
        budget_bytes: int,
    ) -> None:
        if not (0.0 < warning_delta < 1.0 and 0.0 < drift_delta < 1.0):
            raise ConfigError(
                f"warning_delta is {warning_delta} and drift_delta {drift_delta}; expected confidences between 0 and 1"
            )
        if not (trees >= 1 and 0.0 < observed <= 1.0 and 0.0 < rate < 100.0):
            raise ConfigError(
                f"trees is {trees}, observed {observed} and rate {rate}; expected 1 tree or more, a fraction of features "
                "within (0, 1] and a rate within (0, 100)"
            )
        self.n_classes = n_classes
        heads = 8 * (kernels.REAL_HEAD + kernels.WHOLE_HEAD + 2 * kernels.ADWIN_SIZE)
        a_leaf = math.ceil(observed * n_features)
        real, whole = tree_arrays(n_features, n_classes, a_leaf, nominal, (budget_bytes // trees - heads) // 2)
        set_growth(real, delta, TAU, grace)
        head = np.zeros(kernels.REAL_HEAD)
        head[kernels.RATE], head[kernels.BOOST], head[kernels.TREE_REAL] = rate, 1.0, real.size
        windows = [adwin.adwin_state(d, ADWIN_CLOCK, kernels.ADWIN_ROWS) for d in (warning_delta, drift_delta)]
        self._real: Row = np.tile(np.concatenate([head, real, real, *windows]), (trees, 1))
        counts = np.zeros(kernels.WHOLE_HEAD, np.int64)
        counts[kernels.TREE_WHOLE] = whole.size
        self._whole: NDArray[np.int64] = np.tile(np.concatenate([counts, whole, whole]), (trees, 1))
        seeds = np.random.default_rng(seed).integers(1, 2**62, (trees, 3))
        self._whole[:, kernels.SEED] = seeds[:, 0]
        for which in (0, 1):
            self._whole[:, kernels.WHOLE_HEAD + which * whole.size + tree.SEED] = seeds[:, 1 + which]
        self._scratch: Row = np.zeros(n_classes)
        layout = {
            "kind": "adaptive_random_forest",
            "version": 1,
            "n_features": n_features,
            "n_classes": n_classes,
            "trees": trees,
            "observed": a_leaf,
            "nominal": sorted([feature, values] for feature, values in nominal.items()),
            "slots": int(whole[tree.SLOTS]),
        }
        super().__init__(n_features, layout, {"real": self._real, "whole": self._whole})
        self.reset()

    def reset(self) -> None:
        """Reset every tree to a single empty leaf."""
        for real, whole in zip(self._real, self._whole, strict=True):
            kernels.clear(real, whole)

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times from now on: leaves split sooner, and old examples count less."""
        self._real[:, kernels.BOOST] = factor

    @property
    def warnings(self) -> int:
        """Number of background trees started since the last reset."""
        return int(self._whole[:, kernels.WARNINGS].sum())

    @property
    def drifts(self) -> int:
        """Number of trees replaced since the last reset."""
        return int(self._whole[:, kernels.DRIFTS].sum())

    def _predict_proba(self, features: Row, out: Row) -> None:
        kernels.predict(self._real, self._whole, features, self._scratch, out)

    def _learn(self, features: Row, label: int, weight: float) -> None:
        kernels.learn_all(self._real, self._whole, features, label, weight, self._scratch)

    def _predict_proba_rows(self, features: Row, out: Row) -> None:
        kernels.predict_rows(self._real, self._whole, features, self._scratch, out)

    def _learn_rows(self, features: Row, labels: NDArray[np.int64], weights: Row, out: Row) -> None:
        """Members run on as many cores as there are; no bit depends on how many."""
        trees = len(self._real)
        with member_threads(trees, len(features)) as run_members:
            for start in range(0, len(features), BLOCK):
                rows = slice(start, start + BLOCK)
                votes = np.empty((trees, len(labels[rows]), self.n_classes))

                def learn_rows(k: int, rows: slice = rows, votes: Row = votes) -> None:
                    scratch = np.zeros(self.n_classes)
                    kernels.member_rows(
                        self._real[k], self._whole[k], features[rows], labels[rows], weights[rows], scratch, votes[k]
                    )

                run_members(learn_rows)
                kernels.combine(votes, out[rows])


class AdaptiveRandomForest(_Forest, BinaryClassifier):
    """Trees on resampled rows and random features; each is monitored and replaced when its own errors drift.

    Parameters
    ----------
    n_features, horizon, seed
        See `alpha_pulse.models.base`. The horizon is not used; the seed determines the resampling and the features of leaves.
    trees
        Number of members; cost and memory are proportional to it.
    observed
        Fraction of the features that a leaf observes, drawn for each leaf.
    delta, grace
        When a leaf splits, see `alpha_pulse.models.tree.HoeffdingTree`.
    rate
        Each tree learns each row a Poisson(rate) number of times.
    warning_delta, drift_delta
        ADWIN's confidence for starting a tree in the background, and for replacing the current one.
    nominal
        Number of values (0, 1, ...) of nominal features, by column.
    budget_bytes
        Maximum size of the state, including background trees.

    Examples
    --------
    >>> model, generator = AdaptiveRandomForest(n_features=2, trees=3), np.random.default_rng(1)
    >>> rows = generator.normal(size=(1_000, 2))
    >>> _ = model.learn_many(rows, (rows[:, 0] * rows[:, 1] > 0).astype(np.int64), np.ones(1_000))
    >>> model.predict(np.array([1.0, 1.0]), np.zeros(1)) > 0.5 > model.predict(np.array([1.0, -1.0]), np.zeros(1))
    True

    References
    ----------
    Gomes et al. (2017), "Adaptive random forests for evolving data stream classification", doi 10.1007/s10994-017-5642-8.
    """

    def __init__(
        self,
        n_features: int,
        horizon: int = 1,
        seed: int = 1,
        *,
        trees: int = 10,
        observed: float = 0.6,
        delta: float = 0.01,
        grace: int = 50,
        rate: float = 6.0,
        warning_delta: float = 0.01,
        drift_delta: float = 0.001,
        nominal: Nominal | None = None,
        budget_bytes: int = 8_000_000,
    ) -> None:
        super().__init__(
            n_features, 2, seed, trees, observed, delta, grace, rate, warning_delta, drift_delta, nominal or {}, budget_bytes
        )


class AdaptiveRandomForestClassifier(_Forest, MultiClassClassifier):
    """`AdaptiveRandomForest` for ``n_classes`` classes."""

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        seed: int = 1,
        *,
        trees: int = 10,
        observed: float = 0.6,
        delta: float = 0.01,
        grace: int = 50,
        rate: float = 6.0,
        warning_delta: float = 0.01,
        drift_delta: float = 0.001,
        nominal: Nominal | None = None,
        budget_bytes: int = 8_000_000,
    ) -> None:
        super().__init__(
            n_features,
            n_classes,
            seed,
            trees,
            observed,
            delta,
            grace,
            rate,
            warning_delta,
            drift_delta,
            nominal or {},
            budget_bytes,
        )
