"""The adaptations that agents request, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alpha_pulse.agents.base_agent import AdaptationRequester
from alpha_pulse.core.errors import AgentError, did_you_mean
from alpha_pulse.core.types import MarketView
from alpha_pulse.core.user_code.calls import raised
from alpha_pulse.learning.session_adaptation import DRIFT_TYPES


def agent_requests(agents: Iterable[AdaptationRequester], view: MarketView, targets: Iterable[str]) -> list[tuple[str, str]]:
    """What agents request when they see ``view``: (session id, drift type), in the order of the agents.

    Parameters
    ----------
    agents
        Those that can request adaptations.
    view
        The bar and the features of a symbol.
    targets
        Of the symbol's sessions.

    Raises
    ------
    AgentError
        An agent raises an error, returns no mapping, or requests an adaptation of another target or of an unknown type.

    >>> import numpy as np
    >>> from alpha_pulse.core.types import Bar, FeatureVector
    >>> class Worried:
    ...     name = "worried"
    ...
    ...     def requested_adaptations(self, market_data):
    ...         return {"direction": "regime"}
    >>> view = MarketView(Bar("EURUSD", 60, 60, 1.1, 1.1, 1.1, 1.1), FeatureVector("EURUSD", 60, "s", np.zeros(1)))
    >>> agent_requests([Worried()], view, ["direction"])
    [('EURUSD/direction', 'regime')]
    """
    known, found = tuple(targets), list[tuple[str, str]]()
    for agent in agents:
        try:
            requested = agent.requested_adaptations(view)
        except Exception as error:  # what a user's code raises is not known
            raise AgentError(f"agent {agent.name!r}: its requested_adaptations {raised(error)}") from error
        if not isinstance(requested, Mapping):
            raise AgentError(
                f"agent {agent.name!r} returned {type(requested).__name__} from requested_adaptations; expected a mapping from "
                "targets to 'performance' or 'regime', empty for no request"
            )
        for target, drift_type in requested.items():
            for value, names, what in ((target, known, "target"), (drift_type, DRIFT_TYPES, "type of adaptation")):
                if value not in names:
                    raise AgentError(f"agent {agent.name!r} requested {what} {value!r}{did_you_mean(str(value), names)}")
            found.append((f"{view.bar.symbol}/{target}", drift_type))
    return found
