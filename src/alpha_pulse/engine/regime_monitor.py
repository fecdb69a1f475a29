"""Passes each bar of a run to its symbol's regime detector, with the mean return of the other symbols in the same slice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from alpha_pulse.core.stateful import State, Stateful, scalar
from alpha_pulse.core.types import Bar, RegimeChange
from alpha_pulse.detectors.regime import RegimeDetector, block_of


class RegimeMonitor:
    """The regime detectors of a run, one per symbol.

    Parameters
    ----------
    symbols
        Of the run; with more than one, correlation is with the mean return of the others.
    interval_ns
        The length of a bar: a detector's block is a day of them.

    Attributes
    ----------
    detectors
        By symbol.
    """

    def __init__(self, symbols: Sequence[str], interval_ns: int) -> None:
        block, together = block_of(interval_ns), len(symbols) > 1
        self.detectors = {symbol: RegimeDetector(symbol, block, together=together) for symbol in symbols}
        self._together = together
        self._closes: dict[str, float] = {}

    def observe(self, bars: Sequence[Bar]) -> list[RegimeChange]:
        """Process the bars of one slice; returns the changes of regime that they show."""
        changes: list[RegimeChange] = []
        others = self._others(bars) if self._together else {}
        for bar in bars:
            high, low, close = bar.high, bar.low, bar.close
            if not low <= close <= high:  # the feed has warned about it; it is no reason to stop
                high, low = max(high, close), min(low, close)
            changes += self.detectors[bar.symbol].update(bar.ts_event, high, low, close, others.get(bar.symbol, math.nan))
        return changes

    def _others(self, bars: Sequence[Bar]) -> dict[str, float]:
        """By symbol, the mean log return of the others; empty when fewer than two symbols have a return."""
        closes = self._closes
        returns = {bar.symbol: math.log(bar.close / closes[bar.symbol]) for bar in bars if bar.symbol in closes}
        for bar in bars:
            closes[bar.symbol] = bar.close
        if len(returns) < 2:
            return {}
        # Rounded once, so it depends on no order, and taking a return off it leaves exactly 0 where the others stood still.
        total = math.fsum(returns.values())
        return {symbol: (total - own) / (len(returns) - 1) for symbol, own in returns.items()}

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"closes": dict(self._closes)})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._closes = {symbol: float(close) for symbol, close in scalar(state, "closes", dict).items()}

    def components(self) -> dict[str, Stateful]:
        """Components with state, by name."""
        return {"regimes": self, **{f"regimes/{symbol}": detector for symbol, detector in self.detectors.items()}}
