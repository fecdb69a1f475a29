"""An agent in a few lines of Python: the features that it reads by name, and a rule."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.core.errors import AgentError
from alpha_pulse.core.types import MarketView
from alpha_pulse.core.user_code.calls import number_of, raised, shown


class RuleAgent(BaseAgent):
    """The base of an agent in Python: the features that it reads, by name, and a rule.

    Its only memory is the direction that it holds for each symbol. A subclass sets ``features`` and implements `rule`. Its
    ``name`` is that of the class in lower case, with underscores, unless it sets another.
    `alpha_pulse.agents.kernel_agent.KernelAgent` is the compiled form.

    Attributes
    ----------
    features
        The names of the features that the rule reads.

    Raises
    ------
    AgentError
        ``features`` is a text, or the schema lacks one of them; later, `rule` raises an error or returns no number.

    >>> import numpy as np
    >>> from alpha_pulse.core.types import Bar, FeatureVector
    >>> class FollowLastBar(RuleAgent):
    ...     features = ("ret_1",)
    ...
    ...     def rule(self, held, ret_1):
    ...         return ret_1 if abs(ret_1) > 0.1 else held
    >>> agent = FollowLastBar(("ret_3", "ret_1"))
    >>> bar = Bar("EURUSD", 0, 3_600_000_000_000, 1.1, 1.1, 1.1, 1.1)
    >>> agent.name, agent.rule_based_analysis(MarketView(bar, FeatureVector("EURUSD", 0, "s", np.array([0.0, 2.5]))))
    ('follow_last_bar', 1.0)
    """

    features: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    def __init__(self, schema_names: tuple[str, ...]) -> None:
        super().__init__(schema_names)
        if isinstance(self.features, str):
            raise AgentError(f"agent {self.name!r}: features is a text; expected a tuple of names: ({self.features!r},)")
        self._places = [self.index_of(feature) for feature in self.features]

    @abstractmethod
    def rule(self, *args: Any, **kwargs: Any) -> float:
        """``rule(held, value, ...)``: the new direction, which is held from then on; one beyond -1 or 1 is cut to it.

        ``held`` is the direction held for the symbol, 0 at first; it is followed by the value of each feature, in the order of
        ``features``; a missing one is 0. The rule is a pure function, and gives the same again when it holds what it has given.
        """

    def rule_based_analysis(self, market_data: MarketView) -> float:
        """The direction that the rule gives, which is held from now on."""
        symbol, values = market_data.bar.symbol, market_data.features.values
        try:
            returned = self.rule(self.held.get(symbol, 0.0), *(values.item(place) for place in self._places))
        except Exception as error:  # what a user's code raises is not known
            raise AgentError(f"agent {self.name!r}: its rule {raised(error)}") from error
        wanted = number_of(returned)
        if wanted is None:
            raise AgentError(f"agent {self.name!r}: its rule returned {shown(returned)}; expected a number from -1 to 1")
        if wanted == wanted:  # a NaN is refused by the Signal that would contain it
            self.held[symbol] = wanted = max(-1.0, min(1.0, wanted))
        return wanted
