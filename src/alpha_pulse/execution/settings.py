"""The settings of execution, in the form that the kernels read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean


def settings_of(config: Config) -> NDArray[np.float64]:
    """The row of settings, in the order of `alpha_pulse.kernels.execution.layout`."""
    limits, execution, venue = config.risk, config.execution, config.venue
    return np.array(
        [
            limits.max_position_fraction, limits.max_order_fraction, limits.max_daily_loss_fraction,
            limits.stale_after_intervals, limits.frozen_after_bars, execution.target_volatility, execution.rebalance_band,
            execution.stop_volatilities, venue.fee_bps, venue.half_spread_bps, venue.slippage_bps,
        ],
        dtype=np.float64,
    )  # fmt: skip


def check_names(config: Config, symbols: Sequence[str]) -> None:
    """Raise ConfigError if a setting by symbol names a symbol that is not in ``symbols``."""
    for key in ("lot_size", "tick_size", "min_order_value"):
        setting = getattr(config.venue, key)
        for symbol in setting if isinstance(setting, dict) else ():
            if symbol not in symbols:
                raise ConfigError(
                    f"venue.{key} names {symbol!r}, which is no symbol of the data{did_you_mean(symbol, symbols)}"
                )
