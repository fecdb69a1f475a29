"""Checks of the contract of agents, for any agent.

A check takes a factory (the agent's class, or anything that builds an agent from the names of the features) and raises
AssertionError where the agent breaks the contract:

>>> from alpha_pulse.agents.trend import TrendFollowing
>>> for check in yield_agent_checks():
...     check(TrendFollowing)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from alpha_pulse.agents.base_agent import AdaptationRequester, BaseAgent, checked_decision
from alpha_pulse.agents.kernel_agent import KernelAgent, ships_kernel
from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import AgentError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.core.types import Bar, FeatureVector, MarketView
from alpha_pulse.core.user_code.calls import described_error
from alpha_pulse.features.schema import schema_for
from alpha_pulse.kernels.agents.decision import mix_model

AgentFactory = Callable[[tuple[str, ...]], BaseAgent]

_SCHEMA = schema_for(has_volume=True, has_quotes=True)


def market_views(count: int, seed: int, scale: float = 1.0, symbol: str = "CHECK") -> Iterator[MarketView]:
    """A seeded stream of views: features clipped to +-10 that drift slowly, a few of them missing, prices near 100."""
    rng = np.random.default_rng(seed)
    size = len(_SCHEMA.names)
    values = np.zeros(size)
    price = 100.0
    for seq in range(count):
        values = np.clip(0.9 * values + scale * rng.normal(size=size), -10.0, 10.0)
        mask = rng.random(size) < 0.05
        served = np.where(mask, 0.0, values)
        served.setflags(write=False)
        opened, price = price, price * float(np.exp(rng.normal(0.0, 0.01)))
        ts = (seq + 1) * HOUR_NS
        low, high = min(opened, price), max(opened, price)
        bar = Bar(symbol, ts, HOUR_NS, opened, high, low, price, 1_000.0, price * 0.9999, price * 1.0001, seq)
        yield MarketView(bar, FeatureVector(symbol, ts, _SCHEMA.schema_id, served, mask if mask.any() else None))


def check_agent_is_an_agent(factory: AgentFactory) -> None:
    """Called with the names of the features alone, the factory gives an agent."""
    try:
        agent = factory(_SCHEMA.names)
    except TypeError as error:
        raise AssertionError(f"an agent cannot be built from the names of the features: {described_error(error)}") from error
    assert isinstance(agent, BaseAgent), f"{type(agent).__name__} is no agent; derive it from alpha_pulse.RuleAgent"


def check_agent_direction_in_range(factory: AgentFactory) -> None:
    """For all finite features, also extreme ones, the rules' direction is a number from -1 to 1."""
    for seed, scale in ((1, 0.3), (2, 3.0), (3, 1e6)):
        agent = factory(_SCHEMA.names)
        for view in market_views(200, seed, scale):
            direction = agent.rule_based_analysis(view)
            assert -1.0 <= direction <= 1.0, f"{agent.name}: direction {direction!r} at bar {view.bar.seq} is not from -1 to 1"


def check_agent_signal_is_addressed(factory: AgentFactory) -> None:
    """``decide`` returns a Signal that carries the agent, the symbol, the time and an id of its own."""
    agent = factory(_SCHEMA.names)
    seen = set()
    for view in market_views(50, 4):
        signal = checked_decision(agent, view)
        assert signal.agent == agent.name, f"{agent.name}: its Signal names agent {signal.agent!r}"
        assert signal.ts == view.bar.ts_event, f"{agent.name}: its Signal is of {signal.ts}, the bar of {view.bar.ts_event}"
        assert signal.signal_id not in seen, f"{agent.name}: signal_id {signal.signal_id!r} occurs twice"
        seen.add(signal.signal_id)


def check_agent_is_repeatable(factory: AgentFactory) -> None:
    """Deciding again on the same view gives the same direction and does not change the state."""
    agent = factory(_SCHEMA.names)
    for view in market_views(200, 5):
        first = agent.rule_based_analysis(view)
        state = digest({"agent": agent.snapshot()})
        assert agent.rule_based_analysis(view) == first, f"{agent.name}: bar {view.bar.seq} gave two directions"
        assert digest({"agent": agent.snapshot()}) == state, f"{agent.name}: deciding again changed its state"


