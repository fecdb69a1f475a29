from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.core.types import Contribution, Lot, Signal, TradeOutcome
from alpha_pulse.feedback.trade_quality import TradeQuality
from alpha_pulse.kernels.agents.trade_quality import EXTRA_FEATURES, LOTS_BEFORE_SCALING
from alpha_pulse.kernels.base.scores import BASE, SERVED
from alpha_pulse.learning.session import Session
from alpha_pulse.metrics import streaming as metrics
from learning_samples import new_session, poison, vector
from naive_trade_quality import NaiveTradeQuality

D = 2


def session(model: str = "logistic") -> Session:
    return new_session(model, D + EXTRA_FEATURES, 1, window=50, target="trade_quality")


def signal(number: int, direction: float = 0.5) -> Signal:
    return Signal(
        f"s{number}", "manager", "X", number, direction, None, direction, None, None, (Contribution("c", "trend", 1.0, 1.0),)
    )


def outcome(number: int, pnl: int) -> TradeOutcome:
    lot = Lot(f"l{number}", "primary", "X", 1, 1, 2, 1.0, 1.0, pnl, 0, pnl, "f1", "f2", f"s{number}")
    return TradeOutcome(lot, f"s{number}", None, pnl, 0.01, number, 1)


def teach(quality: TradeQuality, count: int, first: int = 0, inverted: bool = False) -> None:
    """Signals whose first feature is positive pay; with ``inverted`` the others do."""
    generator = np.random.default_rng(first + 1)
    for number in range(first, first + count):
        values = generator.normal(size=D)
        quality.on_entry(vector(values, number), signal(number))
        quality.apply_outcome(outcome(number, 100 if (values[0] > 0.0) != inverted else -100))
        quality.keep_only(set())


def test_sizes_are_left_alone_before_200_closed_lots() -> None:
    quality = TradeQuality(session(), "X")
    teach(quality, LOTS_BEFORE_SCALING - 1)
    asked = vector(np.array([3.0, 0.0]), 999)
    assert quality.lots == 199
    assert quality.scale(asked, signal(999)) == 1.0
    teach(quality, 1, first=LOTS_BEFORE_SCALING)
    assert quality.scale(asked, signal(999)) > 1.0
    assert quality.scale(vector(np.array([-3.0, 0.0]), 999), signal(999)) < 1.0


@settings(max_examples=20)
@given(st.lists(st.floats(-1e6, 1e6), min_size=D, max_size=D), st.floats(-1.0, 1.0))
def test_a_size_is_scaled_by_half_to_one_and_a_half(values: list[float], direction: float) -> None:
    assert 0.5 <= TAUGHT.scale(vector(np.array(values), 9), signal(9, direction)) <= 1.5


STEPS = st.lists(
    st.tuples(
        st.lists(st.floats(-3.0, 3.0), min_size=D, max_size=D),
        st.floats(-1.0, 1.0),
        st.none() | st.floats(0.5, 1.0),
        st.none() | st.floats(-1.0, 1.0),
        st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9)), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)
"""Features, direction, confidence, ML part, closed lots (how many signals ago, P&L), and whether the model is broken."""


@settings(max_examples=60)
@given(STEPS, st.sampled_from([0, 3]))
def test_trade_quality_agrees_with_its_naive_twin(
    steps: list[tuple[list[float], float, float | None, float | None, list[tuple[int, int]], bool]], lots: int
) -> None:
    sessions = session(), session()
    quality, naive = TradeQuality(sessions[0], "X"), NaiveTradeQuality(sessions[1], LOTS_BEFORE_SCALING)
    for number in range(LOTS_BEFORE_SCALING - lots):
        for twin in (quality, naive):
            twin.on_entry(vector(np.array([1.0, number % 3]), number), signal(-1 - number))
            twin.apply_outcome(outcome(-1 - number, number % 2))
            twin.keep_only(set())
    closed = 0
    for number, (values, direction, confidence, ml_part, pnls, broken) in enumerate(steps):
        features = vector(np.array(values), number)
        seen = msgspec.structs.replace(signal(number, direction), confidence=confidence, ml_part=ml_part)
        assert quality.scale(features, seen).hex() == naive.scale(features, seen).hex()
        if broken:
            for learned in sessions:
                poison(learned.model)
        for twin in (quality, naive):
            twin.on_entry(features, seen)
        for ago, pnl in pnls:
            closed += 1
            was = outcome(max(0, number - ago), pnl)
            if not quality.knows(was.signal_id):
                continue
            was = msgspec.structs.replace(was, lot=msgspec.structs.replace(was.lot, lot_id=f"l{closed}"))
            one, two = quality.apply_outcome(was), naive.apply_outcome(was)
            assert one[0] is not None
            assert two[0] is not None
            assert np.array(one[0].values).tobytes() == np.array(two[0].values).tobytes()
            assert [(part.agent, part.direction, part.weight) for part in one[1]] == [
                (part.agent, part.direction, part.weight) for part in two[1]
            ]
        open_ids = {f"s{number}", f"s{number - 2}"}
        for twin in (quality, naive):
            twin.keep_only(open_ids)
        assert (quality.lots, quality.wins) == (naive.lots, naive.wins)
    assert digest({"s": sessions[0].snapshot()}) == digest({"s": sessions[1].snapshot()})


