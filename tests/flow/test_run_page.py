"""Every number on the page of a run can be computed again from the files of its export, by other code."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

import export_recount as recount
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StateError
from alpha_pulse.journal.export import export
from alpha_pulse.reporting.pages.run_page import run_page
from alpha_pulse.reporting.tearsheet import make_tear_sheet, read_run
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores import open_store
from alpha_pulse.stores.memory import MemoryStore
from export_recount import Files, tear_sheet
from export_recount.trading import book_status, marks_per_year
from flow.runs import INDICES, RESTLESS, again, begun, bundled_feed, configured, restless
from page_reader import PageReader
from recount import interval_of_total

STATED = (
    *("95", "5", "0", "2", "70", "1", "12"),  # per cent, the mean of chance, what is listed, the length of bars
    *("2.0", "0.2", "2000", "8", "1500", "0.3", "150", "500", "50", "0.5", "1,000"),  # settings
)
"""Numbers of the page that are no results."""
NUMBER = re.compile(r"[+−±]?\d[\d,]*(?:\.\d+)?")


class Shown(NamedTuple):
    """The page of a finished run, and the files of its export."""

    page: PageReader
    html: str
    files: Files


@pytest.fixture(scope="module")
def finished() -> MemoryStore:
    store = MemoryStore()
    assert replay(configured(RESTLESS), restless(), store, "restless") is not None
    return store


@pytest.fixture(scope="module")
def shown(finished: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder: Path = tmp_path_factory.mktemp("page") / "tables"
    export(finished, folder)
    html = run_page(read_run(finished))
    return Shown(PageReader(html), html, Files(folder))


def rows_of(table: list[list[str]]) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    return {row[0]: row[1:] for row in table[1:]}


def test_the_tables_of_books_and_trades(shown: Shown) -> None:
    money, ratios = shown.page.section("What came out").tables
    (trades,) = shown.page.section("Trades").tables
    assert rows_of(money) == tear_sheet.money_rows(shown.files)
    assert rows_of(ratios) == tear_sheet.ratio_rows(shown.files)
    assert rows_of(trades) == tear_sheet.trade_rows(shown.files)


def test_the_months(shown: Shown) -> None:
    (months,) = shown.page.section("Monthly returns").tables
    assert rows_of(months) == tear_sheet.month_rows(shown.files)


def test_the_scores(shown: Shown) -> None:
    (table,) = shown.page.section("Skill").tables
    target, found = "", {}
    for name, *cells in table[1:]:
        target = target if cells else name
        found[f"{target} {name}" if cells else name] = cells
    assert found == tear_sheet.score_rows(shown.files)


def test_the_adaptations(shown: Shown) -> None:
    (table,) = shown.page.section("Drift").tables
    assert table[1:] == tear_sheet.action_rows(shown.files, 12)


def test_every_number_in_sentences_and_tiles(shown: Shown) -> None:
    allowed = allowed_numbers(shown.files)
    for section in shown.page.sections:
        for text in (*section.sentences, *section.tiles.values()):
            for number in NUMBER.findall(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|[0-9a-f]{12}", "", text)):
                assert number.strip("+−±,") in allowed, (number, text)


def allowed_numbers(files: Files) -> set[str]:
    """What may stand in a sentence: the numbers of the tables, and these."""
    cash, books = files.config["execution"]["initial_cash"], files.books
    combined, counts = book_status(files, "combined"), recount.counts(files)
    risk = tear_sheet.risk(files, "combined")
    reliabilities = [recount.reliability(files, "SYN", target, whole=True) for target in recount.TARGETS]
    curves = {book: tear_sheet.curve_of(files, book) for book in books}
    changes, seed = np.diff(curves["combined"]), files.config["seed"]
    fills = files.of("fills", book="combined")
    place = {row["seq"]: at for at, row in enumerate(files.of("equity", book="combined"))}
    gross = changes.copy()
    for row in fills:
        gross[place[row["seq"]]] += row["cost_cash"] + row["fee_cash"]
    shares = [value / cash for values in (changes, gross) for value in interval_of_total(values, seed)]
    shares += [combined[name] / cash for name in ("net_pnl", "gross_pnl")]
    shares += [
        (combined["fees"] + combined["costs"]) / cash,
        risk["under_water"],
        risk["max_drawdown"],
        risk["exposure"],
        risk["held"],
    ]
    shares += [curve[-1] / curve[0] - 1.0 for curve in curves.values()]
    shares += [found["ece"] for found in reliabilities]
    shares += [0.4 * (len(found["bins"]) / found["labels"]) ** 0.5 for found in reliabilities]
    steps, per_year = len(changes), marks_per_year(files)
    window = min(steps // 4, round(0.5 * per_year))
    lots = tear_sheet.closed(files, "combined")
    costs = tear_sheet.mean([row["costs_cash"] for row in lots])
    ml = recount.success_metrics(files)["ml_pnl"]
    opened = [datetime.fromtimestamp(files["bars"][at]["open_time"] // 10**9, tz=UTC) for at in (0, -1)]
    by_monitored = Counter(row["monitored"] for row in files["alarms"]).values()
    ends = Counter(row["status"] for row in recount.adaptations(files)["actions"])
    by_status = [ends[name] for name in ("accepted", "rolled_back", "open")]
    texts = [
        *(tear_sheet.percent(abs(share), digits) for share in shares for digits in (0, 1, 2)),
        *(f"{1.959963984540054 * (per_year / n) ** 0.5:,.{digits}f}" for n in (steps, window) for digits in (1, 2)),
        *(f"{abs(value):,.2f}" for value in (combined["net_pnl"], combined["fees"] + combined["costs"], costs or 0.0, cash)),
        *(f"{abs(ml[name]):,.2f}" for name in ("net", "net_low", "net_high")),
        *(f"{value:,}" for value in counts.values()), f"{len(files['bars']):,}", f"{window:,}",
        f"{365.25 * window / per_year:,.0f}", f"{per_year:,.0f}", tear_sheet.time(risk["longest_s"]),
        *(f"{number:,}" for number in [*by_monitored, *by_status]),
        f"{sum(row['net_pnl_cash'] > 0.0 for row in lots):,}", "1,000",
        *STATED, *(str(part) for day in opened for part in (day.day, day.year)),
        *(cell for table in every_table(files) for row in table.values() for cell in row),
    ]  # fmt: skip
    return {number.strip("+−±,") for text in texts for number in NUMBER.findall(text)}


def every_table(files: Files) -> list[dict[str, list[str]]]:
    months = tear_sheet.month_rows(files)
    values = [cell for row in months.values() for cell in row[:12] if cell]
    profits = sum(cell.startswith("+") for cell in values)
    return [
        tear_sheet.money_rows(files), tear_sheet.ratio_rows(files), tear_sheet.trade_rows(files), months,
        tear_sheet.score_rows(files), {"counts": [str(profits), str(len(values))]},
    ]  # fmt: skip


def test_a_page_is_one_file_without_scripts(shown: Shown) -> None:
    assert "<script" not in shown.html
    assert not re.search(r'(?:src|href)="(?!#)', shown.html)
    assert len(shown.html) < 1e6


def test_what_a_run_would_contain_is_shown_before_its_end(finished: MemoryStore) -> None:
    """A run that came to its last bar but has no result has the same tear sheet, computed from the tables alone."""
    store = MemoryStore()
    system = begun(restless(), RESTLESS, store)
    while system.advance(500) == 500:
        pass
    of_result, of_tables = (make_tear_sheet(read_run(each)) for each in (finished, store))
    left_out = {"run_id", "finished", "by_symbol"}
    for name in set(of_result.__struct_fields__) - left_out:
        one, other = (msgspec.to_builtins(getattr(sheet, name)) for sheet in (of_result, of_tables))
        assert one == pytest.approx(other, rel=1e-9, abs=1e-6, nan_ok=True) if isinstance(one, float) else same(one, other), (
            name
        )


def same(one: object, other: object) -> bool:
    """Equal up to rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float | int):
        return abs(one - other) <= 1e-6 + 1e-9 * abs(one)
    return one == other


