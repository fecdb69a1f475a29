"""Computes the feature vector of each bar of a symbol. Training, replay and live use the same code."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.core.types import Bar, FeatureVector
from alpha_pulse.features import layout
from alpha_pulse.features.indicators import served_step
from alpha_pulse.features.schema import MIN_BARS, FeatureSchema, bars_needed, schema_for

__all__ = ["MIN_BARS", "FeatureExtractor", "FeatureSchema", "schema_for"]


class FeatureExtractor:
    """Turns the bars of one symbol into feature vectors, causally and in bounded memory.

    Parameters
    ----------
    symbol
        The symbol of the bars.
    has_volume, has_quotes
        Whether the feed has these columns. They decide the schema and are fixed for the run.
    volatility_horizon
        Bars of the volatility label, at least 1; sets ``realised`` and the ``vol_level`` features.

    Raises
    ------
    DataError
        The horizon is less than 1. `update` raises it too, for a bar with a price that is not positive or with high below low.

    Examples
    --------
    >>> extractor = FeatureExtractor("BTCUSDT", has_volume=False, has_quotes=False)
    >>> hour = 3_600_000_000_000
    >>> for i in range(60):
    ...     vector = extractor.update(Bar("BTCUSDT", i * hour, hour, 100.0 + i, 101.0 + i, 100.0 + i, 101.0 + i, seq=i))
    >>> dict(zip(extractor.schema.names, vector.values.tolist()))["close_location"]
    1.0
    >>> vector.mask.sum().item(), extractor.bars
    (6, 60)
    """

    def __init__(self, symbol: str, *, has_volume: bool, has_quotes: bool, volatility_horizon: int = 12) -> None:
        if volatility_horizon < 1:
            raise DataError(f"volatility horizon of {symbol} is {volatility_horizon} bars; expected at least 1")
        self.symbol = symbol
        self.schema = schema_for(has_volume, has_quotes, volatility_horizon)
        self.bars = 0
        """Number of bars processed."""
        names = self.schema.names
        self._schema_id = self.schema.schema_id
        self._width = len(names)
        self._state = layout.empty_state(has_volume, has_quotes, volatility_horizon)
        self._needed = np.array(bars_needed(names, volatility_horizon), dtype=np.int64)
        self._all_known = int(self._needed.max())
        volume = [name in ("volume_z", "volume_ratio_5_100", "signed_volume") for name in names]
        quotes = [name == "spread_ratio_500" for name in names]
        self._volume_columns = np.array(volume, dtype=np.bool_)
        self._quote_columns = np.array(quotes, dtype=np.bool_)
        self._has_volume = has_volume
        self._has_quotes = has_quotes

    @property
    def realised(self) -> float:
        """Realised volatility at the newest bar: root of the sum of the last h squared log returns; 0 until there are h."""
        return self._state.item(layout.REALISED)

    @property
    def trailing_median(self) -> float:
        """Median of the last 2,000 values of `realised` up to the newest bar; 0 until there are 200."""
        return self._state.item(layout.TRAILING_MEDIAN)

    @property
    def bar_volatility(self) -> float:
        """Volatility per bar: root of the exponential mean (span 100) of squared log returns; 0 before the second bar."""
        return self._state.item(layout.BAR_VOLATILITY)

    def update(self, bar: Bar) -> FeatureVector | None:
        """Process the next bar. Returns its features, or None before ``MIN_BARS`` bars. The arrays belong to the caller."""
        volume = bar.volume
        bid = bar.bid
        ask = bar.ask
        lacking = (volume is None and self._has_volume) or (self._has_quotes and (bid is None or ask is None))
        values = np.empty(self._width)
        known = served_step(
            self._state,
            bar.ts_event,
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            -1.0 if volume is None else volume,
            0.0 if bid is None else bid,
            0.0 if ask is None else ask,
            values,
        )
        if not known:
            raise DataError(
                f"bar {bar.seq} of {bar.symbol} has open {bar.open}, high {bar.high}, low {bar.low}, close {bar.close}; "
                "expected prices above 0 and high at least low; correct the feed"
            )
        self.bars = bars = self.bars + 1
        if bars >= self._all_known and not lacking:
            return FeatureVector(self.symbol, bar.ts_event, self._schema_id, values)
        if bars < MIN_BARS:
            return None
        mask = self._needed > bars
        if lacking:
            if volume is None:
                mask |= self._volume_columns
            if bid is None or ask is None:
                mask |= self._quote_columns
        return FeatureVector(self.symbol, bar.ts_event, self._schema_id, values, mask if mask.any() else None)

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={"symbol": self.symbol, "schema_id": self._schema_id},
            arrays={"state": self._state.copy()},
        )

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`. Raises StateError when symbol or schema differ."""
        saved = (state.scalars.get("symbol"), state.scalars.get("schema_id"))
        if saved != (self.symbol, self._schema_id):
            raise StateError(
                f"a saved extractor has symbol {saved[0]!r} and schema {saved[1]!r}, but {self.symbol!r} and "
                f"{self._schema_id!r} are needed; restore with the configuration that saved it"
            )
        take(self._state, state, "state")
        self.bars = int(self._state[layout.BARS])
