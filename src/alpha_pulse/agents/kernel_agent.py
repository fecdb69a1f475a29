"""An agent whose rule is a kernel, so that the compiled loop can call it without Python."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.types import MarketView

_PYTHON_FORM = ("rule_based_analysis", "decide")


class KernelAgent(BaseAgent):
    """An agent that ships its rule as a kernel; the direction held per symbol is its only memory.

    A subclass sets ``name``, ``features`` and ``rule``, a function decorated with `alpha_pulse.kernels.base.jit.kernel` and
    wrapped in ``staticmethod``. A Python form of the rule is optional: without one, `rule_based_analysis` calls the kernel.

    Attributes
    ----------
    features
        The names of the features that the rule reads.
    places
        Of ``features`` in the schema, int64 (len(features),).

    Raises
    ------
    AgentError
        The schema lacks one of the features.

    >>> from alpha_pulse.kernels.base.jit import kernel
    >>> @kernel
    ... def last_bar_rule(features, places, held):
    ...     return max(-1.0, min(1.0, features[places[0]]))
    >>> class FollowLastBar(KernelAgent):
    ...     name = "follow_last_bar"
    ...     features = ("ret_1",)
    ...     rule = staticmethod(last_bar_rule)
    >>> agent = FollowLastBar(("ret_3", "ret_1"))
    >>> agent.places.tolist(), agent.rule(np.array([0.1, 0.4]), agent.places, 0.0)
    ([1], 0.4)
    """

    features: ClassVar[tuple[str, ...]]

    @staticmethod
    @abstractmethod
    def rule(features: NDArray[np.float64], places: NDArray[np.int64], held: float) -> float:
        """The new direction, finite, from -1 to 1, which is held from then on. It must be a kernel and a pure function: see the
        how-to.

        Parameters
        ----------
        features
            One row, (n,), in the order of the schema.
        places
            `places`.
        held
            The direction held for the symbol, 0 at first.
        """

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        self.places = np.array([self.index_of(feature) for feature in self.features], dtype=np.int64)

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The direction that the kernel returns, which is held from now on."""
        symbol = market_data.bar.symbol
        wanted = float(self.rule(market_data.features.values, self.places, self.held.get(symbol, 0.0)))
        self.held[symbol] = wanted
        return wanted


def ships_kernel(agent: KernelAgent) -> bool:
    """Whether ``agent`` may be run by its kernel: no subclass of the class that ships it overrides the Python form.

    >>> from alpha_pulse.agents.trend import TrendFollowing
    >>> class Contrary(TrendFollowing):
    ...     def rule_based_analysis(self, market_data):
    ...         return -super().rule_based_analysis(market_data)
    >>> names = ("ret_96", "ema_dist_50", "ema_dist_200")
    >>> ships_kernel(TrendFollowing(names)), ships_kernel(Contrary(names))
    (True, False)
    """
    for each in type(agent).__mro__:
        if "rule" in vars(each):
            return each is not KernelAgent
        if any(name in vars(each) for name in _PYTHON_FORM):
            return False
    return False
