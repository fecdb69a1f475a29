"""Mean reversion: trade against a price that is far from its recent mean until it is nearly back."""

from __future__ import annotations

from alpha_pulse.agents.kernel_agent import KernelAgent
from alpha_pulse.kernels.agents.reversion import FEATURES, reversion_rule


class MeanReversion(KernelAgent):
    """Opens a position against an extreme, increases it with the extreme, and closes it near the middle.

    The score is the mean of ``bollinger_20`` (distance from the 20-bar mean, 1 at two standard deviations) and ``rsi_14``
    (centred, from -1 to 1) over ``OVERBOUGHT_RSI``; the constants are in `kernels.agents.reversion`. At ``|score| >= ENTER``
    a position of ``|score| / FULL``, at most 1, is opened against it, or an open one is increased. The position is held until
    the score is within ``LEAVE`` of 0 or has changed sign. The two thresholds prevent a change at every bar.

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
    features = FEATURES
    rule = staticmethod(reversion_rule)
