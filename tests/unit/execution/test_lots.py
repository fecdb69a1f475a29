from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import OrderError, StateError
from alpha_pulse.core.types import Fill
from alpha_pulse.execution.books import Books
from alpha_pulse.kernels.execution.layout import POSITION
from alpha_pulse.kernels.execution.lots import share
from execution_parts import LotQueue
from execution_samples import CENTS, UNIT, fill
from naive_books import NaiveBook

small = st.integers(-30, 30).filter(bool)
large = st.integers(-(10**13), 10**13).filter(bool)
charge = st.integers(0, 500)


def fills(quantities: st.SearchStrategy[int], most: float) -> st.SearchStrategy[list[Fill]]:
    one = st.tuples(quantities, st.floats(0.001, most), charge, charge)
    return st.lists(one, max_size=25).map(
        lambda rows: [fill(k, q, price, cost=cost, fee=fee) for k, (q, price, cost, fee) in enumerate(rows)]
    )


@given(fills(small, 1e6))
def test_the_queue_equals_its_naive_twin(sequence: list[Fill]) -> None:
    queue, naive = LotQueue("combined", CENTS), NaiveBook(0)
    found: dict[tuple[str, str], list[int]] = {}
    for each in sequence:
        for lot in queue.apply_fill(each):
            assert (lot.open_fill_id, lot.close_fill_id) not in found
            found[lot.open_fill_id, lot.close_fill_id] = [lot.quantity, lot.gross_pnl, lot.costs]
        naive.apply(each)
        assert (queue.position, queue.basis) == (naive.position, naive.basis)
    assert found == naive.closed


@given(fills(large, 1e5))
def test_every_minor_unit_of_every_fill_is_in_exactly_one_place(sequence: list[Fill]) -> None:
    queue = LotQueue("combined", CENTS)
    gross = charges = 0
    for each in sequence:
        for lot in queue.apply_fill(each):
            assert lot.net_pnl == lot.gross_pnl - lot.costs <= lot.gross_pnl
            assert lot.opened_ts <= lot.closed_ts
            gross += lot.gross_pnl
            charges += lot.costs
    assert (gross, charges) == (queue.realised_gross, queue.realised_charges)
    assert queue.position == sum(each.quantity for each in sequence)
    assert queue.costs + queue.fees == sum(each.cost + each.fee for each in sequence) >= charges
    if queue.position == 0:
        assert queue.basis == 0
        assert charges == queue.costs + queue.fees


@given(st.integers(-(10**12), 10**12), large, st.lists(st.integers(0, 10**13), max_size=6))
def test_adjoining_shares_add_up_to_the_whole(amount: int, whole: int, cuts: list[int]) -> None:
    sign = 1 if whole > 0 else -1
    at = [0, *sorted(sign * (cut % (abs(whole) + 1)) for cut in cuts), whole]
    at = sorted(at, key=abs)
    assert sum(share(amount, a, b, whole) for a, b in pairwise(at)) == amount


def test_crossing_through_zero_closes_everything_and_opens_the_rest() -> None:
    queue = LotQueue("combined", CENTS)
    queue.apply_fill(fill(1, 2 * UNIT, 10.0, cost=20, fee=2))
    queue.apply_fill(fill(2, 1 * UNIT, 12.0, fee=1))
    first, second = queue.apply_fill(fill(3, -5 * UNIT, 15.0, cost=50))
    assert (first.quantity, first.gross_pnl, first.costs, first.net_pnl) == (2 * UNIT, 1000, 42, 958)
    assert (second.quantity, second.gross_pnl, second.costs) == (1 * UNIT, 300, 11)
    assert (first.lot_id, second.lot_id) == ("f3/0", "f3/1")
    assert (first.signal_id, first.prediction_id, second.signal_id) == ("s1", "p1", "s2")
    assert (queue.position, queue.basis) == (-2 * UNIT, -3000)
    (last,) = queue.apply_fill(fill(4, 2 * UNIT, 14.0))
    assert (last.quantity, last.gross_pnl, last.costs, last.open_fill_id) == (-2 * UNIT, 200, 20, "f3")


def test_an_indivisible_cost_goes_to_the_parts_without_loss() -> None:
    queue = LotQueue("combined", CENTS)
    queue.apply_fill(fill(1, 3, 1e6, cost=10))
    assert [queue.apply_fill(fill(k, -1, 1e6))[0].costs for k in (2, 3, 4)] == [3, 3, 4]


def test_closed_dust_counts_as_money_and_not_as_a_trade() -> None:
    queue = LotQueue("combined", msgspec.structs.replace(CENTS, min_order=1_000))
    queue.apply_fill(fill(1, 2 * UNIT, 10.0))
    queue.apply_fill(fill(2, -2 * UNIT + 999, 12.0))
    assert (queue.closed, queue.position) == (1, 999)
    (dust,) = queue.apply_fill(fill(3, -999, 12.0))
    assert (queue.closed, queue.position) == (1, 0)
    assert dust.gross_pnl + 400 == queue.realised_gross == 400


@pytest.mark.parametrize(
    "foreign", [fill(1, 1, 1.0, book="other"), fill(1, 1, 1.0, symbol="Y"), fill(1, 0, 1.0), fill(1, 1, 1.0, fee=-1)]
)
def test_a_fill_that_cannot_be_right_is_refused(foreign: Fill) -> None:
    queue = LotQueue("combined", CENTS)
    with pytest.raises(OrderError, match="fill f1"):
        queue.apply_fill(foreign)
    assert queue.fills == 0


def test_a_damaged_state_is_refused() -> None:
    queue = LotQueue("combined", CENTS)
    queue.apply_fill(fill(1, 5, 10.0))
    state = queue.books.snapshot()
    state.arrays["positions"][0, 0, POSITION] = 4
    with pytest.raises(StateError, match="hold 5"):
        Books(["combined"], 0, ["X"]).restore(state)
