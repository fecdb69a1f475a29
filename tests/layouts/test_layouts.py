"""Bars written as a tool writes them read back as they were: times, prices, volumes, symbols, interval, stamp."""

from __future__ import annotations

from pathlib import Path

import pytest

import cli_runs
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.reading import ReadOptions, read
from layouts.all import LAYOUTS
from layouts.compare_bars import assert_same_bars
from layouts.layout import Layout, Tables

NAMES = sorted(LAYOUTS)
NAIVE = [name for name in NAMES if LAYOUTS[name].needs_tz and not LAYOUTS[name].dated]
DATED = [name for name in NAMES if LAYOUTS[name].dated]


def written(layout: Layout, folder: Path) -> tuple[Tables, Path]:
    path = folder / layout.file
    tables = layout.tables()
    layout.write(tables, path)
    return layout.tables("UTC") if layout.dated else tables, path


@pytest.mark.parametrize("name", NAMES)
def test_what_a_tool_wrote_reads_back(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    tables, path = written(layout, tmp_path)
    data = read([path], ReadOptions(**layout.options()))
    assert_same_bars(data.bars, tables, layout.read_as or layout.symbols, layout.volume)
    assert {report.stamp for report in data.files} == {layout.stamp}
    assert sum(report.rows for report in data.files) == sum(len(table.rows) for table in tables)
    assert {report.sorted for report in data.files} == {layout.descending}
    assert ("sorted" in {note.kind for note in data.notes}) == layout.descending


@pytest.mark.parametrize("name", DATED)
def test_days_begin_in_the_zone_that_is_stated(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    _, path = written(layout, tmp_path)
    data = read([path], ReadOptions(tz=layout.zone))
    assert_same_bars(data.bars, layout.tables(), layout.read_as or layout.symbols, layout.volume)


@pytest.mark.parametrize("name", NAIVE)
def test_a_clock_without_a_zone_is_refused_and_the_option_named(name: str, tmp_path: Path) -> None:
    _, path = written(LAYOUTS[name], tmp_path)
    with pytest.raises(DataError, match=r"--tz UTC \(in Python tz=\"UTC\"\)"):
        read([path], ReadOptions())


@pytest.mark.parametrize("name", ["yfinance_three_lines", "coinbase_json", "ninjatrader"])
def test_the_command_replays_it(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    _, path = written(layout, tmp_path)
    done = cli_runs.run(tmp_path, "replay", "--data", path, ALPHA_PULSE__BATCH__ENABLED="false")
    assert done.returncode == 0, done.stderr
    assert layout.symbols[0] in done.stdout
