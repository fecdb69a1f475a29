"""Single kernels of execution beside their naive twins, bit for bit."""

from __future__ import annotations

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.core.types import Bar, Fill, Units
from alpha_pulse.execution.decision import SizingInput
from alpha_pulse.kernels.execution.layout import BREAK_RING, BREAKS, DAY, DAY_START, MAX_DRAWDOWN, PEAK, RETURNS, SQUARES
from execution_parts import LotQueue, Performance, Rule, SessionBreaks, admitted
from execution_samples import fill, signal
from naive_execution.fill_limit import Account
from naive_execution.fill_limit import admitted as naive_admitted
from naive_execution.lots import LotQueue as NaiveQueue
from naive_execution.performance import Performance as NaivePerformance
from naive_execution.rules import BuyAndHold, CostAware, EntryRule, FollowSignal
from naive_execution.session_breaks import SessionBreaks as NaiveBreaks

units = st.builds(
    Units,
    symbol=st.just("X"),
    cash_decimals=st.integers(0, 9),
    quantity_decimals=st.integers(-4, 12),
    lot=st.sampled_from([1, 7, 10**6]),
    min_order=st.integers(0, 10**9),
)
parts = st.integers(-(2**60), 2**60)
cash = st.integers(0, 2**60)
fractions = st.floats(0.0, 3.0)
directions = st.one_of(st.none(), st.just(0.0), st.floats(-1.0, 1.0))
positive = st.floats(1e-6, 1e6)


@given(
    st.integers(-(2**55), 2**55).filter(bool), fractions, parts, st.integers(-(2**60), 2**60), cash, positive,
    st.floats(0.0, 0.05), fractions, fractions, units,
)  # fmt: skip
def test_what_is_admitted_equals_the_twin(
    quantity: int, fraction: float, held: int, equity: int, others: int, price: float, cost: float, most: float, order: float,
    of: Units,
) -> None:  # fmt: skip
    account = Account(held, equity, others)
    assert admitted(quantity, fraction, account, price, cost, most, order, of) == naive_admitted(
        quantity, fraction, account, price, cost, most, order, of
    )


def twin_of(name: str, config: Config, initial_cash: int) -> EntryRule:
    follow = FollowSignal(config, "combined", use_quality=True)
    twins: dict[str, EntryRule] = {
        "signal": follow,
        "cost_aware": CostAware(follow, config.venue),
        "rules_only": FollowSignal(config, "rules"),
        "ml_only": FollowSignal(config, "ml"),
        "buy_and_hold": BuyAndHold(config, initial_cash),
    }
    return twins[name]


configs = st.builds(
    lambda target, band, most, order: msgspec.convert(
        {
            "execution": {"target_volatility": target, "rebalance_band": band},
            "risk": {"max_position_fraction": most, "max_order_fraction": order},
        },
        Config,
    ),
    st.floats(0.01, 1.0), st.floats(0.0, 0.9), st.floats(0.05, 1.0), st.floats(0.05, 2.0),
)  # fmt: skip
quotes = st.one_of(st.none(), st.tuples(st.floats(90.0, 110.0), st.floats(90.0, 110.0)))


@st.composite
def inputs(draw: st.DrawFn) -> SizingInput:
    close = draw(st.one_of(st.floats(0.01, 1e5), st.just(0.0)))
    bid, ask = draw(quotes) or (None, None)
    at = Bar("X", HOUR_NS, HOUR_NS, close, close, close, close, bid=bid, ask=ask)
    combined, rules, ml = (None if value is None else signal("s", value) for value in [draw(directions) for _ in range(3)])
    volatility, plain = draw(st.one_of(st.just(0.0), st.floats(1e-5, 0.2))), draw(st.floats(1e-5, 0.2))
    probability = draw(st.one_of(st.none(), st.floats(0.0, 1.0)))
    quality, a_year = draw(st.floats(0.5, 1.5)), draw(st.floats(1.0, 1e6))
    return SizingInput(at, 1, combined, rules, ml, volatility, plain, quality, probability, draw(st.integers(1, 50)), a_year)


