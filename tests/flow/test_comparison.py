"""The comparison of stored runs: its differences are those of plain code, and runs over other data have none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

import alpha_pulse as ap
from alpha_pulse.core.config import Config, FeaturesConfig
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.journal.export import tables
from alpha_pulse.library.compare import ComparedRuns
from alpha_pulse.reporting.pages.comparison_page import comparison_page
from alpha_pulse.reporting.pages.setting_texts import settings_text
from alpha_pulse.reporting.tearsheet import read_run
from alpha_pulse.reporting.tearsheet.settings import setting_differences
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import LEAN, configured
from page_reader import PageReader
from recount import interval_of_total

BARS = 1_500


def stored(name: str, settings: dict[str, object] | None = None, *, seed: int = 3, stop: bool = False) -> MemoryStore:
    store, checks = MemoryStore(), iter(range(10))
    stopped = (lambda: next(checks) > 0) if stop else (lambda: False)
    replay(configured({**LEAN, **(settings or {})}), random_walk(BARS, seed=seed), store, name, stopped=stopped)
    return store


@pytest.fixture(scope="module")
def stores() -> dict[str, MemoryStore]:
    return {
        "first": stored("first"),
        "dear": stored("dear", {"venue.fee_bps": 20.0}),
        "logistic": stored("logistic", {"learning.model": "logistic"}),
        "horizon": stored("horizon", {"learning.direction_horizon_bars": 5}),
        "stopped": stored("stopped", {"learning.model": "logistic"}, stop=True),
        "elsewhere": stored("elsewhere", seed=4),
        "own": stored("own", {"targets.own": ["own_targets:pays"]}),
        "own_logistic": stored("own_logistic", {"targets.own": ["own_targets:pays"], "learning.model": "logistic"}),
    }


def compared(stores: dict[str, MemoryStore], *names: str) -> ComparedRuns:
    return ComparedRuns([read_run(stores[name]) for name in names])


def test_a_target_of_one_run_has_values_of_that_run_alone_and_is_not_paired(stores: dict[str, MemoryStore]) -> None:
    both, alike = compared(stores, "first", "own"), compared(stores, "own", "own_logistic")
    assert both.comparison.targets == ["volatility", "direction", "pays"]
    labels = both.comparison.metrics["pays_labels"]
    assert labels[0] is None
    assert labels[1] == len(tables(stores["own"], "labels")["labels"].filter(target="pays", status="scored"))
    assert [each.target for each in both.comparison.differences] == [None, "volatility", "direction"]
    assert [each.target for each in alike.comparison.differences] == [None, "volatility", "direction", "pays"]
    assert alike.comparison.differences[-1].pairs == labels[1]
    page = comparison_page(both._contents, both.comparison)
    assert "served forecast of pays" in page


def only(rows: pl.DataFrame) -> dict[str, object]:
    (row,) = rows.iter_rows(named=True)
    return row


def equity(store: MemoryStore) -> pl.DataFrame:
    return tables(store, "equity")["equity"].filter(book="combined")


def test_settings_that_differ(stores: dict[str, MemoryStore]) -> None:
    settings = compared(stores, "first", "dear", "logistic").settings
    assert settings.rows() == [
        ("learning.model", "market_default", "market_default", "logistic"),
        ("venue.fee_bps", "1", "20", "1"),
    ]
    assert compared(stores, "first", "elsewhere").settings.is_empty()


def test_own_features_and_targets_are_among_the_settings_that_differ() -> None:
    own = Config(features=FeaturesConfig(own=("mine:momentum",), sources={"mine:momentum": "0" * 64}))
    differences = setting_differences([Config(), own])
    assert [each.key for each in differences] == ["features.own", "features.sources"]
    assert settings_text(differences) == (
        "the defaults, except features.own = mine:momentum (default none); "
        "features.sources = mine:momentum 000000000000 (default none)"
    )


def test_the_same_bars_under_another_symbol_are_recognised(stores: dict[str, MemoryStore]) -> None:
    store = MemoryStore()
    columns = random_walk(BARS, seed=3).columns.pick(slice(300))
    feed = ReplayFeed(msgspec.structs.replace(columns, symbols=("OTHER",)))
    replay(configured(LEAN), feed, store, "renamed")
    found = ComparedRuns([read_run(each) for each in (stores["first"], store, stores["elsewhere"])])
    assert (found.comparison.unpaired, found.comparison.renamed) == (["renamed", "elsewhere"], ["renamed"])
    assert "The bars of B are those of A, and only the symbol differs: OTHER, not SYN." in repr(found)


@pytest.mark.parametrize("name", ["logistic", "stopped"])
def test_log_losses_are_paired_by_prediction(stores: dict[str, MemoryStore], name: str) -> None:
    found = compared(stores, "first", name).differences.filter(quantity="log_loss", target="volatility")
    labels = [tables(stores[each], "labels")["labels"].filter(target="volatility", status="scored") for each in ("first", name)]
    losses = [
        {
            row["prediction_id"]: -np.log(row["probability"] if row["label"] else 1.0 - row["probability"])
            for row in rows.to_dicts()
        }
        for rows in labels
    ]
    pairs = [key for key in losses[0] if key in losses[1]]
    values = 1_000.0 * np.array([losses[1][key] - losses[0][key] for key in pairs])
    low, high = (bound / len(pairs) for bound in interval_of_total(values, 1, 12))
    row = only(found)
    assert row["pairs"] == len(pairs) > 500
    assert [row["mean"], row["low"], row["high"]] == pytest.approx([values.mean(), low, high], rel=1e-9)
    assert (len(pairs) < len(losses[0])) == (name == "stopped")


@pytest.mark.parametrize("name", ["dear", "stopped"])
def test_returns_are_paired_by_bar(stores: dict[str, MemoryStore], name: str) -> None:
    row = only(compared(stores, "first", name).differences.filter(quantity="total_return"))
    curves = [dict(equity(stores[each]).select("known_at", "equity_cash").iter_rows()) for each in ("first", name)]
    common = [time for time in curves[0] if time in curves[1]]
    ahead = np.array([curves[1][time] - curves[0][time] for time in common]) / 100_000.0
    changes = np.diff(ahead, prepend=0.0)
    assert row["pairs"] == len(common)
    assert [row["mean"], row["low"], row["high"]] == pytest.approx([ahead[-1], *interval_of_total(changes, 1)], rel=1e-6)


def test_equal_forecasts_have_no_difference(stores: dict[str, MemoryStore]) -> None:
    """Fees change no forecast."""
    for row in compared(stores, "first", "dear").differences.filter(quantity="log_loss").iter_rows(named=True):
        assert (row["mean"], row["low"], row["high"]) == (0.0, 0.0, 0.0)


def test_labels_of_another_horizon_are_not_compared(stores: dict[str, MemoryStore]) -> None:
    differences = compared(stores, "first", "horizon").differences
    row = only(differences.filter(quantity="log_loss", target="direction"))
    assert row["mean"] is None
    assert "the runs predict different things" in str(row["problem"])
    assert only(differences.filter(quantity="log_loss", target="volatility"))["mean"] == 0.0


def test_runs_over_other_data_stand_side_by_side_without_pairs(stores: dict[str, MemoryStore]) -> None:
    both = compared(stores, "first", "elsewhere")
    assert both.differences.is_empty()
    assert both.comparison.unpaired == ["elsewhere"]
    assert "B was made from other data than A" in repr(both)
    assert both.metrics.columns == ["metric", "first", "elsewhere"]


def test_metrics_are_those_of_the_results(stores: dict[str, MemoryStore]) -> None:
    both = compared(stores, "first", "dear")
    values = {row["metric"]: row for row in both.metrics.to_dicts()}
    for name in ("first", "dear"):
        result = ap.Run(stores[name]).metrics
        for metric, key in {
            "net_pnl_cash": "net_pnl_cash",
            "sharpe": "sharpe",
            "max_drawdown": "max_drawdown_fraction",
            "trades": "trades",
            "volatility_log_loss_nats": "volatility.served.log_loss_nats",
        }.items():
            assert values[metric][name] == result[key], metric


def test_the_page_shows_the_same_numbers(stores: dict[str, MemoryStore], tmp_path: Path) -> None:
    both = compared(stores, "first", "dear", "elsewhere")
    html = both.report(tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "<script" not in html
    page = PageReader(html)
    (settings,), (differences,) = page.section("What differs").tables, page.section("Differences").tables
    assert settings == [["setting", "A", "B", "C"], ["venue.fee_bps", "1", "20", "1"]]
    row = only(both.differences.filter(quantity="total_return"))
    shown = next(cells for cells in differences if cells[0].startswith("net P&L"))
    assert shown[1] == f"{100.0 * float(str(row['mean'])):+.2f} %".replace("-", "−")
    (metrics,) = page.section("All metrics").tables
    net = [f"{value:+,.2f}".replace("-", "−") for value in both.metrics.filter(metric="net_pnl_cash").row(0)[1:]]
    assert metrics[1] == ["net P&L", *net]
    assert "C was made from other data than A" in " ".join(page.sections[0].sentences)


def test_it_draws_and_shows_itself(stores: dict[str, MemoryStore]) -> None:
    both = compared(stores, "first", "dear")
    assert both.plot()._repr_png_().startswith(b"\x89PNG")
    assert "venue.fee_bps" in both._repr_html_()
    assert isinstance(ap.compare(ap.Run(stores["first"]), ap.Run(stores["dear"])), ComparedRuns)


def test_what_cannot_be_compared_is_refused(stores: dict[str, MemoryStore]) -> None:
    with pytest.raises(ConfigError, match="1 run was given to compare; give two or more"):
        compared(stores, "first")
    with pytest.raises(ConfigError, match="run first was given more than once"):
        compared(stores, "first", "first")
