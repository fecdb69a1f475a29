import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.agents.agent_manager import AgentManager
from alpha_pulse.agents.base_agent import BaseAgent
from alpha_pulse.agents.ml_aware_agent import MLAwareAgent
from alpha_pulse.agents.reversion import MeanReversion
from alpha_pulse.agents.trend import TrendFollowing
from alpha_pulse.core.errors import AgentError, ConfigError, NonFiniteError, StateError
from alpha_pulse.core.stateful import State, digest, pack, unpack
from alpha_pulse.core.types import Contribution
from unit.agents.fakes import EchoAgent, FakePredictor, FixedAgent, view

UNIT = st.floats(-1.0, 1.0)
NAMES = ("ret_96", "ema_dist_50", "ema_dist_200", "bollinger_20", "rsi_14")
ROWS = st.lists(st.tuples(*[st.floats(-3.0, 3.0)] * 5), min_size=1, max_size=20)


def contribution(agent: str, direction: float) -> Contribution:
    return Contribution(f"{agent}/X/0", agent, direction, 0.5)


def pair(predictor: FakePredictor) -> AgentManager:
    agents = (TrendFollowing(NAMES), MeanReversion(NAMES))
    return AgentManager([MLAwareAgent(agent, predictor) for agent in agents])


def test_combined_is_the_weighted_mean_with_its_contributions() -> None:
    manager = AgentManager([FixedAgent(1.0, "up"), FixedAgent(-0.5, "down")])
    for _ in range(5):
        manager.credit((contribution("up", 1.0), contribution("down", -0.5)), 1, 0.01)
    weights = manager.weights
    decisions = manager.decide(view(seq=9))
    combined = decisions.combined
    assert combined.direction == pytest.approx(weights["up"] - 0.5 * weights["down"])
    assert combined.contributions == (
        Contribution("up/EURUSD/9", "up", 1.0, weights["up"]),
        Contribution("down/EURUSD/9", "down", -0.5, weights["down"]),
    )
    assert (combined.signal_id, combined.ml_part, combined.prediction_id) == ("combined/EURUSD/9", None, None)
    assert (decisions.rules.signal_id, decisions.rules.direction) == ("rules/EURUSD/9", 0.25)
    assert [member.agent for member in decisions.members] == ["up", "down"]
    assert decisions.ml is None


def test_ml_signal_is_the_models_view_alone() -> None:
    predictor = FakePredictor(probability=0.52, confidence=0.6)
    manager = AgentManager([MLAwareAgent(FixedAgent(1.0, "a"), predictor), FixedAgent(-1.0, "b")])
    decisions = manager.decide(view(seq=2))
    assert decisions.ml is not None
    assert decisions.ml.direction == pytest.approx(0.4)
    assert decisions.ml.signal_id == "ml/EURUSD/2"
    assert decisions.combined.ml_part == decisions.ml.direction
    assert decisions.combined.prediction_id == decisions.ml.prediction_id == decisions.members[0].prediction_id
    assert (decisions.combined.confidence, decisions.combined.rule_part) == (0.6, 0.0)
    assert decisions.combined.direction == pytest.approx(0.5 * (0.6 + 0.4 * 0.4) - 0.5)
    assert (decisions.rules.confidence, decisions.rules.prediction_id, decisions.rules.ml_part) == (None, None, None)


def test_ml_fraction_counts_decisions_in_which_the_model_took_part() -> None:
    predictor = FakePredictor(probability=0.52, confidence=0.6)
    manager = pair(predictor)
    assert manager.ml_fraction is None
    for seq, confidence in enumerate([None, 0.5, 0.6, 0.7]):
        predictor.confidence = confidence
        manager.decide(view([0.1] * 5, seq=seq))
    assert (manager.decisions, manager.ml_decisions) == (4, 2)
    assert manager.ml_decisions / manager.decisions == manager.ml_fraction


@given(ROWS, st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.3, 0.9)), min_size=1), st.floats(-0.1, 0.1))
def test_rules_never_change_when_the_model_does(
    rows: list[tuple[float, ...]], beliefs: list[tuple[float, float]], return_: float
) -> None:
    silent, speaking = FakePredictor(None), FakePredictor()
    plain, learned = pair(silent), pair(speaking)
    for seq, row in enumerate(rows):
        speaking.probability, speaking.confidence = beliefs[seq % len(beliefs)]
        alone, helped = plain.decide(view(row, seq=seq)), learned.decide(view(row, seq=seq))
        assert alone.rules == helped.rules
        # Only the manager with a model is credited: what it earned must not reach its rules either.
        learned.credit(helped.combined.contributions, 1, return_)


