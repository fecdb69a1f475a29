"""Invariant 11: no cent appears or vanishes in any book, and costs only ever take."""

from __future__ import annotations

from collections import defaultdict

import pytest

from alpha_pulse.core.types import Fill
from alpha_pulse.feeds.synthetic import Market, random_walk
from flow.runs import EURUSD, again, begun, bundled_feed, restless_run
from naive_execution.money import money

BOOKS = ("combined", "cost_aware", "rules_only", "ml_only", "buy_and_hold")


@pytest.mark.parametrize("market", ["eurusd", "two symbols"])
def test_money_is_conserved_at_every_slice_in_every_book(market: str) -> None:
    walk = random_walk(1_200, seed=6, market=Market(symbols=("A", "B"), volatility=0.01))
    feed = again(bundled_feed(EURUSD)).cut(1_500) if market == "eurusd" else walk
    system = begun(feed, {"batch.enabled": False, "execution.stop_volatilities": 2.0})
    while system.step():
        for name in BOOKS:
            book = system.execution.book(name)
            result = book.result(1.0)
            assert result.equity == book.equity == book.initial_cash + result.net_pnl
            assert result.net_pnl == result.gross_pnl - result.costs - result.fees
            assert result.costs >= 0
            assert result.fees >= 0
            assert sum(part.net_pnl for part in book.by_symbol().values()) == result.net_pnl
    assert all(system.execution.book(name).result(1.0).fills > 0 for name in ("combined", "rules_only", "buy_and_hold"))


def test_the_books_are_what_their_fills_make_of_them() -> None:
    done = restless_run()
    fills: dict[str, list[Fill]] = defaultdict(list)
    for fill in done.fills:
        fills[fill.book].append(fill)
    last, units = done.bars[-1].close, done.system.execution.units["SYN"]
    for name in BOOKS:
        book = done.system.execution.book(name)
        cash = book.initial_cash - sum(
            money(fill.quantity, fill.reference, units) + fill.cost + fill.fee for fill in fills[name]
        )
        position = sum(fill.quantity for fill in fills[name])
        assert (book.cash, book.position("SYN")) == (cash, position)
        assert book.equity == cash + money(position, last, units)


def test_each_closed_lot_is_net_of_its_costs() -> None:
    lots = restless_run().lots
    assert len(lots) > 300
    assert all(lot.net_pnl == lot.gross_pnl - lot.costs <= lot.gross_pnl for lot in lots)
    by_book: dict[str, int] = defaultdict(int)
    for lot in lots:
        by_book[lot.book] += lot.net_pnl
    for name, realised in by_book.items():
        assert restless_run().system.execution.book(name).result(1.0).realised_net_pnl == realised
