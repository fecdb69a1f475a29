from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, pack, unpack
from alpha_pulse.core.types import Contribution
from alpha_pulse.feedback.entered_signals import EnteredSignals
from naive_trade_quality import NaiveEnteredSignals

SIGNALS = [*(f"combined/X/{step}" for step in range(4)), "combined/Y/3", "s1", "combined/X/003", "rules/X/3"]
LOTS = [
    "combined/X/3/f/0",
    "combined/X/3/f/1",
    "combined/X/3/stop/f/0",
    "combined/X/3/f",
    "combined/X/3/f/00",
    "combined/X/3/f/99999999999999999999",
    "other/X/3/f/0",
    "l1",
    "l1/0",
]
PARTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(-1.0, 1.0), st.floats(0.0, 1.0)), max_size=3, unique_by=lambda part: part[0]
)
STEPS = st.lists(
    st.tuples(st.just("enter"), st.sampled_from(SIGNALS), PARTS)
    | st.tuples(st.just("apply"), st.sampled_from(SIGNALS), st.sampled_from(LOTS))
    | st.tuples(st.just("keep"), st.sets(st.sampled_from(SIGNALS), max_size=6), st.none())
    | st.tuples(st.just("restart"), st.none(), st.none()),
    max_size=80,
)


def parts_of(contributions: tuple[Contribution, ...]) -> list[tuple[str, float, float]]:
    return sorted((part.agent, part.direction, part.weight) for part in contributions)


@settings(max_examples=200)
@given(STEPS)
def test_entered_signals_agree_with_their_naive_twin(steps: list[tuple[str, object, object]]) -> None:
    entered, naive = EnteredSignals("X"), NaiveEnteredSignals()
    for what, first, second in steps:
        if what == "enter" and first not in naive.parts:  # a session refuses a signal that is entered already
            parts = tuple(Contribution(f"{agent}/X/0", agent, wanted, had) for agent, wanted, had in second)  # type: ignore[attr-defined]
            entered.enter(str(first), parts)
            naive.enter(str(first), parts)
        elif what == "apply":
            learned = entered.apply(str(first), str(second))
            assert (learned is not None) == naive.apply(str(first), str(second))
            assert learned is None or parts_of(learned) == parts_of(naive.parts[str(first)])
        elif what == "keep":
            assert entered.keep_only(first) == naive.keep_only(first)  # type: ignore[arg-type]
        elif what == "restart":
            blob = pack({"entered": entered.snapshot()})
            entered = EnteredSignals("X")
            entered.restore(unpack(blob)[0]["entered"])
            assert pack({"entered": entered.snapshot()}) == blob
        assert [signal for signal in SIGNALS if signal in entered] == [signal for signal in SIGNALS if signal in naive.parts]


def test_a_lot_is_learned_once_for_each_signal() -> None:
    entered = EnteredSignals("X")
    for step in (7, 8):
        entered.enter(f"combined/X/{step}", (Contribution(f"trend/X/{step}", "trend", 0.5, 1.0),))
    learned = [entered.apply(f"combined/X/{step}", "combined/X/9/f/0") is not None for step in (7, 8, 7, 8)]
    assert learned == [True, True, False, False]


def test_contributions_bear_the_ids_of_the_agents_signals() -> None:
    entered = EnteredSignals("X")
    parts = (Contribution("trend/X/7", "trend", 0.5, 0.25), Contribution("reversion/X/7", "reversion", -0.5, 0.75))
    entered.enter("combined/X/7", parts)
    assert entered.apply("combined/X/7", "l1") == parts


def test_all_signals_and_lots_of_a_long_run_leave_no_room_behind() -> None:
    entered = EnteredSignals("X")
    for step in range(500):
        entered.enter(f"combined/X/{step}", (Contribution(f"trend/X/{step}", "trend", 0.5, 1.0),))
        for rank in range(3):
            assert entered.apply(f"combined/X/{step}", f"combined/X/{step + 1}/f/{rank}")
            assert entered.apply(f"combined/X/{step}", f"outside/{step}-{rank}")
        entered.keep_only({f"combined/X/{step - 1}"})
    arrays = entered.arrays
    assert arrays["signals"].tolist() == [4 * 498, 4 * 499]
    assert arrays["applied"].shape == (12, 3)
    assert len(pack({"entered": entered.snapshot()})) < 2_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("counts", np.array([-1, 0])),
        ("counts", np.array([2, 0])),
        ("parts", np.zeros((1, 2, 2))),
        ("signals", np.array([-7])),
    ],
)
def test_a_state_that_does_not_fit_is_refused(key: str, value: NDArray[np.int64]) -> None:
    entered = EnteredSignals("X")
    entered.enter("combined/X/7", (Contribution("trend/X/7", "trend", 0.5, 1.0),))
    saved = entered.snapshot()
    with pytest.raises(StateError, match=r"use an older checkpoint|restore with the configuration"):
        EnteredSignals("X").restore(State(saved.scalars, {**saved.arrays, key: value}))
