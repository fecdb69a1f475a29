"""Margin-based linear models: passive-aggressive I and II, and AROW, for two classes, more classes (one against the rest), and
numbers.

All standardise their rows. Margin scores are not log odds: each output has an online Platt scaling, which learns from the score
before the step.
"""

from __future__ import annotations

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import linear_family as kernels
from alpha_pulse.models.base import Row
from alpha_pulse.models.gradient import positive
from alpha_pulse.models.linear_family import LinearBinary, LinearClassifier, LinearRegressor, Method
from alpha_pulse.models.validation import check_row


class _PassiveAggressive:
    kind = "passive_aggressive"

    @staticmethod
    def method_of(*, aggressiveness: float = 0.01, variant: int = 1) -> Method:
        positive("passive_aggressive", aggressiveness=aggressiveness)
        if variant not in (1, 2):
            raise ConfigError(f"variant of passive_aggressive is {variant}; expected 1 (capped steps) or 2 (softened steps)")
        return Method(code=kernels.PA_I if variant == 1 else kernels.PA_II, rate=aggressiveness)


class PassiveAggressive(_PassiveAggressive, LinearBinary):
    """Passive-aggressive: the smallest change of the weights that restores the margin, bounded by ``aggressiveness``.

    Parameters as for `LinearBinary`, and aggressiveness (the papers' C, > 0) and variant (1 or 2). A boost multiplies the
    aggressiveness.

    >>> import numpy as np
    >>> model = PassiveAggressive(n_features=1)
    >>> _ = model.learn_many(np.array([[-1.0], [1.0]] * 300), np.array([0, 1] * 300), np.ones(600))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.8
    True

    Source: Crammer et al. (2006), "Online passive-aggressive algorithms".
    """


class PassiveAggressiveClassifier(_PassiveAggressive, LinearClassifier):
    """`PassiveAggressive` for more classes, one against the rest."""


class PassiveAggressiveRegressor(_PassiveAggressive, LinearRegressor):
    """`PassiveAggressive` for numbers: errors below a tenth of the target's standard deviation are ignored."""


class _AROW:
    kind = "arow"

    @staticmethod
    def method_of(*, noise: float = 1.0, forgetting: float = 0.999) -> Method:
        positive("arow", noise=noise)
        if not 0.0 < forgetting <= 1.0:
            raise ConfigError(f"forgetting of arow is {forgetting}; expected a number within (0, 1]")
        return Method(code=kernels.AROW, rate=noise, forgetting=forgetting)

    _state: Row
    _scratch: Row

    def uncertainty(self, features: Row) -> float:
        """The variance of the score of one row (first output). It falls as similar rows are learned."""
        check_row(features, int(self._state[kernels.D]))
        return kernels.uncertainty(self._state, features, self._scratch)


class AROW(_AROW, LinearBinary):
    """Adaptive regularisation of weights: each weight has a variance; uncertain weights take larger steps.

    Parameters as for `LinearBinary`, and noise (variance of an example, the paper's r, > 0) and forgetting (factor of the
    certainty per example, in (0, 1]; 1, as in the paper, forgets nothing). A boost multiplies the variances for a step.

    >>> import numpy as np
    >>> model = AROW(n_features=1)
    >>> before = model.uncertainty(np.array([1.0]))
    >>> _ = model.learn_many(np.array([[-1.0], [1.0]] * 300), np.array([0, 1] * 300), np.ones(600))
    >>> model.uncertainty(np.array([1.0])) < before
    True

    Source: Crammer, Kulesza & Dredze (2013), "Adaptive regularization of weight vectors", doi 10.1007/s10994-013-5327-x.
    """


class AROWClassifier(_AROW, LinearClassifier):
    """`AROW` for more classes, one against the rest."""


class AROWRegressor(_AROW, LinearRegressor):
    """`AROW` for numbers: Bayesian linear regression with a diagonal covariance."""
