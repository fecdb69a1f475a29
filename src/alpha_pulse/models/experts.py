"""The default online model for markets: logistic learners, the base rate and no-change, mixed by fixed share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.linear import logistic_ensemble as kernels
from alpha_pulse.kernels.linear import newton
from alpha_pulse.models.base import Row
from alpha_pulse.models.packed import PackedModel
from alpha_pulse.models.validation import check_example, check_examples, check_out, check_row, check_rows

SGD_RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
ADAGRAD_RATES = (0.003, 0.01, 0.03, 0.1)
NEWTONS = ((1.0, 25.0), (1.0, 750.0), (0.9999, 100.0))
"""Forgetting and prior curvature of each Newton member. The curvature of the log loss is at most a quarter of that of the
squared error, so these are suitable priors for least squares, 100 and 3,000, divided by four."""


class MarketDefault(PackedModel):
    """Nine gradient and three Newton logistic members over one scaler, with base rate and no-change as further experts.

    The best learning rate differs between targets and markets by a factor of a thousand. The mixture learns the best rate, and
    follows it when it changes. The base rate is always an expert, so the mixture cannot be worse than it for long.

    Parameters
    ----------
    n_features
        Length of a row.
    horizon
        Events over which labels overlap; losses enter the mixture with exponent 1/horizon.
    seed
        Not used: the model is deterministic.
    share
        Weight that moves among the experts per horizon; share/horizon per event.
    span
        Examples after which the scaler forgets exponentially.

    Examples
    --------
    >>> model = MarketDefault(n_features=1, horizon=1)
    >>> rows = np.array([[-1.0], [1.0], [1.0], [-1.0]] * 150)
    >>> _ = model.learn_many(rows, np.array([0, 1, 1, 0] * 150), np.ones(600))
    >>> model.predict(np.array([1.0]), np.zeros(model.n_outputs)) > 0.8
    True

    References
    ----------
    Herbster & Warmuth (1998), "Tracking the best expert". Duchi, Hazan & Singer (2011), "Adaptive subgradient methods".
    Hazan, Agarwal & Kale (2007), "Logarithmic regret algorithms for online convex optimization".
    """

    takes_missing = True
    predict_kernel = staticmethod(kernels.predict)
    learn_kernel = staticmethod(kernels.learn)

    def __init__(self, n_features: int, horizon: int = 1, seed: int = 1, *, share: float = 1e-3, span: int = 20_000) -> None:
        if not (0.0 <= share < 1.0 and span >= 1):
            raise ConfigError(
                f"share of market_default is {share} and span {span}; expected a share from 0 to below 1 and a span from 1 on"
            )
        rates = SGD_RATES + ADAGRAD_RATES
        gradients, newtons = len(rates), len(NEWTONS)
        members = gradients + newtons
        self.n_outputs = members + 3
        self._state: Row = np.zeros(kernels.size(n_features, gradients, newtons))
        layout = {"kind": "market_default", "version": 3, "n_features": n_features, "experts": list(self.expert_names)}
        super().__init__(n_features, layout, {"state": self._state})
        head = self._state
        head[kernels.D], head[kernels.K], head[kernels.SGD_MEMBERS] = n_features, gradients, len(SGD_RATES)
        head[kernels.NEWTONS] = newtons
        head[kernels.SCALE_STEP], head[kernels.EXPONENT], head[kernels.SHARE] = 1.0 / span, 1.0 / horizon, share / horizon
        head[kernels.BOOST] = 1.0
        baselines.start(head, kernels.BASELINES)
        head[kernels.HEAD : kernels.HEAD + gradients] = rates
        self._scratch: Row = np.zeros(kernels.scratch_size(n_features, gradients, newtons))
        self._members = members
        for offset, (forgetting, prior) in zip(self._newton_places(), NEWTONS, strict=True):
            head[offset + newton.FORGETTING], head[offset + newton.PRIOR] = forgetting, prior
        self._unlearn()

    @property
    def kernel_state(self) -> Row:
        """See `alpha_pulse.models.base.CompiledModel`."""
        return self._state

    @property
    def kernel_scratch(self) -> Row:
        """See `alpha_pulse.models.base.CompiledModel`."""
        return self._scratch

    @property
    def expert_names(self) -> tuple[str, ...]:
        """The experts, in the order of the mixture's weights."""
        gradients = (*(f"sgd_{r:g}" for r in SGD_RATES), *(f"adagrad_{r:g}" for r in ADAGRAD_RATES))
        return (*gradients, *(f"newton_{forgetting:g}_{prior:g}" for forgetting, prior in NEWTONS), "base_rate", "no_change")

    @property
    def weights(self) -> Row:
        """The mixture's weights, a copy; they sum to 1."""
        return self._state[-(self._members + 2) :].copy()

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1); fills ``outputs`` with the experts' probabilities and the last label known."""
        check_row(features, self.n_features)
        check_out(outputs, self.n_outputs, "outputs")
        return kernels.predict(self._state, features, outputs)

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Learn one labelled example from its stored row and outputs."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        check_out(outputs, self.n_outputs, "outputs")
        kernels.learn(self._state, features, label, weight, outputs, self._scratch)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        out = np.empty(len(features))
        kernels.predict_rows(self._state, features, np.zeros(self.n_outputs), out)
        return out

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out = np.empty(len(features))
        kernels.learn_rows(self._state, features, labels, weights, np.zeros(self.n_outputs), self._scratch, out)
        return out

    def set_boost(self, factor: float) -> None:
        """Multiply the learning rates, the Newton members' covariance in a step and the share by ``factor`` from now on."""
        self._state[kernels.BOOST] = factor

    def reset(self) -> None:
        """Reset weights, gradients, curvature and the mixture; scaler and base rate are kept."""
        self._unlearn()

    def _newton_places(self) -> range:
        first = kernels.newton_at(self.n_features, self._members - len(NEWTONS))
        block = newton.size(self.n_features + 1)
        return range(first, first + len(NEWTONS) * block, block)

    def _unlearn(self) -> None:
        places = self._newton_places()
        self._state[kernels.HEAD + self._members - len(NEWTONS) + 3 * self.n_features : places.start] = 0.0
        for offset in places:
            newton.start(self._state, offset, self.n_features + 1)
        self._state[-(self._members + 2) :] = 1.0 / (self._members + 2)
