"""Mean reversion: trade against a price that is far from its recent mean until it is nearly back."""

from __future__ import annotations

from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.types import MarketView

# One unit of the score is Bollinger's outer band and Wilder's 70 (or 30) line together.
OVERBOUGHT_RSI = 0.4
ENTER = 1.0
LEAVE = 0.25
FULL = 2.0
"""The score of a full position; at `ENTER` the position is ``ENTER / FULL`` of it."""


class MeanReversion(BaseAgent):
    """Opens a position against an extreme, increases it with the extreme, and closes it near the middle.

    The score is the mean of ``bollinger_20`` (distance from the 20-bar mean, 1 at two standard deviations) and
    ``rsi_14`` (centred, from -1 to 1) over `OVERBOUGHT_RSI`. At ``|score| >= ENTER`` a position of ``|score| / FULL``, at most
    1, is opened against it, or deepened if one is held; it is kept until the score is within `LEAVE` of 0 or has
    changed sign. The two thresholds prevent a change at every bar.

    Raises
    ------
    AgentError
        The schema lacks one of the features.

    References
    ----------
    Reversal of short-term returns: Lehmann (1990), Fads, martingales, and market efficiency, doi:10.2307/2937816.
    Bands: Bollinger (2001), Bollinger on Bollinger Bands.
    RSI and its 30 and 70 lines: Wilder (1978), New Concepts in Technical Trading Systems.

    >>> import numpy as np
    >>> from alpha_pulse.core.types import Bar, FeatureVector, MarketView
    >>> agent = MeanReversion(("bollinger_20", "rsi_14"))
    >>> bar = Bar("EURUSD", 0, 3_600_000_000_000, 1.1, 1.1, 1.1, 1.1)
    >>> for position, strength in ((1.4, 0.4), (0.6, 0.2), (0.1, 0.0)):
    ...     view = MarketView(bar, FeatureVector("EURUSD", 0, "s", np.array([position, strength])))
    ...     print(round(agent.rule_based_analysis(view), 3))
    -0.6
    -0.6
    0.0
    """

    name = "reversion"

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        self._bollinger = self.index_of("bollinger_20")
        self._rsi = self.index_of("rsi_14")

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The position against the last extreme, from -1 to 1; 0 after the score has returned to the middle."""
        value = market_data.features.values.item
        score: float = 0.5 * value(self._bollinger) + 0.5 / OVERBOUGHT_RSI * value(self._rsi)
        symbol = market_data.bar.symbol
        held = self.held.get(symbol, 0.0)
        if score >= ENTER:
            wanted = min(held, -min(score / FULL, 1.0))
        elif score <= -ENTER:
            wanted = max(held, min(-score / FULL, 1.0))
        elif held == 0.0 or (score > LEAVE and held < 0.0) or (score < -LEAVE and held > 0.0):
            return held
        else:
            wanted = 0.0
        self.held[symbol] = wanted
        return wanted
