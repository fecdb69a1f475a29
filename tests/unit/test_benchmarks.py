"""The benchmarks run, their tables are well formed, and the page of docs has a place for each. Nothing here looks at a time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks import BENCHMARKS, promotions
from benchmarks.measure import Options, Speed, interleave
from benchmarks.report import Column, Table, fill, rate_table, text, verdict
from cli_runs import forked

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, for the command binds itself to one core."""
    command = forked(*arguments, module="benchmarks")
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


QUICKEST = {"calibration", "features", "gbm", "journal", "logistic_ensemble", "loop", "symbols"}
SHORT = tuple(name for name in BENCHMARKS if name in QUICKEST)
"""Those that neither teach another library nor start a server."""


@pytest.mark.parametrize("names", [SHORT, pytest.param(BENCHMARKS, marks=pytest.mark.soak)], ids=["short", "all"])
def test_every_benchmark_runs(tmp_path: Path, names: tuple[str, ...]) -> None:
    found = tmp_path / "figures.json"
    done = _run(*names, "--quick", "--json", str(found))
    assert done.returncode == 0, done.stderr
    reports = msgspec.json.decode(found.read_bytes())
    assert tuple(reports) == names
    for report in reports.values():
        for table in report["tables"]:
            assert table["title"] in done.stdout
            assert table["rows"]
            assert all(len(row) == len(table["columns"]) for row in table["rows"])
            assert all(cell >= 0 for row in table["rows"] for cell in row if isinstance(cell, (int, float)))


def test_json_to_standard_output_stands_alone() -> None:
    done = _run("features", "--quick", "--json", "-")
    assert list(msgspec.json.decode(done.stdout)) == ["features"]


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("nonsense",), "'nonsense'"),
        (("detectors", "--quick", "--write-docs"), "the figures of --quick are not measurements"),
        (("loop", "--data", "none.csv"), "none.csv does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], answer: str) -> None:
    page = PAGE.read_bytes()
    done = _run(*arguments)
    assert done.returncode == 2
    assert answer in done.stderr
    assert "Traceback" not in done.stderr
    assert PAGE.read_bytes() == page


def test_the_page_has_one_place_for_each() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in BENCHMARKS:
        assert "42 apples" in fill(page, name, "42 apples")
        assert (ROOT / "benchmarks" / f"{name}.py").exists()


def test_fill_replaces_only_between_its_markers() -> None:
    page = "a\n<!-- benchmark: x -->\nold\n<!-- end: x -->\nb\n<!-- benchmark: y -->\nkept\n<!-- end: y -->\n"
    filled = fill(page, "x", r"new \1")
    assert filled == page.replace("old", r"new \1")
    assert fill(filled, "x", "old") == page
    with pytest.raises(ValueError, match="0 places for 'z'"):
        fill(page, "z", "new")


def test_ratios_are_of_medians() -> None:
    speeds = {"A": Speed(100, (4.0, 2.0, 100.0), 53.0), "B": Speed(100, (1.0, 0.5, 0.25), 1.75)}
    table = rate_table("T", speeds, baseline="A", reach={"B": 8.5})
    by_name = {column.name: [row[i] for row in table.rows] for i, column in enumerate(table.columns)}
    assert by_name["events/s"] == [25.0, 200.0]
    assert by_name["x A"] == [1.0, 8.0]
    assert by_name["reached"] == ["", "no"]
    assert by_name["CPU"] == [0.5, 1.0]
    assert verdict(8.5, 8.5) == "yes"


def test_contenders_take_turns() -> None:
    order: list[str] = []
    works = {name: lambda name=name: order.append(name) for name in "AB"}
    speeds = interleave(works, events=1, rounds=3)
    assert "".join(order) == "AB" * 4
    assert [len(speed.seconds) for speed in speeds.values()] == [3, 3]


def test_text_is_a_markdown_table() -> None:
    table = Table("T", (Column("what"), Column("n", "{:,.1f}")), (("a", 1234.56), ("b", None)), ("Note.",))
    assert text(table).splitlines() == [
        "**T**", "", "| what |       n |", "|------|--------:|", "| a    | 1,234.6 |", "| b    |         |", "", "Note.",
    ]  # fmt: skip


def test_an_arff_file_stands_for_a_stream_and_others_for_bars() -> None:
    path = Path("stream.arff")
    assert Options(data=path).arff == path
    assert Options(data=path).bars is None
    assert Options(data=Path("bars.csv")).arff is None


def test_a_story_of_promotions_says_after_how_many_labels_what_happened() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(3_000) < 0.5).astype(np.int64)
    better = np.where(rng.random(3_000) < 0.9, 0.1 + 0.8 * labels, 0.9 - 0.8 * labels)
    probabilities = np.stack([np.full(3_000, 0.5), better, np.full(3_000, np.nan)], axis=1)
    found = promotions.story(probabilities, labels, 1)
    assert found.canary is not None
    assert found.champion is not None
    assert found.rolled_back is not None
    assert (found.labels, found.canary) == (3_000, 501)
    assert 501 + 300 < found.champion < 501 + 800
    assert found.rolled_back < 200
    assert found.difference == pytest.approx(0.25 - (0.9 * 0.01 + 0.1 * 0.81), abs=0.02)
    nothing = promotions.story(np.full((3_000, 3), 0.5), labels, 1)
    assert (nothing.canary, nothing.champion, nothing.rolled_back, nothing.difference) == (None, None, None, 0.0)
