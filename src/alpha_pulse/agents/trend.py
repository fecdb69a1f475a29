"""Trend following: long after a rise over the last weeks of bars, short after a fall, with few changes."""

from __future__ import annotations

import math

from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.types import MarketView

# On a random walk ret_96 has standard deviation 1 and a distance from an EMA about 1/2 (both in units of volatility times
# root span), so the three terms weigh about alike and a typical score is near 1, where tanh still discriminates.
RETURN_WEIGHT = 0.4
NEAR_WEIGHT = 0.6
FAR_WEIGHT = 0.8
BAND = 0.25
"""Smallest change of direction that is made."""


class TrendFollowing(BaseAgent):
    """The hyperbolic tangent of a weighted sum of slow returns, held until it has moved by `BAND`.

    Features: ``ret_96``, ``ema_dist_50``, ``ema_dist_200``, all in units of volatility times root span. The band
    keeps turnover low: the position does not change while the gain of a change is small compared with the costs of trading.

    Raises
    ------
    AgentError
        The schema lacks one of the features.

    References
    ----------
    Moskowitz, Ooi and Pedersen (2012), Time series momentum, Journal of Financial Economics 104(2),
    doi:10.1016/j.jfineco.2011.11.003. Distances from moving averages as trend signals: Baz, Granger, Harvey, Le Roux and
    Rattray (2015), Dissecting investment strategies in the cross section and time series, doi:10.2139/ssrn.2695101. The band:
    Davis and Norman (1990), Portfolio selection with transaction costs, doi:10.1287/moor.15.4.676.

    >>> import numpy as np
    >>> from alpha_pulse.core.types import Bar, FeatureVector, MarketView
    >>> agent = TrendFollowing(("ret_96", "ema_dist_50", "ema_dist_200"))
    >>> bar = Bar("EURUSD", 0, 3_600_000_000_000, 1.1, 1.1, 1.1, 1.1)
    >>> view = MarketView(bar, FeatureVector("EURUSD", 0, "s", np.array([2.0, 0.5, 1.0])))
    >>> round(agent.rule_based_analysis(view), 3)
    0.956
    """

    name = "trend"

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        self._return = self.index_of("ret_96")
        self._near = self.index_of("ema_dist_50")
        self._far = self.index_of("ema_dist_200")

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The direction held for this symbol, renewed when the trend's direction is `BAND` or more away from it."""
        value = market_data.features.values.item
        score = RETURN_WEIGHT * value(self._return) + NEAR_WEIGHT * value(self._near) + FAR_WEIGHT * value(self._far)
        wanted = math.tanh(score)
        symbol = market_data.bar.symbol
        held = self.held.get(symbol, 0.0)
        if -BAND < wanted - held < BAND:
            return held
        self.held[symbol] = wanted
        return wanted