@given(
    st.sampled_from(["signal", "cost_aware", "rules_only", "ml_only", "buy_and_hold"]), configs, inputs(),
    st.one_of(st.just(0), st.integers(-(10**12), 10**12)), st.integers(-(10**6), 2**58), st.integers(0, 2**58),
    st.integers(1, 50), units,
)  # fmt: skip
def test_the_targets_of_all_rules_equal_their_twins(
    name: str, config: Config, sizing: SizingInput, held: int, equity: int, others: int, symbols: int, of: Units
) -> None:
    account = Account(held, equity, others, 1.0 / symbols)
    found, expected = (rule.target(sizing, account, of) for rule in (Rule(name, config, 10**12), twin_of(name, config, 10**12)))
    if abs(expected.quantity) >= 2**63:
        assert abs(found.quantity) == 2**63 - 1
        found = found._replace(quantity=expected.quantity)
    assert found == expected


@given(st.lists(st.tuples(st.integers(-(2**61), 2**61), st.integers(0, 30 * HOUR_NS)), max_size=50))
def test_performance_equals_its_twin(rows: list[tuple[int, int]]) -> None:
    found, naive, ts = Performance(10**13), NaivePerformance(10**13), 0
    for equity, later in rows:
        ts += later
        found.mark(ts, equity)
        naive.mark(ts, equity)
        book, curve = found.books.books[0], found.books.curves[0]
        assert (found.book.equity, found.book.marks) == (naive.equity, naive.marks)
        assert (book[PEAK], book[DAY], book[DAY_START]) == (naive.peak, naive.day, naive.day_start_equity)
        assert (curve[RETURNS], curve[SQUARES]) == (naive.total, naive.total_squares)
        assert curve[MAX_DRAWDOWN] == naive.max_drawdown
    assert found.book.sharpe(252.0) == naive.sharpe(252.0)


@given(st.lists(st.tuples(st.integers(0, 40 * 24), st.integers(1, 100)), max_size=60))
def test_session_breaks_equal_their_twin(rows: list[tuple[int, int]]) -> None:
    found, naive = SessionBreaks(), NaiveBreaks()
    for start, length in rows:
        assert found.usual(start * HOUR_NS // 2, length * HOUR_NS) == naive.usual(start * HOUR_NS // 2, length * HOUR_NS)
    kept = int(found.freshness[0, BREAKS])
    ring = found.freshness[0, BREAK_RING : BREAK_RING + 2 * kept].reshape(kept, 2).tolist()
    assert sorted(map(tuple, ring)) == sorted(naive.dump())
    assert all(0 <= time < DAY_NS for time, _ in ring)


SUMS = ("position", "basis", "realised_gross", "realised_charges", "costs", "fees", "traded", "fills", "closed")
fills = st.lists(
    st.tuples(
        st.one_of(st.integers(-(10**4), 10**4), st.integers(-(2**58), 2**58)).filter(bool),
        st.floats(1e-3, 1e3), st.integers(0, 2**50), st.integers(0, 2**50),
    ),
    max_size=60,
)  # fmt: skip


@given(fills, st.sampled_from([0, 10**6]))
def test_lots_of_any_number_and_size_equal_their_twin(rows: list[tuple[int, float, int, int]], smallest: int) -> None:
    of = Units("X", cash_decimals=7, quantity_decimals=9, min_order=smallest)
    found, naive = LotQueue("combined", of), NaiveQueue("combined", of)
    for number, (quantity, price, cost, fee) in enumerate(rows):
        if abs(naive.position + quantity) >= 2**61:
            continue
        made: Fill = fill(number, quantity, price, cost=cost, fee=fee)
        assert found.apply_fill(made) == naive.apply_fill(made)
        assert [getattr(found, name) for name in SUMS] == [getattr(naive, name) for name in SUMS]
    assert found.books.signal_ids("combined", "X") == naive.signal_ids()
    assert math.isfinite(float(found.position))
