"""Linear models trained by gradients: SGD, AdaGrad, FTRL-Proximal and coin betting, for two classes, more classes, and numbers.

All standardise their rows. The loss is the log loss for classes (softmax for more than two) and the squared error of
the standardised target for numbers.
"""

from __future__ import annotations

import math

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.linear import linear_family as kernels
from alpha_pulse.models.linear_family import LinearBinary, LinearClassifier, LinearRegressor, Method


def positive(kind: str, **values: float) -> None:
    """Raise ConfigError for the first value that is not finite or not above 0."""
    for name, value in values.items():
        if not 0.0 < value < math.inf:
            raise ConfigError(f"{name} of {kind} is {value}; expected a finite number above 0")


def not_negative(kind: str, **values: float) -> None:
    """Raise ConfigError for the first value that is not finite or below 0."""
    for name, value in values.items():
        if not 0.0 <= value < math.inf:
            raise ConfigError(f"{name} of {kind} is {value}; expected a finite number, 0 or above")


class _SGD:
    kind = "sgd"

    @staticmethod
    def method_of(*, rate: float = 0.01, decay: float = 0.0, l1: float = 0.0, l2: float = 0.0) -> Method:
        positive("sgd", rate=rate)
        not_negative("sgd", decay=decay, l1=l1, l2=l2)
        return Method(code=kernels.SGD, rate=rate, decay=decay, l1=l1, l2=l2)


class SGD(_SGD, LinearBinary):
    """Stochastic gradient descent on the log loss: ``rate`` / n**``decay`` at example n, with penalties ``l1`` and ``l2``.

    Parameters as for `LinearBinary`, and rate (> 0), decay, l1, l2 (>= 0). A boost multiplies the rate.

    >>> import numpy as np
    >>> model = SGD(n_features=1, rate=0.05, l1=1e-4)
    >>> _ = model.learn_many(np.array([[-1.0], [1.0]] * 300), np.array([0, 1] * 300), np.ones(600))
    >>> model.predict(np.array([1.0]), np.zeros(1)) > 0.8
    True

    Sources: Bottou (2010), "Large-scale machine learning with stochastic gradient descent"; Langford, Li & Zhang (2009),
    "Sparse online learning via truncated gradient".
    """


class SGDClassifier(_SGD, LinearClassifier):
    """`SGD` for more classes, on the softmax."""


class SGDRegressor(_SGD, LinearRegressor):
    """`SGD` for numbers, on the squared error."""


class _AdaGrad:
    kind = "adagrad"

    @staticmethod
    def method_of(*, rate: float = 0.03, l1: float = 0.0, l2: float = 0.0) -> Method:
        positive("adagrad", rate=rate)
        not_negative("adagrad", l1=l1, l2=l2)
        return Method(code=kernels.ADAGRAD, rate=rate, l1=l1, l2=l2)


class AdaGrad(_AdaGrad, LinearBinary):
    """AdaGrad: a rate per weight that falls with the sum of its squared gradients, so rare features learn faster.

    Parameters as for `LinearBinary`, and rate (> 0), l1, l2 (>= 0). A boost multiplies the rate.

    Source: Duchi, Hazan & Singer (2011), "Adaptive subgradient methods for online learning and stochastic optimization".
    """


class AdaGradClassifier(_AdaGrad, LinearClassifier):
    """`AdaGrad` for more classes, on the softmax."""


class AdaGradRegressor(_AdaGrad, LinearRegressor):
    """`AdaGrad` for numbers, on the squared error."""


class _FTRL:
    kind = "ftrl"

    @staticmethod
    def method_of(*, alpha: float = 0.05, beta: float = 1.0, l1: float = 0.0, l2: float = 0.0) -> Method:
        positive("ftrl", alpha=alpha)
        not_negative("ftrl", beta=beta, l1=l1, l2=l2)
        return Method(code=kernels.FTRL, rate=alpha, beta=beta, l1=l1, l2=l2)


class FTRL(_FTRL, LinearBinary):
    """FTRL-Proximal: like AdaGrad, but L1 sets weights to exactly 0.

    Parameters as for `LinearBinary`, and alpha (> 0), beta, l1, l2 (>= 0). A boost multiplies alpha; the weights do not jump.

    Source: McMahan et al. (2013), "Ad click prediction: a view from the trenches".
    """


class FTRLClassifier(_FTRL, LinearClassifier):
    """`FTRL` for more classes, on the softmax."""


class FTRLRegressor(_FTRL, LinearRegressor):
    """`FTRL` for numbers, on the squared error."""


class _CoinBetting:
    kind = "coin_betting"

    @staticmethod
    def method_of() -> Method:
        return Method(code=kernels.COIN, rate=1.0)


class CoinBetting(_CoinBetting, LinearBinary):
    """COCOB, which has no learning rate: each weight bets a fraction of its winnings on the sign of its next gradient.

    Parameters as for `LinearBinary`. A boost above 1 forgets a thousandth of the past bets per example for each unit above 1;
    one below 1 weakens the gradients.

    Source: Orabona & Tommasi (2017), "Training deep networks without learning rates through coin betting".
    """


class CoinBettingClassifier(_CoinBetting, LinearClassifier):
    """`CoinBetting` for more classes, on the softmax."""


class CoinBettingRegressor(_CoinBetting, LinearRegressor):
    """`CoinBetting` for numbers, on the squared error."""
