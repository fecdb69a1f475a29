"""The figures of the docs: the page is what the figures behind it say, and figures older than the code are named."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alpha_pulse.core.config import BatchConfig, Config
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore
from benchmarks import check, results
from benchmarks.results_page import sections
from benchmarks.results_store import Part, load, save
from benchmarks.source import CODE, Source, behind, current, stated

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_its_figures_say() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert results.written(page, load(ROOT / "docs" / "results.json")) == page


def test_the_page_states_no_figure_of_its_own() -> None:
    """Between the markers are figures; around them only what the reader needs to understand those."""
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    around = check.SECTION.sub("", page)
    assert re.findall(r"[+-]\d[\d,]*\.\d", around) == []
    assert re.findall(r"\b(?:was|were) kept\b", around) == []
    for name in load(ROOT / "docs" / "results.json"):
        assert f"`{name}`" in page


def test_what_is_undefined_on_few_bars_is_left_blank() -> None:
    result = replay(Config(batch=BatchConfig(enabled=False)), random_walk(120, seed=2), MemoryStore(), "short")
    assert result is not None
    report = decode_report(result)
    found = results.figures(report, report)
    made = Source("0" * 12)
    parts = {f"replay {name}": Part(made, "2026-11-30", found) for name in ("eurusd_1h_2017", "bars_1h_SPY_1998_2016")}
    shown = sections(parts)
    assert "Of 0 intervals, 0 lie above 0, 0 lie below 0, and 0 contain 0." in shown["volatility"]
    assert "| SPY 1 h " in shown["books"]
    assert "None" not in "".join(shown.values())


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one source file, and figures made with it."""
    (tmp_path / CODE).mkdir(parents=True)
    (tmp_path / CODE / "engine.py").write_text("A = 1\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    return tmp_path


def with_figures(project: Path) -> Source:
    made = current(project)
    (project / "docs").mkdir()
    save(project / "docs" / "results.json", {"replay x": Part(made, "2026-11-30", {})})
    page = f"<!-- benchmark: loop -->\nMeasured 2026-11-30 at {made} on a machine.\n<!-- end: loop -->\n"
    page += "<!-- benchmark: gbm -->\nMeasured 2026-11-24 on a machine.\n<!-- end: gbm -->\n"
    (project / "docs" / "performance.md").write_text(page, encoding="utf-8")
    return made


def test_figures_are_up_to_date_until_the_code_changes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = with_figures(project)
    assert stated(f"Measured at {made} today") == made
    assert (made.changed, behind(made, project)) == (False, None)
    (project / "other.txt").write_text("no code", encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "No code")
    assert behind(made, project) is None
    (project / CODE / "engine.py").write_text("A = 2\n", encoding="utf-8")
    assert current(project).changed
    git(project, "commit", "-qam", "Change the engine")
    reason = behind(made, project)
    assert reason is not None
    assert f"made at commit {made.commit}; commits that changed {CODE} since then: 1, the newest of them" in reason
    assert reason.endswith("Change the engine'; files that differ now: 1")
    assert check.main(project) == 1
    said = capsys.readouterr().out
    assert "  docs/results.md, replay x\n  docs/performance.md, loop\n" in said
    assert "older than the code, no commit and no source are stated" in said


def test_without_git_history_contents_are_compared_and_that_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = with_figures(project)
    shutil.rmtree(project / ".git")
    assert current(project).commit is None
    assert check.main(project) == 1
    said = capsys.readouterr().out
    assert "there is no git history here" in said
    assert "up to date:\n  docs/results.md, replay x\n" in said
    (project / CODE / "engine.py").write_text("A = 3\n", encoding="utf-8")
    assert "without git history, changes are unknown" in (behind(made, project) or "")


def test_a_commit_that_nobody_knows_is_told(project: Path) -> None:
    reason = behind(Source("0" * 12, "0123456789ab"), project)
    assert reason is not None
    assert "which is not in this git history" in reason


def test_what_is_known_of_this_code_is_not_measured_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    save(tmp_path / "docs" / "results.json", {"reversal 1": Part(current(), "2026-11-30", {"flips": []})})
    assert results.main(["--list"], tmp_path) == 0
    left = capsys.readouterr().out.splitlines()
    assert "reversal 3" in left
    assert "reversal 1" not in left
    assert results.main(["--list", "--again", "--only", "reversal"], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == ["reversal 1", "reversal 3"]
    assert results.main(["--data", str(tmp_path / "none")], tmp_path) == 2
    assert "is not a folder" in capsys.readouterr().err
