from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import DataError, NotFoundError, SessionError
from alpha_pulse.core.stateful import digest, pack, unpack
from alpha_pulse.core.types import Bar, Contribution, Lot, Signal, TradeOutcome
from alpha_pulse.feedback import TradingFeedbackService, trading_feedback_service
from alpha_pulse.feedback.labels import Label, RealisedVolatility
from alpha_pulse.feedback.trade_outcome import trade_outcome
from alpha_pulse.kernels.agents.trade_quality import EXTRA_FEATURES
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.session import Session
from learning_samples import new_session
from naive_learning import realised_volatility
from target_samples import BarInput, Resolved, Setting, TargetRun, vector

MINUTE = 60_000_000_000
D = 2


class Credits:
    def __init__(self) -> None:
        self.given: list[tuple[list[str], int, float]] = []

    def credit(self, contributions: Sequence[Contribution], side: int, return_: float) -> None:
        self.given.append(([c.agent for c in contributions], side, return_))


def quality_session() -> Session:
    return new_session("logistic", D + EXTRA_FEATURES, 1, target="trade_quality")


class Labelled:
    """Two targets of each symbol, and the service that counts their labels."""

    def __init__(self, settings: dict[str, Setting], symbols: Sequence[str] = ("X",)) -> None:
        self.settings = {
            (symbol, target): made._replace(symbol=symbol) for symbol in symbols for target, made in settings.items()
        }
        self.runs = {key: TargetRun.of(made) for key, made in self.settings.items()}
        self.realised = {symbol: RealisedVolatility(settings["volatility"].horizon) for symbol in symbols}
        self.feedback = TradingFeedbackService(Config(), Credits())
        for symbol in symbols:
            rings = {target: self.runs[symbol, target].loop.ring for target in settings}
            self.feedback.add_symbol(symbol, rings, quality_session())

    def step(self, bar: Bar, medians: dict[str, float]) -> list[Resolved]:
        """Label what the bar makes due, then serve the targets in ``medians``."""
        realised = np.nan_to_num(self.realised[bar.symbol].update(np.array([bar.close]))).item()
        found = []
        for (symbol, target), run in self.runs.items():
            if symbol == bar.symbol:
                features = vector(np.zeros(run.session.spec.n_features), bar.ts_event, symbol) if target in medians else None
                found.append(run.step(BarInput(bar, realised, features, medians.get(target, 0.0))).resolved)
        return found

    def resumed(self, symbols: Sequence[str]) -> Labelled:
        fresh = Labelled({target: made for (symbol, target), made in self.settings.items() if symbol == symbols[0]}, symbols)
        fresh.runs = {key: run.resumed(self.settings[key]) for key, run in self.runs.items()}
        fresh.realised = self.realised
        for symbol in symbols:
            rings = {target: run.loop.ring for (name, target), run in fresh.runs.items() if name == symbol}
            fresh.feedback.add_symbol(symbol, rings, quality_session())
        states, _ = unpack(pack({name: one.snapshot() for name, one in self.feedback.components().items()}))
        for name, one in fresh.feedback.components().items():
            one.restore(states[name])
        return fresh


def bar(number: int, close: float, minute: int, open_: float | None = None, symbol: str = "X") -> Bar:
    return Bar(symbol, minute * MINUTE, MINUTE, close if open_ is None else open_, close + 1, close - 1, close, seq=number)


steps = st.lists(
    st.tuples(st.floats(50.0, 150.0), st.integers(1, 4), st.booleans(), st.booleans(), st.sampled_from("XY")), max_size=60
)


