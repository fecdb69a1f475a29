"""The agents of a run: which names they may have, and which of them are run by their kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from alpha_pulse.agents import AGENTS
from alpha_pulse.agents.base_agent import AdaptationRequester, BaseAgent
from alpha_pulse.agents.kernel_agent import KernelAgent, ships_kernel
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.core.errors import AgentError, AlphaPulseError
from alpha_pulse.core.plugins import load
from alpha_pulse.core.user_code.calls import raised

RESERVED = ("combined", "rules", "ml")
"""The agent names of the manager's own Signals."""


def build(name: str, schema_names: tuple[str, ...]) -> BaseAgent:
    """The agent that the configuration names, for a schema of features.

    Raises
    ------
    UnknownNameError
        There is no such agent.
    AgentError
        It needs a feature that is not in the schema, or its class cannot be called with the names of the features.

    >>> build("trend", ("ret_96", "ema_dist_50", "ema_dist_200")).name
    'trend'
    """
    make = load("agents", AGENTS, name)
    try:
        agent: BaseAgent = make(schema_names)
    except AlphaPulseError:
        raise
    except Exception as error:  # what a user's code raises is not known
        raise AgentError(
            f"agent {name!r}: its __init__ {raised(error)}; expected one that takes the names of the features alone"
        ) from error
    return agent


def kernel_form(agent: BaseAgent) -> KernelAgent | None:
    """The agent whose kernel replaces the Python form of ``agent``; None without one, and for one that requests adaptations."""
    inner = _inner(agent)
    return inner if isinstance(inner, KernelAgent) and ships_kernel(inner) and requester(agent) is None else None


def requester(agent: BaseAgent) -> AdaptationRequester | None:
    """The agent, or the one that it wraps, if it can request adaptations; else None."""
    inner = _inner(agent)
    return inner if isinstance(inner, AdaptationRequester) else None


def _inner(agent: BaseAgent) -> BaseAgent:
    return agent.agent if type(agent) is MLAwareAgent else agent


def settings_row(agent: BaseAgent) -> tuple[float, float, float, float]:
    """An agent's settings, in the form that `kernels.agents.decision.decide_row` expects."""
    if isinstance(agent, MLAwareAgent):
        return float(kernel_form(agent) is not None), *agent.weights, agent.full_edge
    return float(kernel_form(agent) is not None), 1.0, 0.0, 1.0


def check_members(agents: Sequence[BaseAgent]) -> None:
    """Raise AgentError if there is no agent, an object is not an agent, or a name is reserved, contains a slash or is used
    twice."""
    if not agents:
        raise AgentError("there is no agent to decide; name at least one in agents.members")
    for agent in agents:
        if not isinstance(agent, BaseAgent):
            raise AgentError(
                f"{type(agent).__qualname__} is not an agent; derive it from alpha_pulse.agents.base_agent.BaseAgent"
            )
        if agent.name in RESERVED or "/" in agent.name:
            raise AgentError(
                f"an agent is named {agent.name!r}; choose a name without '/' that is none of {', '.join(RESERVED)}"
            )
    name, times = Counter(agent.name for agent in agents).most_common(1)[0]
    if times > 1:
        raise AgentError(f"{times} agents are named {name!r}; list each agent once in agents.members")
