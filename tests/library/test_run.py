"""``Run``: what it shows of itself, its tables and figures, and how a store that cannot be read is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

import alpha_pulse as ap
from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import ConfigError, OutputError, StoreError, UnknownNameError
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.journal.export import tables
from alpha_pulse.journal.export.columns import TABLES
from alpha_pulse.library.metrics import metrics_of
from alpha_pulse.stores import open_store
from stored_runs import unpacked

LEAN: dict[str, Any] = {"batch": {"enabled": False}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ap.Run:
    """A whole year, with the batch model, in a store of its own."""
    return ap.replay(store=tmp_path_factory.mktemp("runs") / "<eurusd>.db", progress=False)


def test_the_text_and_the_html_state_books_scores_and_the_store(run: ap.Run) -> None:
    assert run.result is not None
    for shown in (repr(run), run._repr_html_()):
        for word in (run.id, "EURUSD", "buy and hold", "volatility, served", "6,225 bars of 1h", f"{run.result.net_pnl:+,.2f}"):
            assert word in shown, word
    assert run.store in repr(run)
    assert "<eurusd>" not in run._repr_html_()
    assert "&lt;eurusd&gt;" in run._repr_html_()


def test_metrics_are_those_of_the_result(run: ap.Run) -> None:
    result = run.result
    assert result is not None
    metrics = run.metrics
    assert metrics["net_pnl_cash"] == result.net_pnl == result.books["combined"].net_pnl
    assert metrics["rules_only.max_drawdown_fraction"] == result.books["rules_only"].max_drawdown
    served = result.metrics["volatility"]["served"]
    assert metrics["volatility.served.accuracy"] == served.accuracy
    assert served.skill_millinats_last70_interval is not None
    assert metrics["volatility.served.skill_millinats_last70_low"] == served.skill_millinats_last70_interval.low
    assert metrics["volatility.base.skill_millinats_last70_low"] is None
    assert metrics["gross_pnl_cash"] == pytest.approx(
        sum(metrics[name] or 0.0 for name in ("net_pnl_cash", "costs_cash", "fees_cash"))
    )
    assert metrics == metrics_of(result)
    assert len(repr(metrics).splitlines()) == len(metrics)
    with pytest.raises(UnknownNameError, match="there is no metric 'net_pnl'; did you mean 'net_pnl_cash'"):
        _ = metrics["net_pnl"]


def test_frames_are_the_exported_tables_and_agree_with_the_result(run: ap.Run) -> None:
    names = {"trades": "lots"} | {
        name: name for name in ("fills", "equity", "predictions", "labels", "features", "adaptations", "models")
    }
    exported = tables(run.store)
    for attribute, table in names.items():
        assert getattr(run, attribute).equals(exported[table]), table
    assert set(run.tables(*TABLES)) == set(TABLES)
    assert run.equity.filter(book="combined")["equity_cash"][-1] == pytest.approx(run.metrics["equity_cash"])
    assert len(run.predictions) == run.metrics["predictions"]
    with pytest.raises(UnknownNameError, match="there is no table 'lot'; did you mean 'lots'"):
        run.table("lot")


def test_the_figure_is_drawn_and_shown_by_notebooks(run: ap.Run) -> None:
    figure = run.plot()
    titles = {axes.get_title(loc="left") for part in figure.subfigs for axes in part.axes}
    assert {"Equity of the books", "Drawdown", "Skill of volatility over the base rate", "Reliability of direction"} <= titles
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_page_never_replaces_a_store(run: ap.Run) -> None:
    before = Path(run.store).read_bytes()
    with pytest.raises(OutputError, match="is the store of a run and would be overwritten"):
        run.report(run.store)
    assert Path(run.store).read_bytes() == before


def test_runs_lists_every_store_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert ap.runs().is_empty()
    with pytest.raises(ConfigError, match=r"run 'x' is neither a file nor the id of a run in .*, which contains none yet"):
        ap.open_run("x")
    first = ap.replay(data_of(80), progress=False, **LEAN)
    folder = tmp_path / "alpha-pulse" / "runs"
    assert Path(first.store).parent.parent == folder
    old = folder / "20200101-000000-0000" / "store.db"
    old.parent.mkdir()
    connection = sqlite3.connect(old)
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    writing = open_store(f"sqlite:///{folder / '20200101-000000-0001' / 'store.db'}", StoreConfig())
    try:
        listed = ap.runs()
    finally:
        writing.close()
    named = ["run_id", "symbols", "interval", "started", "steps", "bars", "net_pnl_cash", "state", "store", "problem"]
    assert listed.columns == named
    assert listed["state"].to_list() == ["finished", "unreadable", "unreadable"]
    row = listed.row(0, named=True)
    assert (row["run_id"], row["symbols"], row["interval"], row["bars"]) == (first.id, "SYN", "1h", 80)
    assert row["started"].strftime("%Y%m%d-%H%M%S") == first.id[:15]
    assert "is an SQLite database of another program" in listed["problem"][2]
    assert "no run has been written yet" in listed["problem"][1]
    assert repr(ap.open_run(first.id)) == repr(first)
    with pytest.raises(ConfigError, match=f"the newest are {first.id}, 20200101-000000-0001, 20200101-000000-0000; give one"):
        ap.open_run("zzz")
    near = first.id[:-1] + ("0" if first.id[-1] != "0" else "1")
    with pytest.raises(ConfigError, match=f"did you mean {first.id!r}"):
        ap.open_run(near)


def data_of(bars: int) -> Any:
    columns = random_walk(bars, seed=1).columns
    prices = {name: getattr(columns, name) for name in ("open", "high", "low", "close")}
    return {"time": columns.ts_start, "symbol": ["SYN"] * bars, **prices}


def test_a_run_is_read_while_a_program_writes_it(tmp_path: Path) -> None:
    store = tmp_path / "run.db"
    run = ap.replay(data_of(80), store=store, progress=False, **LEAN)
    writer = open_store(str(store), StoreConfig())
    try:
        assert len(ap.open_run(store).equity) == len(run.equity)
        with pytest.raises(StoreError, match="is in use by process"):
            ap.replay(data_of(80), store=store, progress=False, **LEAN)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"not a database" * 100, "cannot be read as an SQLite database")],
)
def test_a_store_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes | None, message: str
) -> None:  # fmt: skip
    path = tmp_path / "run.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=message) as caught:
        ap.open_run(path)
    assert "\n" not in str(caught.value)


def test_a_store_of_an_older_version_names_its_conversion(tmp_path: Path) -> None:
    store = unpacked("version4_finished", tmp_path)
    with pytest.raises(StoreError, match=r"was written by an earlier version .* `alpha-pulse journal upgrade"):
        ap.open_run(store)