@given(
    steps=steps,
    volatility=st.integers(1, 6),
    direction=st.integers(1, 4),
    tolerance=st.none() | st.integers(1, 4),
    entry=st.sampled_from(["close", "next_open"]),
    min_move=st.sampled_from([0.0, 500.0]),
    cut=st.integers(0, 60),
)
def test_labels_are_the_naive_twins_and_the_account_always_adds_up(
    steps: list[tuple[float, int, bool, bool, str]],
    volatility: int,
    direction: int,
    tolerance: int | None,
    entry: str,
    min_move: float,
    cut: int,
) -> None:
    common = Setting(tolerance=tolerance, entry=entry, min_move_bps=min_move, n_features=D)
    horizons = {"volatility": volatility, "direction": direction}
    loop = Labelled({target: common._replace(target=target, horizon=h) for target, h in horizons.items()}, "XY")
    bars: dict[str, list[Bar]] = {"X": [], "Y": []}
    waiting: dict[tuple[str, str, int], float] = {}
    minute = 0
    for number, (close, gap, with_volatility, with_direction, symbol) in enumerate(steps):
        if number == cut:
            loop = loop.resumed("XY")
        minute += gap
        mine = bars[symbol]
        mine.append(bar(number, close, minute, close * 1.01, symbol))
        served = {"volatility": with_volatility, "direction": with_direction}
        resolved = loop.step(mine[-1], {target: 0.1 for target, serve in served.items() if serve})
        found = {one.label.target: one.label for one in resolved if one.label is not None}
        late = {one.expired.target: one.expired for one in resolved if one.expired is not None}
        at = len(mine) - 1
        for target, horizon in horizons.items():
            reference = waiting.pop((symbol, target, at - horizon), None)
            if reference is None:
                assert target not in found
                assert target not in late
                continue
            served_at = mine[at - horizon]
            due = served_at.ts_event + horizon * MINUTE
            if tolerance is not None and mine[-1].ts_event > due + tolerance * MINUTE:
                assert late.pop(target).prediction_id == f"{symbol}/{target}/{served_at.seq}"
                continue
            assert_label(found.pop(target), reference, mine, at, horizon, entry, min_move)
        assert not found
        assert not late
        for target, serve in served.items():
            if serve:
                waiting[symbol, target, at] = 0.1 if target == "volatility" else close
        for (name, target), counts in loop.feedback.counts().items():
            assert counts.predictions == counts.labelled + counts.pending + counts.expired
            assert counts.pending == sum(key[:2] == (name, target) for key in waiting)
            assert counts.ties <= counts.labelled


def assert_label(label: Label, reference: float, bars: list[Bar], at: int, horizon: int, entry: str, min_move: float) -> None:
    served_at = bars[at - horizon]
    assert label.prediction_id == f"{label.symbol}/{label.target}/{served_at.seq}"
    assert label.label_ts == bars[at].ts_event
    if label.target == "volatility":
        realised = realised_volatility([one.close for one in bars], at, horizon)
        assert label.value == pytest.approx(realised / reference, abs=1e-12)
        assert label.label == int(realised > reference)
        return
    next_open = bars[at - horizon + 1].open
    start = next_open if entry == "next_open" else served_at.close
    move = math.log(bars[at].close / start)
    assert label.value == pytest.approx(math.log(bars[at].close / served_at.close), abs=1e-12)
    assert label.next_open_return == pytest.approx(math.log(bars[at].close / next_open), abs=1e-12)
    tie = abs(move) <= math.log1p(min_move / 10_000.0)
    assert label.label == (None if tie else int(move > 0.0))


def test_ties_are_counted_among_the_labelled() -> None:
    loop = Labelled({target: Setting(target, horizon=1, n_features=D) for target in ("volatility", "direction")})
    loop.step(bar(0, 100.0, 1), {"direction": 0.0})
    loop.step(bar(1, 100.0, 2), {})
    counts = loop.feedback.counts()["X", "direction"]
    assert (counts.predictions, counts.labelled, counts.ties, counts.pending) == (1, 1, 1, 0)


# Trade outcomes.


def signal(number: int, agent: str = "trend") -> Signal:
    return Signal(
        f"s{number}",
        "manager",
        "X",
        number,
        0.5,
        0.6,
        0.4,
        0.7,
        "X/direction/1",
        (Contribution(f"c{number}", agent, 0.5, 1.0),),
    )


def outcome(number: int, pnl: int, quantity: int = 5, lot: int = 0) -> TradeOutcome:
    closed = Lot(
        f"l{number}-{lot}",
        "primary",
        "X",
        quantity,
        1,
        2,
        100.0,
        101.0,
        pnl + 3,
        3,
        pnl,
        "f1",
        "f2",
        f"s{number}",
        "X/direction/1",
    )
    return TradeOutcome(closed, f"s{number}", "X/direction/1", pnl, pnl / 1e6, 2, 1)


def traded() -> tuple[TradingFeedbackService, Credits]:
    given_credit = Credits()
    feedback = TradingFeedbackService(Config(), given_credit)
    rings = {target: TargetRun.of(Setting(target, n_features=D)).loop.ring for target in ("volatility", "direction")}
    feedback.add_symbol("X", rings, quality_session())
    return feedback, given_credit


