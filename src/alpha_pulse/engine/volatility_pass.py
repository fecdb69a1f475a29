"""The volatility forecast of one symbol over the rows of a block: features from its bars, then the forecast; stage 5."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpha_pulse.core.config import Config, for_symbol
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.stateful import State
from alpha_pulse.engine.bar_rows import BarRows
from alpha_pulse.features.volatility import VolatilityFeatures
from alpha_pulse.kernels.session import layout
from alpha_pulse.models.volatility.forecaster import PRESETS, VolatilityForecaster


def volatility_pass(symbol: str, interval_ns: int, config: Config) -> VolatilityPass | None:
    """The forecast of a symbol that a configuration asks for. Raises ConfigError as `VolatilityPass` does."""
    volatility = config.volatility
    if volatility.preset == "none":
        return None
    zone, horizon = for_symbol(volatility.time_zone, symbol), config.learning.volatility_horizon_bars
    return VolatilityPass(interval_ns, horizon, PRESETS[volatility.preset], zone, config.seed)


class VolatilityPass:
    """Fills ``given`` of a symbol's rows; see `alpha_pulse.kernels.session.layout`.

    The forecast learns from prices alone, as soon as a label is known, and no decision can change it.

    Parameters
    ----------
    interval_ns
        Length of a bar, ns.
    horizon
        Bars ahead.
    members
        Of `alpha_pulse.models.volatility.forecaster`.
    zone
        The time zone of the symbol's calendar; None: the first week of bars decides.
    seed
        Of random features.

    Raises
    ------
    ConfigError
        There is no such time zone.
    """

    def __init__(self, interval_ns: int, horizon: int, members: Sequence[str], zone: str | None, seed: int) -> None:
        self.features = VolatilityFeatures(max(interval_ns, SECOND_NS), [horizon], zone)
        self.forecaster = VolatilityForecaster(horizon, members, seed=seed)
        self._per_bar = 1.0 / np.sqrt(horizon)

    def run(self, rows: BarRows) -> None:
        """Learn from the rows, whose levels are known, and forecast at each."""
        if not len(rows):
            return
        forecast = self.forecaster.update_rows(self.features.update_rows(rows.ts, rows.bars), rows.prices)
        rows.given[:, layout.EVENT_PROBABILITY] = forecast.event
        rows.given[:, layout.LEVEL] = forecast.sizing * self._per_bar

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        parts = {"features": self.features.snapshot(), "forecaster": self.forecaster.snapshot()}
        arrays = {f"{name}/{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
        return State({name: part.scalars for name, part in parts.items()}, arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        for name, part in (("features", self.features), ("forecaster", self.forecaster)):
            first = f"{name}/"
            arrays = {key.removeprefix(first): array for key, array in state.arrays.items() if key.startswith(first)}
            part.restore(State(state.scalars[name], arrays))
