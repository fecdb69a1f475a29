"""An adaptation that an agent requests begins with the next slice, whatever the size of the blocks: the block is cut there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.errors import AgentError
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, planted_signal
from alpha_pulse.journal.verifier import DifferenceError
from alpha_pulse.learning.session_adaptation import DRIFT_TYPES
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import LEAN, Done, Requests, Restive, again, assert_equal, begun, divided, restless, run
from journal_rows import rows

BARS, TRAINED, HOLE = 1_600, 1_500, 251
"""Slices, the bars at which batch models are trained, and the slice without a bar of EARLY."""
SETTINGS = {
    "batch.train_bars": TRAINED,
    "batch.ready_delay_bars": 7,
    "batch.direction_trees": 5,
    "batch.volatility_trees": 5,
    "adaptation.drift_threshold": 0.9,
    "adaptation.boost_labels": 20,
    "adaptation.cooldown_labels": 15,
    "adaptation.interval_s": 7_200.0,
    "learning.window": 100,
    "store.checkpoint_steps": 170,
    "agents.members": ["restive", "reversion"],
}
BOOST, RESET = {"direction": "performance"}, {"direction": "regime"}
REQUESTS: Requests = {
    ("SYN", 100): BOOST,
    ("SYN", 101): BOOST,  # in the trial of the first
    ("SYN", 169): RESET,  # in a checkpoint
    ("EARLY", 180): RESET,
    ("SYN", 180): {"volatility": "regime"},
    ("EARLY", HOLE - 1): {"volatility": "regime"},
    ("SYN", 315): {"trade_quality": "regime"},  # in the block that begins with a user's request to the timer
    ("SYN", 511): BOOST,
    ("EARLY", 512): BOOST,
    ("SYN", TRAINED - 2): {"volatility": "performance"},
    ("EARLY", TRAINED - 1): {"trade_quality": "performance"},
    ("EARLY", BARS - 1): BOOST,
}
"""By symbol and slice."""
COMMANDS: dict[int, Callable[[System], object]] = {
    312: lambda system: asyncio.run(system.adaptation.monitor_and_adapt()),
    513: lambda system: asyncio.run(system.learning.trigger_adaptation("SYN", "performance")),
}
"""By the number of slices before them."""


@pytest.fixture(autouse=True)
def _known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Restive, "wanted", REQUESTS)
    monkeypatch.setitem(AGENTS, "restive", "flow.runs:Restive")


@cache
def market() -> ReplayFeed:
    """Two symbols whose planted signals turn round."""
    made = planted_signal(BARS, 5, list(range(200, BARS, 200)), Market(symbols=("EARLY", "SYN")), strength=0.8).columns
    number = np.tile(np.arange(BARS), 2)
    return ReplayFeed(made.pick(np.flatnonzero((made.code == 1) | (number != HOLE))))


def begin(store: Store) -> System:
    return begun(again(market()), SETTINGS, store, resume=True)


@cache
def whole() -> Done:
    """The run slice by slice."""
    return divided(begin, COMMANDS, [1])


def test_a_request_begins_with_the_next_slice() -> None:
    expected: dict[int, list[tuple[str, str]]] = {312: [("*", "timer")], 513: []}
    for (symbol, slice_), requests in REQUESTS.items():
        expected.setdefault(slice_ + 1, []).extend((f"{symbol}/{target}", kind) for target, kind in requests.items())
    expected[513].append(("SYN/volatility", "performance"))  # by the user; that of the direction waited already
    del expected[BARS]
    records = {record.bars[0].seq: record for record in whole().records if record.bars}
    made = {at: [(each.session_id, each.drift_type) for each in record.requests] for at, record in records.items()}
    assert {at: requests for at, requests in made.items() if requests} == expected
    begun_at = {
        (action.symbol, action.target, at)
        for at, record in records.items()
        for action in record.adaptations
        if (action.cause, action.status) == ("request", "open")
    }
    assert begun_at == {
        ("SYN", "direction", 101), ("SYN", "direction", 170), ("EARLY", "direction", 181), ("SYN", "volatility", 181),
        ("EARLY", "volatility", HOLE), ("SYN", "trade_quality", 316), ("SYN", "direction", 512), ("EARLY", "direction", 513),
        ("SYN", "volatility", 513), ("SYN", "volatility", TRAINED - 1), ("EARLY", "trade_quality", TRAINED),
    }  # fmt: skip
    assert [at for at, record in records.items() if record.models] == [TRAINED + 7]
    assert whole().system.learning.requests == [("EARLY/direction", "performance")]


SIZES = st.lists(st.one_of(st.integers(1, 12), st.integers(1, 600)), min_size=1, max_size=8)
STOPS = st.frozensets(st.integers(1, BARS - 1), max_size=2)


@settings(max_examples=1)
@given(SIZES, STOPS)
@example([7], frozenset())
@example([512], frozenset())
@example([512], frozenset({181, 400, 1_500}))
def test_any_division_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    assert_equal(divided(begin, COMMANDS, sizes, stops), whole())


PLACES = st.tuples(st.sampled_from(["EARLY", "SYN"]), st.integers(60, BARS - 1))
WANTED = st.dictionaries(
    st.sampled_from(["direction", "volatility", "trade_quality"]), st.sampled_from(DRIFT_TYPES), min_size=1
)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIZES, STOPS, st.dictionaries(PLACES, WANTED))
def test_any_division_with_any_requests(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], stops: frozenset[int], requests: Requests
) -> None:
    monkeypatch.setattr(Restive, "wanted", requests)
    assert_equal(divided(begin, COMMANDS, sizes, stops), divided(begin, COMMANDS, [1]))


KINDS: dict[str, dict[str, object]] = {
    "written-in-python": {
        "learning.model": "river:linear_model.LogisticRegression()",
        "adaptation.detector": "page_hinkley",
        "adaptation.feature_detector": "ks",
        "serving.calibration": "isotonic",
        "features.own": ["own_features:momentum"],
    },
    "compiled": {"learning.model": "market_default", "serving.calibration": "beta", "adaptation.detector": "ddm"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_features_models_detectors_and_calibrators_of_all_kinds_go_back(kind: str) -> None:
    chosen = {**LEAN, **KINDS[kind], "agents.members": ["restive"], "adaptation.boost_labels": 20}
    singly, together = (run(restless(300), chosen, sizes=[size]) for size in (1, 300))
    assert len(singly.adaptations) > 2
    assert_equal(together, singly)


def test_an_agent_may_request_at_every_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Restive, "wanted", {("SYN", slice_): BOOST for slice_ in range(150)})
    singly, together = (run(restless(150), {**LEAN, "agents.members": ["restive"]}, sizes=[size]) for size in (1, 150))
    assert sum(len(record.requests) for record in singly.records) > 80
    assert_equal(together, singly)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, "agent 'restive' returned NoneType from requested_adaptations; expected a mapping from targets"),
        ({"directoin": "regime"}, "agent 'restive' requested target 'directoin'; did you mean 'direction'?"),
        ({"direction": "timer"}, "agent 'restive' requested type of adaptation 'timer'; known: performance, regime"),
    ],
)
def test_a_request_that_breaks_the_contract_is_refused(
    wanted: dict[str, str] | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Restive, "wanted", {("SYN", 120): wanted})
    store = MemoryStore()
    with pytest.raises(AgentError) as refused:
        run(restless(200), {**LEAN, "agents.members": ["restive"]}, store, sizes=[200])
    assert message in str(refused.value)
    assert len(list(rows(store))) == 120


@pytest.mark.parametrize("wanted", [{}, {**REQUESTS, ("SYN", 140): BOOST}], ids=["fewer", "more"])
def test_a_replay_with_other_requests_is_refused(wanted: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, store = {**LEAN, "agents.members": ["restive"]}, MemoryStore()
    begun(restless(300), chosen, store).advance(300)
    monkeypatch.setattr(Restive, "wanted", wanted)
    with pytest.raises(DifferenceError) as refused:
        begun(restless(300), chosen, store, resume=True)
    assert refused.value.step == (141 if wanted else 101)