def test_a_closed_lot_trains_trade_quality_and_credits_those_who_wanted_it() -> None:
    feedback, given_credit = traded()
    feedback.on_entry(vector(np.ones(D), 1), signal(1, "trend"))
    feedback.on_entry(vector(np.zeros(D), 2), signal(2, "reversion"))
    first, second = feedback.apply_outcome(outcome(1, 500)), feedback.apply_outcome(outcome(2, -200, quantity=-5))
    assert first is not None
    assert second is not None
    assert (first.example.label, second.example.label) == (1, 0)
    stored = first.session.waiting.get("s1").features.tolist()
    assert stored == [1.0, 1.0, 0.5, 0.6, 0.7]
    twin = quality_session().model
    for features, label in ((stored, 1), ([0.0, 0.0, 0.5, 0.6, 0.7], 0)):
        twin.learn(np.array(features), label, 1.0, np.zeros(1))
    assert digest({"m": first.session.model.snapshot()}) == digest({"m": twin.snapshot()})
    assert given_credit.given == [(["trend"], 1, 0.0005), (["reversion"], -1, -0.0002)]
    quality = feedback.quality("X")
    assert (quality.lots, quality.wins) == (2, 1)


def test_a_trade_that_only_broke_even_did_not_pay() -> None:
    feedback, _ = traded()
    feedback.on_entry(vector(np.ones(D), 1), signal(1))
    settled = feedback.apply_outcome(outcome(1, 0))
    assert settled is not None
    assert settled.example.label == 0


def test_outcomes_do_not_enter_the_account_of_market_labels() -> None:
    feedback, _ = traded()
    before = feedback.counts()
    feedback.on_entry(vector(np.ones(D), 1), signal(1))
    feedback.apply_outcome(outcome(1, 500))
    assert feedback.counts() == before
    assert set(before) == {("X", "volatility"), ("X", "direction")}


def test_an_outcome_must_belong_to_the_trade_and_to_a_signal_that_was_traded() -> None:
    feedback, given_credit = traded()
    feedback.on_entry(vector(np.ones(D), 1), signal(1))
    with pytest.raises(SessionError, match="outcome of signal 's2' was reported with signal 's1'"):
        asyncio.run(feedback.process_trade_outcome(signal(1), outcome(2, 5)))
    with pytest.raises(SessionError, match="its signal 's9' never became an order"):
        feedback.apply_outcome(outcome(9, 5))
    assert given_credit.given == []
    assert feedback.quality("X").lots == 0
    with pytest.raises(NotFoundError, match="signal 's9' of 'X' is not known"):
        asyncio.run(feedback.process_trade_outcome(signal(9), outcome(9, 5)))
    assert asyncio.run(feedback.process_trade_outcome(signal(1), outcome(1, 5))) is True
    assert asyncio.run(feedback.process_trade_outcome(signal(1), outcome(1, 5))) is False
    assert feedback.quality("X").lots == 1
    assert len(given_credit.given) == 1
    with pytest.raises(SessionError, match="was learned already"):
        feedback.apply_outcome(replaced(outcome(1, 5), lot_id="primary/l1-0"))


