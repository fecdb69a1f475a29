"""Adaptive random forests for numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.detection import adwin
from alpha_pulse.kernels.trees import regression_forest as kernels
from alpha_pulse.kernels.trees import regression_tree as tree
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import Regressor
from alpha_pulse.models.member_threads import member_threads
from alpha_pulse.models.regression_tree import observed_of, regression_arrays

TAU = 0.05
ADWIN_CLOCK = 32
BLOCK = 8_192
"""Rows whose votes are stored at a time."""


class AdaptiveRandomForestRegressor(Regressor):
    """Regression trees on resampled rows and random features, each monitored and replaced when its own errors drift.

    Parameters
    ----------
    n_features
        Length of a row.
    seed
        Seed of the resampling and of the features that leaves observe.
    trees
        Number of members; cost and memory are proportional to it.
    observed
        Fraction of the features that a leaf observes, drawn for each leaf.
    delta, grace, least_f, linear
        Parameters of splits and predictions of leaves, see `alpha_pulse.models.regression_tree.HoeffdingTreeRegressor`.
    rate
        Each tree learns each row a Poisson(rate) number of times.
    warning_delta, drift_delta
        ADWIN's confidence for starting a tree in the background, and for replacing the current one.
    leaves, bins
        Maximum leaves of each tree, bins of each histogram; they set the memory.

    Examples
    --------
    >>> model, rows = AdaptiveRandomForestRegressor(2, trees=3), np.random.default_rng(1).uniform(-1.0, 1.0, (2_000, 2))
    >>> _ = model.learn_many(rows, np.where(rows[:, 0] > 0.0, 5.0, 1.0), np.ones(2_000))
    >>> model.predict(np.array([0.5, 0.0])) - model.predict(np.array([-0.5, 0.0])) > 3.0
    True

    References
    ----------
    Gomes, Barddal, Ferreira & Bifet (2018), "Adaptive random forests for data stream regression", ESANN.
    """

    takes_missing = True

    def __init__(
        self,
        n_features: int,
        seed: int = 1,
        *,
        trees: int = 10,
        observed: float = 0.6,
        delta: float = 0.01,
        grace: int = 10,
        least_f: float = 4.0,
        linear: bool = True,
        rate: float = 6.0,
        warning_delta: float = 0.01,
        drift_delta: float = 0.001,
        leaves: int = 128,
        bins: int = 32,
    ) -> None:
        if not (trees >= 1 and 0.0 < rate < 100.0 and 0.0 < warning_delta < 1.0 and 0.0 < drift_delta < 1.0):
            raise ConfigError(
                f"trees is {trees}, rate {rate}, warning_delta {warning_delta} and drift_delta {drift_delta}; expected 1 tree "
                "or more, a rate within (0, 100) and deltas within (0, 1)"
            )
        a_leaf = observed_of(observed, n_features)
        real, whole = regression_arrays(n_features, a_leaf, leaves, bins, delta, TAU, grace, least_f)
        whole[tree.PER_LEAF], whole[tree.LINEAR] = 1, linear
        head = np.zeros(kernels.REAL_HEAD)
        head[kernels.RATE] = rate
        windows = [adwin.adwin_state(d, ADWIN_CLOCK, kernels.ADWIN_ROWS) for d in (warning_delta, drift_delta)]
        self._real: Row = np.tile(np.concatenate([head, real, real, *windows]), (trees, 1))
        counts = np.zeros(kernels.WHOLE_HEAD, np.int64)
        counts[kernels.TREE_REAL], counts[kernels.TREE_WHOLE] = real.size, whole.size
        self._whole: NDArray[np.int64] = np.tile(np.concatenate([counts, whole, whole]), (trees, 1))
        seeds = np.random.default_rng(seed).integers(1, 2**62, (trees, 3))
        self._whole[:, kernels.SEED] = seeds[:, 0]
        for which in (0, 1):
            self._whole[:, kernels.WHOLE_HEAD + which * whole.size + tree.SEED] = seeds[:, 1 + which]
        layout = {
            "kind": "adaptive_random_forest_regressor",
            "version": 2,
            "n_features": n_features,
            "trees": trees,
            "observed": a_leaf,
            "leaves": leaves,
            "bins": bins,
            "linear": linear,
        }
        super().__init__(n_features, layout, {"real": self._real, "whole": self._whole})
        self.reset()

    @property
    def warnings(self) -> int:
        """Number of background trees started since the last reset."""
        return int(self._whole[:, kernels.WARNINGS].sum())

    @property
    def drifts(self) -> int:
        """Number of trees replaced since the last reset."""
        return int(self._whole[:, kernels.DRIFTS].sum())

    def reset(self) -> None:
        """Reset every tree to a single empty leaf; the scales of the features are kept."""
        for real, whole in zip(self._real, self._whole, strict=True):
            kernels.clear(real, whole)

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times from now on."""
        for which in (0, 1):
            place = kernels.REAL_HEAD + which * int(self._whole[0, kernels.TREE_REAL]) + tree.BOOST
            self._real[:, place] = factor

    def _estimate(self, features: Row) -> float:
        return kernels.predict(self._real, self._whole, features)

    def _fit(self, features: Row, target: float, weight: float) -> None:
        kernels.learn_all(self._real, self._whole, features, target, weight)

    def _estimate_rows(self, features: Row, out: Row) -> None:
        kernels.predict_rows(self._real, self._whole, features, out)

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        """Members run on as many cores as there are; no bit depends on how many."""
        trees = len(self._real)
        with member_threads(trees, len(features)) as run_members:
            for start in range(0, len(features), BLOCK):
                rows = slice(start, start + BLOCK)
                votes = np.empty((trees, len(targets[rows])))

                def learn_rows(k: int, rows: slice = rows, votes: Row = votes) -> None:
                    kernels.member_rows(self._real[k], self._whole[k], features[rows], targets[rows], weights[rows], votes[k])

                run_members(learn_rows)
                kernels.combine(votes, out[rows])
