"""Regimes of one symbol (calm, normal, turbulent), and changes of its trend and correlation, from the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from alpha_pulse.core.types import RegimeChange, RegimeLabel
from alpha_pulse.gateway.trading_messages import ChangePoint, Regime, Regimes
from alpha_pulse.runtime.history.events import MS, BarOpen

MAX_CHANGES = 10_000
"""The maximum number of stored changes of each kind."""
LABELS: tuple[RegimeLabel, ...] = ("calm", "normal", "turbulent")
METHOD = (
    "The regime as detected at the time, by volatility against its usual level: a hidden Markov model over volatility, trend "
    "and correlation classifies the regime; change-point detection estimates when it began. It describes the past and predicts "
    "nothing."
)


class RegimeHistory:
    """The changes of one symbol.

    >>> history = RegimeHistory("X")
    >>> probabilities = (0.99, 0.01, 0.0)
    >>> change = RegimeChange("X/regime/1", "X", 9_000_000, "volatility", None, "calm", 0.99, 5_000_000, 0.6, probabilities)
    >>> history.take(change)
    >>> regime = history.regimes({"calm": 0.9, "normal": 0.1, "turbulent": 0.0}, lambda symbol, ts: ts // MS - 1).regimes[0]
    >>> regime.label, regime.from_ms, regime.from_bar_open_ms
    ('calm', 9, 8)
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._regimes: deque[RegimeChange] = deque(maxlen=MAX_CHANGES)
        self._shifts: deque[RegimeChange] = deque(maxlen=MAX_CHANGES)

    def take(self, change: RegimeChange) -> None:
        """Add one change."""
        (self._regimes if change.feature == "volatility" else self._shifts).append(change)

    def regimes(self, now: Mapping[RegimeLabel, float], opened: BarOpen) -> Regimes:
        """All periods so far, the last one open, and the probabilities ``now``."""
        changes, symbol = self._regimes, self._symbol
        ends = [change.ts for change in changes][1:]
        return Regimes(
            self._symbol,
            METHOD,
            dict(now),
            [
                Regime(
                    change.ts // MS,
                    opened(symbol, change.ts),
                    None if end is None else end // MS,
                    None if end is None else opened(symbol, end),
                    change.to_label,
                    change.ratio,
                    change.change_ts // MS,
                    opened(symbol, change.change_ts),
                    dict(zip(LABELS, change.probabilities, strict=True)),
                )
                for change, end in zip(changes, [*ends, None], strict=False)
            ],
            [
                ChangePoint(
                    change.ts // MS,
                    opened(symbol, change.ts),
                    change.change_ts // MS,
                    opened(symbol, change.change_ts),
                    change.feature,
                    change.probability,
                )
                for change in self._shifts
            ],
        )