def check_agent_is_deterministic(factory: AgentFactory) -> None:
    """Two agents that have seen the same views make the same decisions and have the same state."""
    one, two = factory(_SCHEMA.names), factory(_SCHEMA.names)
    for view in market_views(300, 6):
        assert checked_decision(one, view) == checked_decision(two, view), (
            f"{one.name}: equal agents decide differently at bar {view.bar.seq}"
        )
    assert digest({"agent": one.snapshot()}) == digest({"agent": two.snapshot()}), (
        f"{one.name}: equal agents have different states after equal steps"
    )


def check_agent_state_round_trip(factory: AgentFactory) -> None:
    """A new agent restored from a packed snapshot continues exactly like the old one; later steps do not change the
    snapshot."""
    agent, fresh = factory(_SCHEMA.names), factory(_SCHEMA.names)
    views = list(market_views(200, 7))
    for view in views[:100]:
        agent.rule_based_analysis(view)
    state = agent.snapshot()
    blob = pack({"agent": state})
    fresh.restore(unpack(blob)[0]["agent"])
    for view in views[100:]:
        assert checked_decision(agent, view) == checked_decision(fresh, view), f"{agent.name}: differs after restore"
    assert pack({"agent": agent.snapshot()}) == pack({"agent": fresh.snapshot()}), f"{agent.name}: states differ after restore"
    assert pack({"agent": state}) == blob, f"{agent.name}: later steps changed a snapshot; copy the state"


def check_agent_memory_is_bounded(factory: AgentFactory) -> None:
    """The state does not grow with the number of views of one symbol."""
    sizes = []
    for count in (200, 2_000):
        agent = factory(_SCHEMA.names)
        for view in market_views(count, 8):
            agent.rule_based_analysis(view)
        sizes.append(len(pack({"agent": agent.snapshot()})))
    assert sizes[1] <= 1.5 * sizes[0] + 64, f"{agent.name}: the state grew from {sizes[0]} to {sizes[1]} bytes"


def check_agent_requests_are_repeatable(factory: AgentFactory) -> None:
    """Asked again about the same view, an agent requests the same adaptations, without a change of its state; an agent that
    requests none passes."""
    agent = factory(_SCHEMA.names)
    if not isinstance(agent, AdaptationRequester):
        return
    for view in market_views(200, 12):
        checked_decision(agent, view)
        state, first = digest({"agent": agent.snapshot()}), agent.requested_adaptations(view)
        assert isinstance(first, Mapping), f"{agent.name}: requested {first!r}; expected a mapping from targets to types"
        known = set(first) <= {"volatility", "direction", "trade_quality"} and set(first.values()) <= {"performance", "regime"}
        assert known, f"{agent.name}: requested {first!r} at bar {view.bar.seq}; expected targets and 'performance' or 'regime'"
        assert agent.requested_adaptations(view) == first, f"{agent.name}: bar {view.bar.seq} gave two different requests"
        assert digest({"agent": agent.snapshot()}) == state, f"{agent.name}: a request at bar {view.bar.seq} changed its state"


def check_agent_names_missing_feature(factory: AgentFactory) -> None:
    """Without the features that it needs, an agent raises an AgentError that names it; an agent that needs none works."""
    name = factory(_SCHEMA.names).name
    refusal = ""
    try:
        agent = factory(("some_feature",))
    except AgentError as error:
        refusal = str(error)
    if refusal:
        assert name in refusal, f"{name}: the error does not name the agent: {refusal}"
        return
    bar = Bar("CHECK", HOUR_NS, HOUR_NS, 100.0, 100.0, 100.0, 100.0)
    direction = agent.rule_based_analysis(MarketView(bar, FeatureVector("CHECK", HOUR_NS, "none", np.zeros(1))))
    assert -1.0 <= direction <= 1.0, f"{name}: direction {direction!r} on a schema of one feature is not from -1 to 1"


