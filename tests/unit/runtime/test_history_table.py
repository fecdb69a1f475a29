"""Tables that grow and forget, and the pages that are read from them."""

from __future__ import annotations

import numpy as np
import pytest

from alpha_pulse.core.types import Fill
from alpha_pulse.gateway.protocol import Page
from alpha_pulse.runtime.history import table as history_table
from alpha_pulse.runtime.history.events import Events
from alpha_pulse.runtime.history.table import HistoryTable, PageSlice, downsample


def filled(rows: int, step: int = 1) -> HistoryTable:
    table = HistoryTable(("seq", "value"))
    table.extend([[i * step, 10.0 * i] for i in range(rows)])
    return table


def test_rows_come_back_as_they_went_in() -> None:
    table = filled(5_000)
    assert table.held == 5_000
    assert table.column("value").tolist() == [10.0 * i for i in range(5_000)]
    assert table.find("seq", 4_321) == {"seq": 4_321.0, "value": 43_210.0}
    assert table.find("seq", 5_000) is None
    assert table.find("seq", 0.5) is None


def test_the_newest_are_kept_and_it_is_said_that_older_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_table, "BOUND", 2_000)
    monkeypatch.setattr(history_table, "SLACK", 200)
    table = filled(10_000)
    assert 2_000 <= table.held <= 2_200
    assert table.dropped == 10_000 - table.held
    assert table.column("seq").tolist() == list(range(table.dropped, 10_000))
    series = PageSlice(table, Page(limit=10)).series("X", {"seq": table.column("seq")[:10]})
    assert series.oldest_seq == table.dropped
    table.column("value")[-1] = -1.0
    assert table.rows[-1].tolist() == [9_999.0, -1.0]


@pytest.mark.parametrize("size", [1, 7, 190, 5_000])
def test_what_is_kept_depends_on_the_number_of_rows_alone(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_table, "BOUND", 2_000)
    monkeypatch.setattr(history_table, "SLACK", 200)
    table, whole = HistoryTable(("seq", "value")), filled(10_000)
    for first in range(0, 10_000, size):
        table.extend(np.arange(2.0 * first, 2.0 * min(first + size, 10_000)).reshape(-1, 2))
    assert (table.dropped, table.held) == (whole.dropped, whole.held)
    assert table.column("seq").tolist() == [2.0 * seq for seq in whole.column("seq")]


@pytest.mark.parametrize(("from_seq", "limit"), [(0, 7), (3, 4), (40, 100), (99, 1), (1_000, 5)])
def test_pages_lead_from_one_to_the_next(from_seq: int, limit: int) -> None:
    table = filled(100)
    found: list[int] = []
    at: int | None = from_seq
    while at is not None:
        cut = PageSlice(table, Page(from_seq=at, limit=limit))
        found += cut.downsample().tolist()
        assert cut.last - cut.first <= limit
        at = cut.next_seq
    assert found == list(range(from_seq, 100))


@pytest.mark.parametrize(("count", "points"), [(10, 2), (10, 9), (6_225, 500), (501, 500), (200_000, 5_000)])
def test_thinning_keeps_the_ends_and_goes_evenly(count: int, points: int) -> None:
    places = downsample(count, points)
    assert len(places) == points
    assert (places[0], places[-1]) == (0, count - 1)
    gaps = np.diff(places)
    assert gaps.min() >= 1
    assert gaps.max() - gaps.min() <= 1


def fill(number: int, book: str, symbol: str = "X") -> Fill:
    return Fill(f"{book}/{symbol}/{number}/f", f"{book}/{symbol}/{number}", book, symbol, number, 1, 1.0, 1.0, 0, 0, "s")


def test_a_page_of_events_never_tears_a_row() -> None:
    events: Events[Fill] = Events()
    for seq in range(50):
        for book in ("combined", "ml_only", "rules_only"):
            events.add(seq, fill(seq, book))
    found: list[tuple[int, str]] = []
    at: int | None = 0
    while at is not None:
        page, at, total = events.page(None, "all", Page(from_seq=at, limit=7))
        found += [(seq, event.book) for seq, event in page]
        assert total == 150
        assert len(page) <= 9
    assert len(set(found)) == len(found) == 150
    assert [seq for seq, _ in found] == sorted(seq for seq, _ in found)


def test_events_are_found_by_book_and_symbol() -> None:
    events: Events[Fill] = Events()
    for seq in range(20):
        events.add(seq, fill(seq, "combined", "X" if seq % 2 else "Y"))
        events.add(seq, fill(seq, "ml_only"))
    page, next_seq, total = events.page("Y", "combined", Page())
    assert ([seq for seq, _ in page], next_seq, total) == (list(range(0, 20, 2)), None, 10)
    page, _, total = events.page("Y", "ml_only", Page())
    assert (page, total) == ([], 0)
    page, _, total = events.page(None, "all", Page(max_points=5))
    assert (len(page), page[0][0], page[-1][0], total) == (5, 0, 19, 40)
