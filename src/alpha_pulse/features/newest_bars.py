"""The newest bars of a symbol, kept from block to block."""

from __future__ import annotations

import numpy as np

from alpha_pulse.core.stateful import State, take_all
from alpha_pulse.features.own import Bars, Row, Times

PRICES = len(Bars._fields) - 1


class NewestBars:
    """Keeps the newest ``kept`` bars of one symbol.

    >>> newest = NewestBars(2)
    >>> newest.extend(np.array([60, 120, 180]), np.ones((3, 7))).ts.tolist()
    [0, 0, 60, 120, 180]
    >>> newest.extend(np.array([240]), np.ones((1, 7))).ts.tolist()
    [120, 180, 240]
    """

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self._ts: Times = np.zeros(kept, dtype=np.int64)
        self._prices: Row = np.zeros((PRICES, kept))

    def extend(self, ts: Times, prices: Row) -> Bars:
        """Add bars; returns those that were kept before, and these.

        Parameters
        ----------
        ts, prices
            Ends of the bars, (n,), and prices, (n, 7), in the order of `Bars`.

        Returns
        -------
        Bars
            ``kept + n`` bars, of which the first are zeros until as many have been added.
        """
        both = np.ascontiguousarray(np.concatenate([self._prices, prices.T], axis=1))
        bars = Bars.of(np.concatenate([self._ts, ts]), both)
        self._ts, self._prices = bars.ts[len(ts) :].copy(), both[:, len(ts) :].copy()
        return bars

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(arrays={"newest_ts": self._ts.copy(), "newest_prices": self._prices.copy()})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        take_all({"newest_ts": self._ts, "newest_prices": self._prices}, state)