def replaced(outcome: TradeOutcome, **changes: Any) -> TradeOutcome:
    """The same outcome with other fields, of its own or of its lot."""
    own = {name: value for name, value in changes.items() if name in TradeOutcome.__struct_fields__}
    lots = {name: value for name, value in changes.items() if name not in own}
    return msgspec.structs.replace(outcome, lot=msgspec.structs.replace(outcome.lot, **lots), **own)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"return_": math.nan}, "return_ of the outcome 'l1-0' is nan"),
        ({"open_reference": math.inf}, "open of the outcome 'l1-0' is inf"),
        ({"pnl": 2.5}, r"cannot be used: Expected `int`, got `float` - at `\$.pnl`"),
        ({"pnl": -(2**63)}, "expected whole numbers that fit into 64 bits"),
        ({"quantity": 0}, "a quantity above 0 for a lot held long"),
        ({"book": "a/b"}, "names the book 'a/b'"),
        ({"book": ""}, "names the book ''"),
        ({"lot_id": "x" * 129}, "an id of 129 characters"),
        ({"closed_ts": 0}, "has opened_ts 1 and closed_ts 0, but its signal is of 1"),
        ({"opened_ts": 3}, "has opened_ts 3 and closed_ts 2"),
        ({"held_ns": 2**70}, "expected whole numbers that fit into 64 bits"),
        ({"opened_ts": -(2**70)}, "expected whole numbers that fit into 64 bits"),
        ({"open_fill_id": "\ud800"}, "cannot be used"),
        ({"pnl": -4}, "expected pnl = net_pnl = gross_pnl - costs"),
        ({"costs": 4}, "expected pnl = net_pnl = gross_pnl - costs"),
        ({"return_": -0.5}, "expected numbers of one sign"),
        ({"return_": 0.0}, "expected numbers of one sign"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_and_changes_nothing(changes: dict[str, Any], said: str) -> None:
    feedback, given_credit = traded()
    feedback.on_entry(vector(np.ones(D), 1), signal(1))
    before = digest({name: part.snapshot() for name, part in feedback.components().items()})
    with pytest.raises(DataError, match=said):
        asyncio.run(feedback.process_trade_outcome(signal(1), replaced(outcome(1, 5), **changes)))
    assert given_credit.given == []
    assert digest({name: part.snapshot() for name, part in feedback.components().items()}) == before


def test_what_is_saved_comes_back_with_those_who_contributed() -> None:
    feedback, _ = traded()
    feedback.on_entry(vector(np.ones(D), 1), signal(1))
    other, given_credit = traded()
    saved = feedback.quality("X").snapshot()
    other.on_entry(vector(np.ones(D), 1), signal(1, "another"))
    other.quality("X").restore(unpack(pack({"q": saved}))[0]["q"])
    assert digest({"q": other.quality("X").snapshot()}) == digest({"q": saved})
    other.apply_outcome(outcome(1, 5))
    assert given_credit.given[0][0] == ["trend"]


def test_an_outcome_that_waits_for_its_slice_survives_a_restart() -> None:
    feedback, given_credit = traded()
    other, _ = traded()
    for one in (feedback, other):
        one.on_entry(vector(np.ones(D), 1), signal(1))
    feedback.apply_command(Command("outcome", "X/trade_quality", outcome=outcome(1, 5)), 3)
    saved = {name: part.snapshot() for name, part in feedback.components().items()}
    for name, part in other.components().items():
        part.restore(unpack(pack(saved))[0][name])
    assert asyncio.run(other.process_trade_outcome(signal(1), outcome(1, 5))) is False
    (waiting,) = other.external_outcomes(9)
    assert (waiting.lot.lot_id, waiting.closed_ts, waiting.pnl) == ("primary/l1-0", 9, 5)
    assert other.external_outcomes(10) == []
    assert given_credit.given == []


# Alone: the trades of a caller.


def own_trade(feedback: TradingFeedbackService, number: int, pnl: float) -> None:
    """A trade of a signal that is one step old."""
    made = signal(number, "trend")
    feedback.on_entry(vector(np.full(D, float(number % 2)), number), made)
    closed = trade_outcome(
        made, f"t{number}", quantity=1.0, open_price=100.0, close_price=100.0 + pnl, net_pnl=pnl, opened_ts=made.ts,
        closed_ts=made.ts + 5,
    )  # fmt: skip
    assert asyncio.run(feedback.process_trade_outcome(made, closed))
    assert not asyncio.run(feedback.process_trade_outcome(made, closed))


def test_alone_it_learns_from_the_trades_of_its_caller() -> None:
    agents = Credits()
    feedback = TradingFeedbackService(agents=agents)
    for number in range(300):
        own_trade(feedback, number, 1.0 if number % 2 else -1.0)
    quality = feedback.quality("X")
    assert (quality.lots, quality.wins) == (300, 150)
    ones, zeros = (quality.probability(vector(np.full(D, value), 301), signal(301)) for value in (1.0, 0.0))
    assert ones > 0.6 > 0.4 > zeros
    assert quality.scale(vector(np.ones(D), 301), signal(301)) > 1.0
    assert len(agents.given) == 300
    (metrics,) = [asyncio.run(feedback.learning.get_session_metrics("X/trade_quality")).whole_run["served"]]
    assert metrics.samples == 300


def test_alone_the_oldest_signals_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trading_feedback_service, "MAX_SIGNALS", 4)
    feedback = TradingFeedbackService()
    for number in range(8):
        feedback.on_entry(vector(np.ones(D), number), signal(number))
    assert [number for number in range(8) if feedback.quality("X").knows(f"s{number}")] == [4, 5, 6, 7]
    assert len(feedback.learning.session("X", "trade_quality").pending) == 4
