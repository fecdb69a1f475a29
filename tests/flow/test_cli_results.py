"""The commands on stored runs: list, show, report, export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import alpha_pulse as ap
import cli_runs
from alpha_pulse.library.places import find_run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with two finished runs in the data folder."""
    folder = tmp_path_factory.mktemp("results")
    cli_runs.write_bars(folder / "bars.parquet", 300)
    (folder / "other.toml").write_text("[batch]\nenabled = false\n[venue]\nfee_bps = 9.0\n", encoding="utf-8")
    for config in ("small.toml", "other.toml"):
        done = cli_runs.run(folder, "replay", "--data", "bars.parquet", "--config", config)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ids(place: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of both runs, the newest first."""
    monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
    return list(ap.runs()["run_id"])


def test_runs_are_listed_with_their_state_and_net_pnl(place: Path, ids: list[str]) -> None:
    shown = cli_runs.run(place, "runs").stdout
    listed = json.loads(cli_runs.run(place, "runs", "--json").stdout)
    assert [row["run_id"] for row in listed] == ids
    for row in listed:
        assert row["state"] == "finished"
        result = ap.open_run(row["run_id"]).result
        assert result is not None
        assert row["net_pnl_cash"] == result.net_pnl
        assert row["run_id"] in shown
        assert f"{result.net_pnl:+,.2f}" in shown


def test_a_list_without_runs_says_how_to_start_one(tmp_path: Path) -> None:
    assert "start one with: alpha-pulse run" in cli_runs.run(tmp_path, "runs").stdout
    assert json.loads(cli_runs.run(tmp_path, "runs", "--json").stdout) == []


def test_a_run_is_shown_as_replay_shows_it(place: Path, ids: list[str]) -> None:
    shown = cli_runs.run(place, "show").stdout
    assert "Sortino" in shown
    assert f"alpha-pulse report {ids[0]} --html" in shown
    sheet = json.loads(cli_runs.run(place, "show", ids[1], "--json").stdout)
    result = ap.open_run(ids[1]).result
    assert result is not None
    assert sheet["books"]["combined"]["net_pnl"] == result.net_pnl
    assert sheet["settings"][0] == {"key": "batch.enabled", "values": [True, False]}


def test_a_store_elsewhere_is_named_by_its_path(place: Path, ids: list[str]) -> None:
    elsewhere = place / "my store.db"
    for suffix in ("", ".head"):
        elsewhere.with_name(elsewhere.name + suffix).write_bytes(Path(f"{find_run(ids[0])}{suffix}").read_bytes())
    assert "alpha-pulse report 'my store.db' --html" in cli_runs.run(place, "show", elsewhere.name).stdout


def test_a_page_is_written(place: Path, ids: list[str]) -> None:
    done = cli_runs.run(place, "report", "latest", "--html", "page.html", "--json")
    told = json.loads(done.stdout)
    page = place / "page.html"
    assert told == {"run_id": ids[0], "html": "page.html", "bytes": page.stat().st_size}
    again = ap.open_run(ids[0]).report(place / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_runs_are_compared(place: Path, ids: list[str]) -> None:
    newest, older = ids
    shown = cli_runs.run(place, "compare", older, newest, "--html", "both.html").stdout
    assert "venue.fee_bps" in shown
    assert "no difference shown" in shown or "worse" in shown
    assert older in (place / "both.html").read_text(encoding="utf-8")
    found = json.loads(cli_runs.run(place, "compare", older, newest, "--json").stdout)
    assert [run["run_id"] for run in found["runs"]] == [older, newest]
    assert found["settings"] == [{"key": "venue.fee_bps", "values": [1.0, 9.0]}]
    assert found["metrics"]["net_pnl_cash"] == [ap.open_run(run).metrics["net_pnl_cash"] for run in (older, newest)]
    assert "give two or more" in cli_runs.run(place, "compare", older).stderr


def test_a_page_is_never_written_over_a_store(place: Path, ids: list[str]) -> None:
    store = find_run(ids[0])
    before = store.read_bytes()
    done = cli_runs.run(place, "report", ids[0], "--html", store)
    assert done.returncode == 2
    assert "are the same file" in done.stderr
    assert store.read_bytes() == before


def test_export_is_the_export_of_the_journal(place: Path, ids: list[str]) -> None:
    for words, folder in ((("export",), "short"), (("journal", "export"), "long")):
        assert cli_runs.run(place, *words, ids[0], "--to", folder).returncode == 0
    for path in (place / "long").iterdir():
        assert (place / "short" / path.name).read_bytes() == path.read_bytes()


def test_a_run_is_found_by_a_part_of_its_id(place: Path, ids: list[str]) -> None:
    newest, older = ids
    assert find_run("latest") == find_run(newest)
    assert find_run(older[-4:]) == find_run(older)
    both = cli_runs.run(place, "show", newest[:8])
    assert both.returncode == 2
    assert f"is a part of several ids: {newest}, {older}; give more of one" in both.stderr


def test_an_unknown_run_is_answered_with_the_newest_ones(place: Path, ids: list[str]) -> None:
    for command in (("show", "nothing"), ("report", "nothing", "--html", "x.html"), ("export", "nothing", "--to", "x")):
        done = cli_runs.run(place, *command)
        assert done.returncode == 2
        assert f"the newest are {ids[0]}, {ids[1]}; give one of these" in done.stderr
        assert "Traceback" not in done.stderr