@given(
    st.lists(st.tuples(UNIT, UNIT, UNIT, st.sampled_from([1, -1]), st.floats(-1e3, 1e3)), max_size=60),
    st.floats(0.01, 5.0),
    st.floats(1e-4, 1.0),
)
def test_weights_stay_a_distribution_away_from_zero(
    lots: list[tuple[float, float, float, int, float]], learning_rate: float, share: float
) -> None:
    manager = AgentManager([FixedAgent(0.0, name) for name in "abc"], learning_rate=learning_rate, share=share)
    for *directions, side, return_ in lots:
        manager.credit([contribution(name, found) for name, found in zip("abc", directions, strict=True)], side, return_)
        weights = list(manager.weights.values())
        assert math.isclose(sum(weights), 1.0, abs_tol=1e-12)
        assert min(weights) >= share / 3 * (1.0 - 1e-12)


@given(st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=30))
def test_combined_stays_within_its_members(rows: list[tuple[float, float]]) -> None:
    manager = AgentManager([EchoAgent(name="a"), EchoAgent(name="b"), FixedAgent(1.0, "c")])
    for seq, (first, return_) in enumerate(rows):
        decisions = manager.decide(view([first], seq=seq))
        assert first - 1e-12 <= decisions.combined.direction <= 1.0
        manager.credit(decisions.combined.contributions, 1, return_)


def naive_fixed_share(lots: Sequence[tuple[float, float, int, float]]) -> list[float]:
    """The update as the paper writes it, for two agents."""
    weights = [0.5, 0.5]
    seen: list[float] = []
    for first, second, side, return_ in lots:
        seen.append(abs(return_))
        scale = sum(seen) / len(seen)
        losses = [0.5 - 0.5 * max(-1.0, min(1.0, d * side * return_ / scale)) if scale else 0.5 for d in (first, second)]
        mass = [w * math.exp(-0.1 * loss) for w, loss in zip(weights, losses, strict=True)]
        weights = [0.99 * m / sum(mass) + 0.01 / 2 for m in mass]
    return weights


@given(st.lists(st.tuples(UNIT, UNIT, st.sampled_from([1, -1]), st.sampled_from([-0.3, -0.01, 0.0, 0.02, 0.1])), max_size=40))
def test_credit_agrees_with_its_naive_twin(lots: list[tuple[float, float, int, float]]) -> None:
    manager = AgentManager([FixedAgent(0.0, "a"), FixedAgent(0.0, "b")])
    for first, second, side, return_ in lots:
        manager.credit((contribution("a", first), contribution("b", second)), side, return_)
    assert list(manager.weights.values()) == pytest.approx(naive_fixed_share(lots), abs=1e-12)


@pytest.mark.parametrize(
    ("side", "return_", "gains"), [(1, 0.02, "long"), (1, -0.02, "short"), (-1, 0.02, "short"), (-1, -0.02, "long")]
)
def test_credit_goes_to_who_wanted_what_paid(side: int, return_: float, gains: str) -> None:
    manager = AgentManager([FixedAgent(1.0, "long"), FixedAgent(-1.0, "short")])
    contributions = (contribution("long", 1.0), contribution("short", -1.0))
    before = manager.weights[gains]
    for _ in range(20):
        manager.credit(contributions, side, return_)
        assert manager.weights[gains] > before
        before = manager.weights[gains]
    assert before > 0.75


def test_weight_comes_back_soon_after_the_market_turns() -> None:
    manager = AgentManager([FixedAgent(1.0, "long"), FixedAgent(-1.0, "short")])
    contributions = (contribution("long", 1.0), contribution("short", -1.0))
    for _ in range(2_000):
        manager.credit(contributions, 1, 0.02)
    lots = 0
    while manager.weights["long"] > 0.5:
        manager.credit(contributions, 1, -0.02)
        lots += 1
    assert lots <= 40


def test_an_agent_without_a_part_in_the_lot_sleeps() -> None:
    manager = AgentManager([FixedAgent(0.0, name) for name in "abc"], share=1e-9)
    manager.credit((contribution("a", 1.0), contribution("b", -1.0)), 1, 0.02)
    weights = manager.weights
    assert weights["a"] > 1 / 3 > weights["b"]
    assert weights["c"] == pytest.approx(1 / 3, abs=1e-8)


