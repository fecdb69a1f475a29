"""Users promote, roll back, freeze, stop and start members by journaled commands, which a resumed run applies again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from alpha_pulse.core.errors import AlphaPulseError, ConflictError, NotFoundError
from alpha_pulse.core.stateful import pack
from alpha_pulse.core.types import Prediction
from alpha_pulse.engine.system import System
from alpha_pulse.engine.verification.steps import Steps
from alpha_pulse.feeds.synthetic import planted_signal
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.learning.commands import Command, MemberKind
from alpha_pulse.serving import member_commands
from alpha_pulse.stores.base import Store
from flow.runs import LEAN, Done, assert_equal, begun, divided

BARS = 900
DIRECTION = "SYN/direction"
SETTINGS: dict[str, Any] = {
    **LEAN,
    "learning.direction_horizon_bars": 1,
    "serving.strategy": "champion_challenger",
    "serving.challengers": {
        "fast": {"model": "sgd", "parameters": {"rate": 0.05}},
        "tree": {"model": "hoeffding_tree", "targets": ["direction"]},
    },
    "adaptation.enabled": False,
    "store.checkpoint_steps": 170,
}
PROMOTED, FROZEN, UNFROZEN, ROLLED_BACK, STOPPED, STARTED = 200, 300, 400, 410, 500, 700


def begin(store: Store) -> System:
    return begun(planted_signal(BARS, 5, []), SETTINGS, store, resume=True)


def ordered(kind: MemberKind, session_id: str = DIRECTION, member: str | None = None) -> Callable[[System], None]:
    """Check a command and carry it out, as a gateway does."""

    def carry_out(system: System) -> None:
        command = Command(kind, session_id, value=member)
        member_commands.check(command, system.serving.served)
        system.command([command])

    return carry_out


COMMANDS: Mapping[int, Callable[[System], object]] = {
    PROMOTED: ordered("promote", member="fast"),
    FROZEN: ordered("freeze", "*"),
    UNFROZEN: ordered("unfreeze", "*"),
    ROLLED_BACK: ordered("rollback"),
    STOPPED: ordered("stop_member", "*", "fast"),
    STARTED: ordered("start_member", "*", "fast"),
}


@cache
def whole() -> Done:
    """The run in blocks of its own size."""
    return divided(begin, COMMANDS, [4_096])


def members(first: int, last: int) -> list[dict[str, float]]:
    """The weights of the members of each direction that was served at the slices ``first`` to ``last``."""
    return [weights(each) for each in whole().predictions if first <= int(each.prediction_id.rpartition("/")[2]) < last]


def weights(prediction: Prediction) -> dict[str, float]:
    named = {each.model_id if each.source == "challenger" else each.source: each.weight for each in prediction.members}
    return named if prediction.target == "direction" else {}


@pytest.mark.parametrize(
    ("sizes", "stops"), [([1], frozenset[int]()), ([7], frozenset({233, 350})), ([300, 41], frozenset({405, 600, 710}))]
)
def test_any_division_leads_to_the_same(sizes: list[int], stops: frozenset[int]) -> None:
    assert_equal(divided(begin, COMMANDS, sizes, stops), whole())


def test_who_is_promoted_serves_until_it_is_rolled_back() -> None:
    for first, last, name in ((100, PROMOTED, "online"), (PROMOTED, ROLLED_BACK, "fast"), (ROLLED_BACK, BARS, "online")):
        assert {name for each in members(first, last) for name, weight in each.items() if weight} == {name}


def test_a_stopped_challenger_neither_predicts_nor_learns_and_goes_on_later() -> None:
    assert all("fast" in each for each in members(100, STOPPED) if each)
    assert not any("fast" in each for each in members(STOPPED, STARTED))
    assert all("fast" in each for each in members(STARTED, BARS) if each)
    used = [
        int(each.version)
        for one in whole().predictions
        for each in one.members
        if each.model_id == "fast" and one.target == "direction"
    ]
    assert used == sorted(used)
    tree = whole().system.serving.served[DIRECTION].further.labels_used[1]
    assert tree - used[-1] == pytest.approx(STARTED - STOPPED, abs=5)


def test_what_moved_is_in_the_journal() -> None:
    promoted, rolled_back = whole().adaptations
    assert (promoted.kind, promoted.status, promoted.cause) == ("promote", "accepted", "request")
    assert promoted.reason == "fast replaces online on request"
    assert promoted.effect_samples > 100
    assert (rolled_back.kind, rolled_back.reason) == ("rollback", "online replaces fast again on request")
    assert all(each.closed_ts == each.ts for each in (promoted, rolled_back))
    steps = Steps()
    for block in decoded_blocks(whole().system.store):
        steps.read(block)
    assert [found.shown for found in (steps.order, steps.references, steps.outcomes)] == [[], [], []]


@pytest.mark.parametrize(
    ("command", "error", "sentence"),
    [
        (("promote", DIRECTION, "fist"), NotFoundError, "has no member 'fist'; did you mean 'fast'"),
        (("promote", DIRECTION, "online"), ConflictError, "'online' is the champion of session SYN/direction already"),
        (("promote", DIRECTION, "batch"), ConflictError, "no batch model yet"),
        (("promote", "SYN/directon", "fast"), NotFoundError, "did you mean 'SYN/direction'"),
        (("promote", "SYN/volatility", "tree"), NotFoundError, "has no member 'tree'"),
        (("rollback", "*", None), ConflictError, "no former champion"),
        (("unfreeze", DIRECTION, None), ConflictError, "SYN/direction is not frozen"),
        (("start_member", DIRECTION, "fast"), ConflictError, "'fast' runs already in session SYN/direction"),
        (("stop_member", DIRECTION, "online"), NotFoundError, "has no challenger 'online'"),
    ],
)
def test_what_does_not_fit_is_refused(command: tuple[Any, ...], error: type[AlphaPulseError], sentence: str) -> None:
    kind, session_id, member = command
    with pytest.raises(error, match=sentence):
        ordered(kind, session_id, member)(fresh())


@cache
def fresh() -> System:
    """A run after its first bars, which is refused everything."""
    system = begun(planted_signal(60, 5, []), SETTINGS)
    system.advance(50)
    return system


def test_a_frozen_session_and_a_serving_or_stopped_member_are_left_alone() -> None:
    system = begun(planted_signal(60, 5, []), SETTINGS)
    ordered("stop_member", DIRECTION, "tree")(system)
    with pytest.raises(ConflictError, match="'tree' is stopped in session SYN/direction; start it before"):
        ordered("promote", DIRECTION, "tree")(system)
    with pytest.raises(ConflictError, match="stopped already"):
        ordered("stop_member", DIRECTION, "tree")(system)
    ordered("promote", "*", "fast")(system)
    with pytest.raises(ConflictError, match="is the champion of session SYN/volatility; promote another"):
        ordered("stop_member", "*", "fast")(system)
    ordered("freeze", "SYN/volatility")(system)
    with pytest.raises(ConflictError, match="is frozen, so that 'fast' serves; unfreeze it first"):
        ordered("promote", "SYN/volatility", "online")(system)
    with pytest.raises(ConflictError, match="frozen already"):
        ordered("freeze", "SYN/volatility")(system)
    ordered("rollback", "*")(system)
    assert {name: served.mix.ladder.champion for name, served in system.serving.served.items()} == {
        "SYN/volatility": "fast", DIRECTION: "online"
    }  # fmt: skip


def test_without_a_champion_there_is_nothing_to_promote() -> None:
    system = begun(planted_signal(60, 5, []), {**SETTINGS, "serving.strategy": "ensemble"})
    with pytest.raises(ConflictError, match="served by the strategy 'ensemble', in which no member is promoted"):
        ordered("promote", DIRECTION, "fast")(system)
    ordered("stop_member", DIRECTION, "fast")(system)
    system.serving.serving_strategy = "champion_challenger"
    ladder = system.serving.served[DIRECTION].mix.ladder
    assert (ladder.stage("fast"), ladder.stage("tree")) == ("retired", "shadow")


def test_a_ladder_that_starts_anew_does_not_spend_a_level_again() -> None:
    system = begun(planted_signal(160, 5, []), SETTINGS)
    ladder = system.serving.served[DIRECTION].mix.ladder
    assert [each.evidence.comparison for each in ladder.standings(0.0) if each.evidence] == [1, 2]
    system.advance(150)
    system.serving.serving_strategy = "ensemble"
    system.serving.serving_strategy = "champion_challenger"
    anew = system.serving.served[DIRECTION].mix.ladder
    assert [each.evidence.comparison for each in anew.standings(0.0) if each.evidence] == [3, 4]


def test_a_stopped_challenger_learns_no_label_from_then_on() -> None:
    system = begun(planted_signal(600, 5, []), SETTINGS)
    system.advance(450)
    fast = system.serving.served["SYN/volatility"].further
    learned = pack({"fast": fast.models[0].snapshot()})
    ordered("stop_member", "SYN/volatility", "fast")(system)
    system.advance(30)
    assert pack({"fast": fast.models[0].snapshot()}) == learned
    ordered("start_member", "SYN/volatility", "fast")(system)
    system.advance(80)
    assert pack({"fast": fast.models[0].snapshot()}) != learned
