"""How slices are divided into blocks changes nothing: neither a step of the journal nor the state at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.errors import AgentError, ConflictError, StateError
from alpha_pulse.engine.system import MIN_VERIFIED_STEPS, System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, planted_signal
from alpha_pulse.models import ONLINE
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.outside import elsewhere, give, newest_signal
from flow.runs import LEAN, Diverging, Done, Keeping, assert_equal, begun, divided, late_and_with_holes, let_peek, restless, run
from journal_rows import rows

BARS, LATE = 1_700, 60
SETTINGS = {
    "batch.train_bars": 1_500,
    "batch.retrain_bars": 100,
    "batch.ready_delay_bars": 9,
    "batch.direction_trees": 5,
    "batch.volatility_trees": 5,
    "adaptation.drift_threshold": 0.9,
    "adaptation.boost_labels": 20,
    "adaptation.cooldown_labels": 15,
    "adaptation.on_regime": "boost",
    "adaptation.interval_s": 7_200.0,
    "learning.window": 100,
    "learning.label_tolerance_bars": 3,
    "store.checkpoint_steps": 170,
}


@cache
def columns() -> ReplayFeed:
    """Two symbols whose planted signals turn round; one begins late, the other has holes."""
    both = Market(symbols=("EARLY", "SYN"))
    return late_and_with_holes(planted_signal(BARS, 5, list(range(200, BARS, 200)), both, strength=0.8), LATE)


def request(symbol: str, drift_type: str) -> Callable[[System], object]:
    """Ask for an adaptation of a symbol's sessions."""
    return lambda system: asyncio.run(system.learning.trigger_adaptation(symbol, drift_type))


def choose_a_champion(system: System) -> None:
    """Serve by one member alone from here on."""
    system.serving.serving_strategy = "champion_challenger"


def call_everything_decay(system: System) -> None:
    """Let the timer find decay wherever accuracy is not the best."""
    system.adaptation.accuracy_threshold = 0.0


def tell_of_a_trade(system: System) -> None:
    """Report the outcome of a trade that was made elsewhere on the newest order."""
    trade = newest_signal(system)
    assert give(system, trade, elsewhere(trade, 900, lot_id=str(system.feed.position)))


COMMANDS: dict[int, Callable[[System], object]] = {
    130: request("SYN", "performance"),
    410: call_everything_decay,
    700: tell_of_a_trade,
    701: tell_of_a_trade,
    999: request("EARLY", "regime"),
    1_050: lambda system: asyncio.run(system.adaptation.monitor_and_adapt()),
    1_300: choose_a_champion,
    1_450: lambda system: system.retrain(),
}
"""By the number of slices before them."""


def begin(store: Store) -> System:
    return begun(ReplayFeed(columns().columns), SETTINGS, store, resume=True)


@cache
def whole() -> Done:
    """The run slice by slice."""
    return divided(begin, COMMANDS, [1])


def test_everything_happens_in_this_market() -> None:
    done = whole()
    assert len(done.alarms) > 5
    assert {model.session_id for record in done.records for model in record.models} == {
        f"{symbol}/{target}" for symbol in ("EARLY", "SYN") for target in ("volatility", "direction")
    }
    assert {"open", "accepted", "rolled_back"} <= {action.status for action in done.adaptations}
    causes = {action.cause.partition(":")[0] for action in done.adaptations}
    assert causes >= {"drift", "decay", "regime", "request"}
    assert {action.target for action in done.adaptations} == {"volatility", "direction", "trade_quality"}
    assert sum(len(record.expired) for record in done.records) > 10
    assert sum(len(record.commands) > 0 for record in done.records) == len(COMMANDS)
    assert min(seq for seq, _ in done.system.store.checkpoints()) < len(done.steps) - MIN_VERIFIED_STEPS


SIZES = st.lists(st.one_of(st.integers(1, 12), st.integers(1, 600)), min_size=1, max_size=8)
STOPS = st.frozensets(st.integers(1, BARS - 1), max_size=2)


def check(sizes: list[int], stops: frozenset[int]) -> None:
    assert_equal(divided(begin, COMMANDS, sizes, stops), whole())


@settings(max_examples=5)
@given(SIZES, STOPS)
@example([512], frozenset({1_000}))
@example([512], frozenset({1_570}))
@example([7], frozenset())
def test_any_division_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    check(sizes, stops)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@settings(max_examples=100)
@given(SIZES, STOPS)
def test_any_of_many_divisions_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    check(sizes, stops)


def test_agents_and_models_that_are_written_in_python_act_at_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "peeking", "flow.runs:Peeking")
    monkeypatch.setitem(ONLINE, "diverging", "flow.runs:Diverging")
    quick = {"adaptation.drift_threshold": 0.5, "adaptation.boost_labels": 40, "adaptation.cooldown_labels": 20}
    members = {"agents.members": ["peeking", "reversion"], "learning.model": "diverging"}

    def made(size: int) -> Done:
        let_peek(restless(1_600), seed=1, share=0.1)
        Diverging.left, Diverging.width = Diverging.at, begun(restless(10)).symbols["SYN"].n_features("direction")
        return run(restless(1_600), {**LEAN, **quick, **members}, sizes=[size])

    singly = made(1)
    assert singly.system.learning.session("SYN").quarantines == 1
    assert len(singly.adaptations) > 4
    for size in (30, 512):
        done = made(size)
        assert done.steps == singly.steps
        assert done.state == singly.state


def test_an_agent_may_keep_the_features_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "keeping", "flow.runs:Keeping")
    singly, together = (run(restless(600), {**LEAN, "agents.members": ["keeping"]}, sizes=[size]) for size in (1, 512))
    assert sum(abs(signal.rule_part) for signal in singly.signals) > 100
    assert together.steps == singly.steps


def test_a_block_of_too_many_rows_is_refused() -> None:
    system = begun(restless(4_200), LEAN)
    system.block_slices = 4_200
    with pytest.raises(ValueError, match="a block has 4200 bars of SYN, more than the 4096 of a run"):
        system.advance(4_200)


def test_after_an_error_nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "keeping", "flow.runs:Keeping")
    monkeypatch.setattr(Keeping, "fails", 300)
    system = begun(restless(600), {**LEAN, "agents.members": ["keeping"]})
    with pytest.raises(AgentError, match="no"):
        system.advance(512)
    for go_on in (system.step, lambda: system.command([]), system.checkpoint):
        with pytest.raises(StateError, match="a step has failed"):
            go_on()


@pytest.mark.parametrize("size", [1, 7, 512])
def test_the_slices_before_a_failed_decision_are_journaled(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "keeping", "flow.runs:Keeping")
    monkeypatch.setattr(Keeping, "fails", 300)
    store = MemoryStore()
    with pytest.raises(AgentError, match="no"):
        run(restless(600), {**LEAN, "agents.members": ["keeping"]}, store, sizes=[size])
    assert [row.seq for row in rows(store)] == list(range(300))
    monkeypatch.setattr(Keeping, "fails", -1)
    system = begun(restless(600), {**LEAN, "agents.members": ["keeping"]}, store, resume=True)
    assert system.feed.position == 300


def test_nothing_is_journaled_between_the_rows_of_a_block() -> None:
    system = begun(restless(600), LEAN)
    system.on_commit.append(lambda _: system.command([]))
    with pytest.raises(ConflictError, match="a step is in progress"):
        system.advance(100)
