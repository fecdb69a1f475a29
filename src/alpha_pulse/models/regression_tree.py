"""A Hoeffding tree for regression, and the arrays of all models with regression trees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.trees import regression_tree as kernels
from alpha_pulse.kernels.trees import regression_tree_growth as growth
from alpha_pulse.models.base import Row
from alpha_pulse.models.estimators import Regressor

FOR_EVER = 1e15
"""A memory that is never full."""


def observed_of(share: float, n_features: int) -> int:
    """The number of features in the fraction ``share`` of all, at least one.

    Raises
    ------
    ConfigError
        ``share`` is not in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise ConfigError(f"observed is {share}; expected a fraction of the features in (0, 1]")
    return math.ceil(share * n_features)


def regression_arrays(
    n_features: int, observed: int, leaves: int, bins: int, delta: float, tau: float, grace: int, least_f: float
) -> tuple[Row, NDArray[np.int64]]:
    """Arrays (real, whole) of a tree of `alpha_pulse.kernels.trees.regression_tree`, not yet cleared and without a memory
    limit.

    Parameters
    ----------
    n_features, observed
        Length of a row; features that a leaf observes.
    leaves, bins
        Maximum number of leaves; bins of a histogram (even). They set the memory.
    delta, tau
        Confidence of the Hoeffding bound on the ratio of the two best features; the bound below which a tie is broken.
    grace
        Examples between two attempts of a leaf to split.
    least_f
        F statistic that a split must reach.

    Raises
    ------
    ConfigError
        A parameter is out of range.
    """
    if n_features < 1 or leaves < 2 or bins < 4 or bins % 2:
        raise ConfigError(
            f"n_features is {n_features}, leaves {leaves} and bins {bins}; expected 1 feature or more, 2 leaves or more and an "
            "even number of bins from 4 on"
        )
    if not (0.0 < delta < 1.0 and 0.0 <= tau <= 1.0 and grace >= 1 and 0.0 <= least_f < math.inf):
        raise ConfigError(
            f"delta is {delta}, tau {tau}, grace {grace} and least_f {least_f}; expected 0 < delta < 1, 0 <= tau <= 1, 1 or "
            "more for grace and 0 or more for least_f"
        )
    real = np.zeros(kernels.real_size(n_features, observed, bins, leaves))
    whole = np.zeros(kernels.whole_size(n_features, observed, leaves), np.int64)
    whole[kernels.FEATURES], whole[kernels.OBSERVED] = n_features, observed
    whole[kernels.BINS], whole[kernels.SLOTS] = bins, leaves
    real[kernels.DELTA], real[kernels.TAU], real[kernels.GRACE], real[kernels.LEAST_F] = delta, tau, grace, least_f
    real[kernels.BOOST], real[kernels.SPAN], real[kernels.WINDOW] = 1.0, FOR_EVER, FOR_EVER
    return real, whole


class HoeffdingTreeRegressor(Regressor):
    """A regression tree that splits to reduce the variance of the target, with a mean and a linear model in each leaf.

    Parameters
    ----------
    n_features
        Length of a row.
    seed
        Not used: nothing here is random.
    delta, tau, grace
        After each ``grace`` examples, a leaf splits if the Hoeffding bound of confidence ``delta`` separates the best feature
        from the second best, or is below ``tau``.
    least_f
        F statistic of the reduction of variance that a split must reach.
    linear
        Whether leaves also fit a linear model, and predict by it where its error is smaller than the mean's.
    leaves, bins
        Maximum leaves, bins of each histogram; they set the memory. With all leaves in use, the tree stops growing.

    Examples
    --------
    >>> model, rows = HoeffdingTreeRegressor(n_features=1), np.random.default_rng(1).uniform(-1.0, 1.0, (2_000, 1))
    >>> _ = model.learn_many(rows, np.where(rows[:, 0] > 0.0, 5.0, 1.0), np.ones(2_000))
    >>> round(model.predict(np.array([0.5])), 1), round(model.predict(np.array([-0.5])), 1)
    (5.0, 1.0)

    References
    ----------
    Ikonomovska, Gama & Dzeroski (2011), "Learning model trees from evolving data streams", doi 10.1007/s10618-010-0201-y.
    """

    takes_missing = True

    def __init__(
        self,
        n_features: int,
        seed: int = 1,
        *,
        delta: float = 1e-7,
        tau: float = 0.05,
        grace: int = 200,
        least_f: float = 10.0,
        linear: bool = True,
        leaves: int = 256,
        bins: int = 64,
    ) -> None:
        self._real, self._whole = regression_arrays(n_features, n_features, leaves, bins, delta, tau, grace, least_f)
        self._whole[kernels.LINEAR] = linear
        layout = {
            "kind": "hoeffding_tree_regressor",
            "version": 2,
            "n_features": n_features,
            "leaves": leaves,
            "bins": bins,
            "linear": linear,
        }
        super().__init__(n_features, layout, {"real": self._real, "whole": self._whole})
        self.reset()

    @property
    def leaves(self) -> int:
        """Number of leaves."""
        return int(self._whole[kernels.LEAVES])

    def reset(self) -> None:
        """Reset to a single empty leaf; the scales of the features are kept."""
        kernels.clear(self._real, self._whole)

    def set_boost(self, factor: float) -> None:
        """Count each new example ``factor`` times from now on."""
        self._real[kernels.BOOST] = factor

    def _estimate(self, features: Row) -> float:
        return kernels.predict(self._real, self._whole, features)

    def _fit(self, features: Row, target: float, weight: float) -> None:
        growth.learn(self._real, self._whole, features, target, weight, share_of(weight))

    def _estimate_rows(self, features: Row, out: Row) -> None:
        growth.predict_rows(self._real, self._whole, features, out)

    def _fit_rows(self, features: Row, targets: Row, weights: Row, out: Row) -> None:
        growth.learn_rows(self._real, self._whole, features, targets, weights, out)
