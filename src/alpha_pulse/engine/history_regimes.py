"""Calm, normal and turbulent times of one symbol: a rule over what was observed, in which no model has a part."""

from __future__ import annotations

from collections import deque

import numpy as np

from alpha_pulse.engine.gateway_trading import Regime, Regimes
from alpha_pulse.kernels.median import median_push, median_size, median_value

WINDOW = 2_000
NEEDED = 200
"""Values before the median is believed."""
TURBULENT, CALM = 1.5, 1.0 / 1.5
NO_LONGER_TURBULENT, NO_LONGER_CALM = 1.2, 1.0 / 1.2
"""The way back is further in, so that a ratio at a border does not flutter."""
KEPT = 10_000
"""Stretches of time that are remembered."""


class _Stretch:
    __slots__ = ("count", "from_ms", "label", "total")

    def __init__(self, from_ms: int, label: str) -> None:
        self.from_ms, self.label, self.total, self.count = from_ms, label, 0.0, 0


class RegimeRule:
    """Realised volatility over the median of its last 2,000 values, in three classes.

    >>> rule = RegimeRule("X", 12)
    >>> for hour in range(300):
    ...     rule.take(hour, 0.01 if hour < 250 else 0.03)
    >>> [(regime.from_ms, regime.label) for regime in rule.regimes().regimes]
    [(199, 'normal'), (250, 'turbulent')]
    """

    def __init__(self, symbol: str, horizon: int) -> None:
        self._symbol = symbol
        self._horizon = horizon
        self._median = np.zeros(median_size(WINDOW))
        self._seen = 0
        self._stretches: deque[_Stretch] = deque(maxlen=KEPT)

    def take(self, ts_ms: int, realised: float) -> None:
        """Take the realised volatility at one bar."""
        median_push(self._median, 0, WINDOW, realised)
        self._seen += 1
        if self._seen < NEEDED:
            return
        median = median_value(self._median, 0, WINDOW)
        ratio = realised / median if median > 0.0 else 1.0
        stretches = self._stretches
        label = _next(stretches[-1].label if stretches else "normal", ratio)
        if not stretches or stretches[-1].label != label:
            stretches.append(_Stretch(ts_ms, label))
        stretches[-1].total += ratio
        stretches[-1].count += 1

    def regimes(self) -> Regimes:
        """All stretches so far, the last one still open."""
        ends = [stretch.from_ms for stretch in self._stretches][1:]
        return Regimes(
            self._symbol,
            f"A rule, no model: realised volatility over {self._horizon} bars against the median of the last {WINDOW:,}. "
            f"Turbulent from {TURBULENT:g} times the median on (until below {NO_LONGER_TURBULENT:g}), calm up to {CALM:.2g} "
            f"times (until above {NO_LONGER_CALM:.2g}), else normal; ratio is the mean over the stretch.",
            [
                Regime(stretch.from_ms, end, stretch.label, stretch.total / stretch.count)  # type: ignore[arg-type]
                for stretch, end in zip(self._stretches, [*ends, None], strict=False)
            ],
        )


def _next(label: str, ratio: float) -> str:
    if ratio >= (NO_LONGER_TURBULENT if label == "turbulent" else TURBULENT):
        return "turbulent"
    if ratio <= (NO_LONGER_CALM if label == "calm" else CALM):
        return "calm"
    return "normal"