def test_outcomes_that_cannot_be_are_refused() -> None:
    manager = AgentManager([FixedAgent(1.0, "trend")])
    part = contribution("trend", 1.0)
    with pytest.raises(NonFiniteError, match="return of a closed lot"):
        manager.credit((part,), 1, float("nan"))
    with pytest.raises(AgentError, match="side of a closed lot is 0"):
        manager.credit((part,), 0, 0.1)
    with pytest.raises(AgentError, match=r"credits agent 'trent'.*did you mean 'trend'"):
        manager.credit((contribution("trent", 1.0),), 1, 0.1)
    with pytest.raises(AgentError, match="twice"):
        manager.credit((part, part), 1, 0.1)
    assert digest({"agents": manager.snapshot()}) == digest({"agents": AgentManager([FixedAgent(1.0, "trend")]).snapshot()})


@pytest.mark.parametrize(
    ("agents", "sentence"),
    [
        ([], "no agent to decide"),
        ([FixedAgent(name="a"), FixedAgent(name="a")], "2 agents are named 'a'"),
        ([FixedAgent(name="rules")], "choose a name"),
        ([FixedAgent(name="a/b")], "choose a name"),
        ([object()], "object is not an agent"),
    ],
)
def test_members_that_cannot_be_are_refused(agents: list[BaseAgent], sentence: str) -> None:
    with pytest.raises(AgentError, match=sentence):
        AgentManager(agents)


@pytest.mark.parametrize(
    ("learning_rate", "share"), [(0.0, 0.01), (float("inf"), 0.01), (0.1, 0.0), (0.1, 1.5), (0.1, float("nan"))]
)
def test_rates_out_of_range_are_refused(learning_rate: float, share: float) -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        AgentManager([FixedAgent()], learning_rate=learning_rate, share=share)


def test_a_bad_member_is_named() -> None:
    with pytest.raises(AgentError, match="agent 'wild' is refused"):
        AgentManager([FixedAgent(0.0, "calm"), FixedAgent(float("nan"), "wild")]).decide(view())


@given(ROWS, ROWS)
def test_snapshot_round_trip_goes_on_bit_equal(before: list[tuple[float, ...]], after: list[tuple[float, ...]]) -> None:
    predictor = FakePredictor(0.52)
    manager, fresh = pair(predictor), pair(predictor)
    for seq, row in enumerate(before):
        manager.credit(manager.decide(view(row, seq=seq)).combined.contributions, 1, row[0])
    blob = pack({"agents": manager.snapshot()})
    fresh.restore(unpack(blob)[0]["agents"])
    assert pack({"agents": fresh.snapshot()}) == blob
    for seq, row in enumerate(after):
        one, two = manager.decide(view(row, seq=seq)), fresh.decide(view(row, seq=seq))
        assert one == two
        manager.credit(one.combined.contributions, -1, row[1])
        fresh.credit(two.combined.contributions, -1, row[1])
    assert pack({"agents": fresh.snapshot()}) == pack({"agents": manager.snapshot()})


class WithArrays(FixedAgent):
    """Has arrays in its state, which must find their way back to it."""

    def snapshot(self) -> State:
        return State(arrays={"seen": view([self.direction]).features.values})

    def restore(self, state: State) -> None:
        self.direction = float(state.arrays["seen"][0])


def test_arrays_of_agents_are_kept_apart() -> None:
    manager = AgentManager([WithArrays(0.1, "a"), WithArrays(0.2, "ab")])
    fresh = [WithArrays(0.0, "a"), WithArrays(0.0, "ab")]
    AgentManager(fresh).restore(manager.snapshot())
    assert [agent.direction for agent in fresh] == [0.1, 0.2]


def test_a_state_of_other_agents_is_refused() -> None:
    state = AgentManager([FixedAgent(name="a"), FixedAgent(name="b")]).snapshot()
    with pytest.raises(StateError, match="contains a, b, but this configuration runs a, c"):
        AgentManager([FixedAgent(name="a"), FixedAgent(name="c")]).restore(state)
    with pytest.raises(StateError, match="does not fit"):
        AgentManager([FixedAgent(name="a")]).restore(State(scalars={"weights": {"a": 1.0}}))
