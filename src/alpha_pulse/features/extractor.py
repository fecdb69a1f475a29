"""Computes the feature vector of each bar of a symbol. Training, replay and live use the same code."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import DataError, StateError
from alpha_pulse.core.stateful import State, take
from alpha_pulse.core.types import Bar, FeatureVector
from alpha_pulse.features import layout
from alpha_pulse.features.indicators import served_rows, served_step
from alpha_pulse.features.own_columns import OwnColumns, OwnFeature
from alpha_pulse.features.schema import MIN_BARS, FeatureSchema, bars_needed, schema_for

Rows = NDArray[np.float64]
Times = NDArray[np.int64]

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
    own
        The own features of the run.

    Raises
    ------
    DataError
        The horizon is less than 1. `update` raises it too, for a bar with a price that is not positive or with high below low.
    FeatureError
        By `update` and `update_rows`: an own feature violates its contract.

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

    def __init__(
        self,
        symbol: str,
        *,
        has_volume: bool,
        has_quotes: bool,
        volatility_horizon: int = 12,
        own: Sequence[OwnFeature] = (),
    ) -> None:
        if volatility_horizon < 1:
            raise DataError(f"volatility horizon of {symbol} is {volatility_horizon} bars; expected at least 1")
        self.symbol = symbol
        self.schema = schema_for(has_volume, has_quotes, volatility_horizon, [(each.name, each.identity) for each in own])
        names = self.schema.names
        self._schema_id = self.schema.schema_id
        self._width = len(names)
        self._state = layout.empty_state(has_volume, has_quotes, volatility_horizon, len(own))
        self._own = OwnColumns(symbol, own) if own else None
        first, last = self.schema.n_common - len(own), self.schema.n_common
        self._own_columns = slice(first, last)
        needed = [bars_needed(part, volatility_horizon) for part in (names[:first], names[last:])]
        self._needed = np.array([*needed[0], *(each.bars_needed for each in own), *needed[1]], dtype=np.int64)
        self._all_known = int(self._needed.max())
        volume = [name in ("volume_z", "volume_ratio_5_100", "signed_volume") for name in names]
        quotes = [name == "spread_ratio_500" for name in names]
        self._volume_columns = np.array(volume, dtype=np.bool_)
        self._quote_columns = np.array(quotes, dtype=np.bool_)
        self.has_volume = has_volume
        self.has_quotes = has_quotes

    @property
    def compiled(self) -> bool:
        """Whether all features are computed by kernels of the program, because there are no own ones."""
        return self._own is None

    @property
    def bars(self) -> int:
        """Bars processed so far."""
        return int(self._state[layout.BARS])

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
        lacking = (volume is None and self.has_volume) or (self.has_quotes and (bid is None or ask is None))
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
        bars = self.bars
        if self._own is not None:
            prices = np.array([[bar.open, bar.high, bar.low, bar.close, *map(_number, (volume, bid, ask))]])
            self._own.fill(bars, np.array([bar.ts_event]), prices, values[None, self._own_columns])
            lacking |= bool(self._own.missing.any())
        if bars >= self._all_known and not lacking:
            return FeatureVector(self.symbol, bar.ts_event, self._schema_id, values)
        if bars < MIN_BARS:
            return None
        mask = self.mask(bars, no_volume=volume is None, no_quotes=bid is None or ask is None)
        return FeatureVector(self.symbol, bar.ts_event, self._schema_id, values, mask)

    def mask(self, number: int, *, no_volume: bool, no_quotes: bool) -> NDArray[np.bool_] | None:
        """Which features of the ``number``-th bar, the newest, are missing; None where none is.

        ``no_*``: the bar lacks these columns.
        """
        mask = self._needed > number
        if self._own is not None:
            mask[self._own_columns] = self._own.missing[-1]
        if no_volume:
            mask |= self._volume_columns
        if no_quotes:
            mask |= self._quote_columns
        return mask if mask.any() else None

    def masks(self, first: int, bars: Rows) -> NDArray[np.bool_] | None:
        """`mask` of each bar from the ``first``-th on, (n, features), columns as in `update_rows`; None where all is known.

        The bars are those of the newest `update_rows`.
        """
        lacking = (self.has_volume and math.isnan(bars[:, 4].sum())) or (self.has_quotes and math.isnan(bars[:, 5:7].sum()))
        lacking = lacking or (self._own is not None and bool(self._own.missing.any()))
        if first >= self._all_known and not lacking:
            return None
        masks: NDArray[np.bool_] = self._needed > np.arange(first, first + len(bars))[:, None]
        masks |= np.outer(np.isnan(bars[:, 4]), self._volume_columns)
        masks |= np.outer(np.isnan(bars[:, 5:7]).any(axis=1), self._quote_columns)
        if self._own is not None:
            masks[:, self._own_columns] = self._own.missing
        return masks

    def update_rows(self, ts: Times, bars: Rows, levels: Rows, features: Rows) -> int:
        """Process bars one by one, in one call.

        Parameters
        ----------
        ts
            Ends of the bars, ns since the epoch, UTC, (n,).
        bars
            Open, high, low, close, volume, bid and ask, (n, 7); NaN where a bar lacks one.
        levels
            (n, 3 or more): `realised`, `trailing_median` and the volatility per bar that needs no model (the trailing median's;
            before there is one, `bar_volatility`) after each bar are written to the first three columns.
        features
            Filled, (n, number of features).

        Returns
        -------
        int
            The first row that cannot be a bar, at which it stopped; n where all could.
        """
        before = self.bars
        rows = int(served_rows(self._state, ts, bars, levels, features))
        if self._own is not None:
            self._own.fill(before + 1, ts[:rows], bars[:rows], features[:rows, self._own_columns])
        return rows

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(
            scalars={"symbol": self.symbol, "schema_id": self._schema_id},
            arrays={"state": self._state.copy(), **({} if self._own is None else self._own.snapshot().arrays)},
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
        if self._own is not None:
            self._own.restore(state)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