def _kernel_agent(factory: AgentFactory) -> KernelAgent | None:
    """The agent, if it ships its rule as a kernel."""
    agent = factory(_SCHEMA.names)
    return agent if isinstance(agent, KernelAgent) and ships_kernel(agent) else None


def _kernel_cases(seed: int) -> Iterator[tuple[MarketView, float]]:
    """Views of all scales, from zeros to numbers beyond any feature, each with a direction held."""
    rng = np.random.default_rng(seed)
    for scale in (0.0, 0.3, 3.0, 1e6):
        for view in market_views(100, seed, scale):
            yield view, float(rng.choice([-1.0, -0.3, 0.0, 0.3, 1.0, rng.uniform(-1.0, 1.0)]))


def check_agent_kernel_equals_python(factory: AgentFactory) -> None:
    """An agent's kernel gives what its Python form gives, bit for bit, whatever is held; an agent without one passes."""
    agent = _kernel_agent(factory)
    if agent is None:
        return
    rule = agent.rule
    # With NUMBA_DISABLE_JIT no kernel is compiled.
    assert hasattr(rule, "py_func") or not hasattr(mix_model, "py_func"), (
        f"{agent.name}: rule is not compiled; decorate it with alpha_pulse.kernels.base.jit.kernel"
    )
    for view, held in _kernel_cases(9):
        agent.held[view.bar.symbol] = held
        wanted = agent.rule_based_analysis(view)
        compiled = rule(view.features.values, agent.places, held)
        assert np.float64(compiled).tobytes() == np.float64(wanted).tobytes(), (
            f"{agent.name}: at bar {view.bar.seq}, holding {held!r}, the kernel wants {compiled!r}, the Python form {wanted!r}"
        )
        kept = agent.held.get(view.bar.symbol, 0.0)
        assert kept == wanted, (
            f"{agent.name}: the Python form returned {wanted!r} but holds {kept!r}; what a kernel wants is held from then on"
        )


def check_agent_kernel_is_pure(factory: AgentFactory) -> None:
    """A kernel gives the same for the same input in any order, reads its own features alone and changes no array."""
    agent = _kernel_agent(factory)
    if agent is None:
        return
    rule, places, rng = agent.rule, agent.places.copy(), np.random.default_rng(10)
    cases = [(view.features.values.copy(), held) for view, held in _kernel_cases(10)]
    first = [rule(values, places, held) for values, held in cases]
    for case in rng.permutation(len(cases)).tolist():
        values, held = cases[case]
        other = rng.normal(size=values.size)
        other[places] = values[places]
        kept = other.copy()
        again = rule(other, places, held)
        assert again == first[case], (
            f"{agent.name}: the kernel wanted {first[case]!r}, and later {again!r} for the same features, holding {held!r}; "
            "it must keep no state and read only the features that it names"
        )
        changed = (other != kept).any() or (places != agent.places).any()
        assert not changed, f"{agent.name}: the kernel changed an array that it was given"


def check_agent_kernel_direction_in_range(factory: AgentFactory) -> None:
    """On any finite features and any direction held, a kernel's direction is a number from -1 to 1."""
    agent = _kernel_agent(factory)
    if agent is None:
        return
    for view, held in _kernel_cases(11):
        wanted = agent.rule(view.features.values, agent.places, held)
        assert -1.0 <= wanted <= 1.0, (
            f"{agent.name}: the kernel wants {wanted!r} at bar {view.bar.seq}, holding {held!r}; expected -1 to 1"
        )


def yield_agent_checks() -> Iterator[Callable[[AgentFactory], None]]:
    """All checks of an agent; those whose failures are the most informative come first."""
    yield check_agent_is_an_agent
    yield check_agent_names_missing_feature
    yield check_agent_direction_in_range
    yield check_agent_signal_is_addressed
    yield check_agent_is_repeatable
    yield check_agent_is_deterministic
    yield check_agent_state_round_trip
    yield check_agent_requests_are_repeatable
    yield check_agent_memory_is_bounded
    yield check_agent_kernel_equals_python
    yield check_agent_kernel_is_pure
    yield check_agent_kernel_direction_in_range
