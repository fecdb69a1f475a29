"""The volatility forecast: named members, a density over them, the level that sizes positions, and the event's probability.

The kernels are in `alpha_pulse.kernels.volatility.forecast`; the inputs are the wide features of a symbol.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.kernels.volatility import density, inputs
from alpha_pulse.kernels.volatility import forecast as kernels
from alpha_pulse.models.packed import PackedModel

Row = NDArray[np.float64]

MEMBERS = {
    "ewma": inputs.EWMA,
    "ewma_s": inputs.EWMA_S,
    "har": inputs.HAR,
    "har_s": inputs.HAR_S,
    "har_gk_s": inputs.HAR_GK_S,
    "level_regression": inputs.LEVEL_REGRESSION,
    "random_features": inputs.RANDOM_FEATURES,
}
"""The members by name; ``_s``: without season, ``_gk``: from ranges."""
LEAN = ("ewma_s", "har_gk_s")
DEFAULT = ("ewma_s", "har_s", "har_gk_s", "level_regression")
FULL = (*DEFAULT, "random_features")
PRESETS = {"lean": LEAN, "default": DEFAULT, "full": FULL}
RANDOM_FEATURES = 40


class Forecast(msgspec.Struct, frozen=True):
    """Forecasts of n bars over the next h bars; NaN where the trailing median is not known yet.

    Parameters
    ----------
    volatility
        The level: root of the sum of the next h squared log returns, (n,).
    sizing
        The level for positions of steady risk, see `alpha_pulse.kernels.volatility.forecast`, (n,).
    event
        The probability that it will be above its trailing median, (n,).
    log_mean
        The mean of the density of its log ratio to the median, (n,).
    means, scales
        The members' log ratios, and the scales of their residuals, (n, J).
    weights
        Of the members' densities, normal and Student in turn, (n, 2 J).
    experts
        The probabilities that were mixed to ``event``, (n, E).
    """

    volatility: Row
    sizing: Row
    event: Row
    log_mean: Row
    means: Row
    scales: Row
    weights: Row
    experts: Row

    def quantiles(self, probabilities: Sequence[float]) -> Row:
        """Quantiles of the log ratio, (n, number of probabilities)."""
        out = np.empty((len(self.means), len(probabilities)))
        density.quantile_rows(self.weights, self.means, self.scales, np.array(probabilities), out)
        return out


class VolatilityForecaster(PackedModel):
    """Forecasts realised volatility over the next ``horizon`` bars, bar by bar.

    Parameters
    ----------
    horizon
        In bars, at least 1.
    members
        Names of `MEMBERS`, each once.
    ahead
        The place of ``horizon`` among those of the wide features.
    random_features
        Number of random features, if ``random_features`` is a member.
    seed
        Of their random weights.

    Raises
    ------
    UnknownNameError, ConfigError
        A member does not exist, or a parameter is not valid.

    >>> model = VolatilityForecaster(12)
    >>> rows, levels = np.zeros((3, model.n_features)), np.array([[0.0, 0.0], [0.01, 0.01], [0.02, 0.01]])
    >>> rows[:, -1] = rows[:, -3] = 1.0  # the seasonal factors
    >>> forecast = model.update_rows(rows, levels)
    >>> forecast.event.round(2).tolist()
    [nan, 0.69, 0.69]
    """

    def __init__(
        self,
        horizon: int,
        members: Sequence[str] = DEFAULT,
        *,
        ahead: int = 0,
        random_features: int = RANDOM_FEATURES,
        seed: int = 1,
    ) -> None:
        for name in members:
            if name not in MEMBERS:
                raise UnknownNameError(f"there is no volatility member {name!r}{did_you_mean(name, MEMBERS)}")
        if not members or len(set(members)) != len(members):
            raise ConfigError(f"the volatility members are {list(members)}; expected one or more names, each once")
        if horizon < 1 or random_features < 1:
            raise ConfigError(f"horizon is {horizon} and random_features {random_features}; expected at least 1 of each")
        self.horizon, self.members = horizon, tuple(members)
        used = random_features if "random_features" in members else 0
        self.plan: NDArray[np.int64] = np.zeros(kernels.PLAN + kernels.PER_MEMBER * len(members), dtype=np.int64)
        kernels.plan_for(self.plan, np.array([MEMBERS[name] for name in members]), horizon, ahead, used)
        rng = np.random.default_rng(seed)
        self.projection: Row = rng.standard_normal((used, inputs.N_REGRESSION)) / np.sqrt(inputs.N_REGRESSION)
        self.kernel_state: Row = np.zeros(kernels.size(self.plan))
        widest = self.plan[kernels.PLAN + kernels.WIDTH :: kernels.PER_MEMBER].max()
        self.kernel_scratch: Row = np.zeros(max(4, int(widest)))
        layout = {"kind": "volatility", "version": 1, "plan": self.plan.tolist(), "seed": seed if used else 0}
        super().__init__(int(self.plan[kernels.AHEAD]) + 1, layout, {"state": self.kernel_state})
        kernels.start(self.plan, self.kernel_state)

    @property
    def columns(self) -> int:
        """Columns of the array of forecasts."""
        return kernels.columns(len(self.members))

    def update(self, row: Row, realised: float, median: float) -> Row:
        """Learn from the bar of ``row``, then predict; see `update_rows`. Returns the columns of one forecast."""
        out = np.empty(self.columns)
        kernels.forecast_step(self.plan, self.kernel_state, row, self.projection, realised, median, self.kernel_scratch, out)
        return out

    def update_rows(self, rows: Row, levels: Row) -> Forecast:
        """Process bars one by one, in one call.

        Parameters
        ----------
        rows
            Wide features, (n, n_features or more).
        levels
            Realised volatility over the last h bars, and its trailing median, 0 while unknown, (n, 2 or more).
        """
        out = np.empty((len(rows), self.columns))
        kernels.forecast_rows(self.plan, self.kernel_state, rows, self.projection, levels, self.kernel_scratch, out)
        return forecast_of(out, len(self.members))


def forecast_of(out: Row, members: int) -> Forecast:
    """The columns of forecasts (n, `VolatilityForecaster.columns`) by name."""
    first = kernels.MEMBER_COLUMNS
    return Forecast(
        volatility=out[:, kernels.VOLATILITY],
        sizing=out[:, kernels.SIZING],
        event=out[:, kernels.EVENT],
        log_mean=out[:, kernels.LOG_MEAN],
        means=out[:, first : first + members],
        scales=out[:, first + members : first + 2 * members],
        weights=out[:, first + 2 * members : first + 4 * members],
        experts=out[:, first + 4 * members :],
    )