def test_the_symbols_of_a_run_add_up() -> None:
    store = MemoryStore()
    replay(configured({"batch.enabled": False}), again(bundled_feed(INDICES)).cut(600), store, "indices")
    sheet = make_tear_sheet(read_run(store))
    page = PageReader(run_page(read_run(store)))
    assert ", finished; " in page.sections[0].sentences[1]
    (table,) = page.section("Symbol by symbol").tables
    assert [row[0] for row in table[1:]] == ["NASDAQ", "SP500"]
    net = sum(float(row[1].replace("−", "-").replace(",", "")) for row in table[1:])
    assert net == pytest.approx(sheet.books["combined"].net_pnl, abs=0.02)
    assert sum(int(row[3]) for row in table[1:]) == sheet.books["combined"].trades.trades


def test_a_run_of_two_symbols_that_another_program_writes(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with closing(open_store(f"sqlite:///{path}", StoreConfig())) as store:
        system = begun(again(bundled_feed(INDICES)).cut(700), {"batch.enabled": False}, store)
        with pytest.raises(StateError, match="run flow has no bars yet"):
            read_run(path)
        system.advance(650)
        store.flush()
        content = read_run(path)
    sheet = make_tear_sheet(content)
    assert not sheet.finished
    assert sheet.data.symbols == ["NASDAQ", "SP500"]
    assert sheet.predictions.predictions == sum(
        (sheet.predictions.labelled, sheet.predictions.pending, sheet.predictions.expired)
    )