def test_a_restored_twin_goes_on_alike() -> None:
    learned, fresh_session = session(), session()
    quality, fresh = TradeQuality(learned, "X"), TradeQuality(fresh_session, "X")
    teach(quality, 250)
    quality.on_entry(vector(np.ones(D), 999), signal(999))
    fresh_session.restore(learned.snapshot())
    fresh.restore(unpack(pack({"q": quality.snapshot()}))[0]["q"])
    assert (fresh.lots, fresh.wins, fresh.knows("s999")) == (250, quality.wins, True)
    for twin in (quality, fresh):
        twin.apply_outcome(outcome(999, 5))
        with pytest.raises(SessionError, match="learned already"):
            twin.apply_outcome(outcome(999, 5))
    assert digest({"q": quality.snapshot(), "s": learned.snapshot()}) == digest(
        {"q": fresh.snapshot(), "s": fresh_session.snapshot()}
    )


TAUGHT = TradeQuality(session(), "X")
teach(TAUGHT, 400)


def test_asking_for_a_size_changes_nothing() -> None:
    learned = session()
    quality = TradeQuality(learned, "X")
    teach(quality, 250)
    before = digest({"q": quality.snapshot(), "s": learned.snapshot()})
    quality.scale(vector(np.ones(D), 1), signal(1))
    assert digest({"q": quality.snapshot(), "s": learned.snapshot()}) == before


def test_one_signal_may_close_several_lots_and_is_learned_from_each() -> None:
    learned = session()
    quality = TradeQuality(learned, "X")
    quality.on_entry(vector(np.ones(D), 1), signal(1))
    for number, pnl in enumerate((5, -5, 5)):
        came = outcome(1, pnl)
        lot = msgspec.structs.replace(came.lot, lot_id=f"l1/{number}")
        settled, contributions = quality.apply_outcome(msgspec.structs.replace(came, lot=lot))
        assert settled is not None
        assert settled.values[5] == (1 if pnl > 0 else 0)
        assert [c.agent for c in contributions] == ["trend"]
    assert (quality.lots, quality.wins, learned.labels_used) == (3, 2, 3)


def test_signals_without_an_open_lot_are_forgotten_but_the_newest() -> None:
    learned = session()
    quality = TradeQuality(learned, "X")
    for number in range(4):
        quality.on_entry(vector(np.ones(D), number), signal(number))
    quality.keep_only({"s1"})
    assert [f"s{n}" in learned.pending for n in range(4)] == [False, True, False, True]
    quality.apply_outcome(outcome(1, 5))
    quality.keep_only(set())
    assert len(learned.pending) == 1


def test_what_was_served_is_scored_beside_the_share_of_lots_that_paid() -> None:
    learned = session()
    quality = TradeQuality(learned, "X")
    teach(quality, 300)
    whole = metrics.whole_run(learned.scores)
    assert whole["served"].samples == 300
    assert whole["served"].skill_millinats > 100.0
    assert whole["base"].log_loss == pytest.approx(np.log(2.0), abs=0.03)


def test_while_its_model_is_quarantined_the_share_of_lots_that_paid_is_served() -> None:
    learned = session()
    quality = TradeQuality(learned, "X")
    teach(quality, 20)
    poison(learned.model)
    quality.on_entry(vector(np.ones(D), 99), signal(99))
    settled, _ = quality.apply_outcome(outcome(99, 5))
    assert settled is not None
    assert settled.values[SERVED] == settled.values[BASE] == (quality.wins - 1 + 1) / (20 + 2)
    assert np.isfinite(learned.scores[:8]).all()
