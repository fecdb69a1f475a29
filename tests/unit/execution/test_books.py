from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import OrderError, StateError
from alpha_pulse.core.stateful import State, Stateful, pack, unpack
from alpha_pulse.execution.book import Book
from alpha_pulse.execution.books import Books
from execution_samples import CENTS, UNIT, fill
from naive_execution.money import money

INITIAL = 10_000_000
SYMBOLS = ("X", "Y")
rows = st.lists(
    st.tuples(
        st.sampled_from(SYMBOLS),
        st.integers(-(10**10), 10**10).filter(bool),
        st.floats(0.01, 1e5),
        st.integers(0, 900),
        st.integers(0, 900),
        st.floats(0.01, 1e5),
    ),
    max_size=30,
)


def new() -> tuple[Books, Book]:
    made = Books(["combined"], INITIAL)
    for symbol in SYMBOLS:
        made.add_instrument(msgspec.structs.replace(CENTS, symbol=symbol))
    return made, made.book("combined")


@given(rows)
def test_money_is_conserved_to_the_minor_unit_at_any_time(
    sequence: list[tuple[str, int, float, int, int, float]],
) -> None:
    books, made = new()
    gross = costs = fees = 0
    closes: dict[str, float] = dict.fromkeys(SYMBOLS, 1.0)
    for number, (symbol, quantity, price, cost, fee, close) in enumerate(sequence):
        lots = books.apply_fill(fill(number, quantity, price, cost=cost, fee=fee, symbol=symbol))
        gross += sum(lot.gross_pnl for lot in lots)
        costs += cost
        fees += fee
        closes[symbol] = close
        books.value_symbol(symbol, close)
        books.mark(number + 1)
        basis = sum(made.lots(each).basis for each in SYMBOLS)
        assert made.cash + basis == INITIAL + gross - costs - fees
        assert made.gross == sum(abs(made.lots(each).marked) for each in SYMBOLS)
        assert made.equity == made.cash + sum(money(made.position(each), closes[each], CENTS) for each in SYMBOLS)
        result = made.result(252.0)
        assert result.net_pnl == made.equity - INITIAL == result.gross_pnl - costs - fees <= result.gross_pnl
        assert (result.realised_gross_pnl, result.costs, result.fees) == (gross, costs, fees)
        assert result.realised_net_pnl <= gross
        parts = made.by_symbol().values()
        assert sum(part.net_pnl for part in parts) == result.net_pnl
        assert sum(part.gross_pnl for part in parts) == result.gross_pnl
        assert sum(part.fills for part in parts) == result.fills == number + 1
        assert all(isinstance(amount, int) for amount in (made.cash, made.equity, result.net_pnl, result.gross_pnl))


@given(rows, st.integers(0, 30))
def test_a_snapshot_in_mid_stream_changes_nothing(sequence: list[tuple[str, int, float, int, int, float]], cut: int) -> None:
    (whole, _), (restored, _) = new(), new()
    for number, (symbol, quantity, price, cost, fee, close) in enumerate(sequence):
        if number == cut:
            blob = pack({"book": whole.snapshot()})
            restored, _ = new()
            restored.restore(unpack(blob)[0]["book"])
            assert pack({"book": restored.snapshot()}) == blob
        for each in (whole, restored) if number >= cut else (whole,):
            each.apply_fill(fill(number, quantity, price, cost=cost, fee=fee, symbol=symbol))
            each.value_symbol(symbol, close)
            each.mark(number + 1)
        if number >= cut:
            assert pack({"book": restored.snapshot()}) == pack({"book": whole.snapshot()})


def test_a_fractional_quantity_costs_its_fraction() -> None:
    books, made = new()
    books.apply_fill(fill(1, UNIT // 3, 100.0))
    assert made.cash == INITIAL - 3333
    books.apply_fill(fill(2, -(UNIT // 3), 100.0))
    assert made.cash == INITIAL


def test_a_round_trip_at_one_price_loses_exactly_its_charges() -> None:
    books, made = new()
    books.apply_fill(fill(1, 7 * UNIT, 33.33, cost=12, fee=5))
    books.apply_fill(fill(2, -7 * UNIT, 33.33, cost=11, fee=4))
    result = made.result(252.0)
    assert (result.net_pnl, result.gross_pnl, result.costs, result.fees, result.trades, result.fills) == (-32, 0, 23, 9, 1, 2)
    assert result.turnover == pytest.approx(2 * 7 * 3333 / INITIAL)


def test_an_unknown_symbol_and_a_foreign_state_are_refused() -> None:
    books, made = new()
    assert isinstance(books, Stateful)
    assert made.position("Q") == 0
    with pytest.raises(OrderError, match="known: X, Y"):
        made.lots("Q")
    with pytest.raises(StateError, match="symbols"):
        books.restore(Books(["combined"], INITIAL).snapshot())
    with pytest.raises(StateError, match="does not fit"):
        books.restore(State(scalars={"cash": "much"}))
