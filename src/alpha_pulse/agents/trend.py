"""Trend following: long after a rise over the last weeks of bars, short after a fall, with few changes."""

from __future__ import annotations

from alpha_pulse.agents.kernel_agent import KernelAgent
from alpha_pulse.kernels.agents.trend import FEATURES, trend_rule


class TrendFollowing(KernelAgent):
    """The hyperbolic tangent of a weighted sum of slow returns, held until it has moved by `kernels.agents.trend.BAND`.

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
    features = FEATURES
    rule = staticmethod(trend_rule)
