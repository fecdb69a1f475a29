"""Every source: its example is recognised as its own and by no other as surely, and reads back what it shows."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from alpha_pulse.core.errors import AlphaPulseError, DataError
from alpha_pulse.feeds.files.containers import read_contents
from alpha_pulse.feeds.files.json_tables import json_tables
from alpha_pulse.feeds.files.text_table import text_tables
from alpha_pulse.feeds.reading import ReadOptions, read
from alpha_pulse.feeds.sources import SOURCES
from alpha_pulse.feeds.sources.base import LayoutExample, Source
from alpha_pulse.feeds.tables import Table

EXAMPLES = [pytest.param(source, example, id=source.id) for source in SOURCES for example in source.examples]


def written(example: LayoutExample, folder: Path) -> Path:
    path = folder / example.name
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.csv", example.text)
    else:
        path.write_text(example.text, encoding="utf-8")
    return path


def table_of(path: Path) -> Table:
    [content] = read_contents(path)
    [table] = json_tables(content) if content.format == "json" else text_tables(content)
    return table


def test_ids_are_unique_and_each_source_has_an_example() -> None:
    assert len({source.id for source in SOURCES}) == len(SOURCES)
    assert all(source.examples and source.title for source in SOURCES)
    assert SOURCES[-1].id == "generic"


@pytest.mark.parametrize(("source", "example"), EXAMPLES)
def test_an_example_is_recognised_more_surely_than_by_any_other(source: Source, example: LayoutExample, tmp_path: Path) -> None:
    table = table_of(written(example, tmp_path))
    strengths = {other.id: other.strength(table) for other in SOURCES if other.id != source.id}
    assert source.strength(table) > max(strengths.values()), strengths


@pytest.mark.parametrize(("source", "example"), EXAMPLES)
def test_an_example_is_read(source: Source, example: LayoutExample, tmp_path: Path) -> None:
    data = read([written(example, tmp_path)], ReadOptions(tz=example.tz))
    [report] = data.files
    assert report.source == source.id
    assert data.bars.symbols == (example.symbol,)
    assert len(data.bars.code) == 2
    assert report.stamp == (source.stamp or "open")
    assert (data.bars.high >= data.bars.low).all()
    assert not [note for note in data.notes if note.kind == "rounding"]


@pytest.mark.parametrize(("source", "example"), EXAMPLES)
def test_an_example_needs_a_zone_only_where_it_says_so(source: Source, example: LayoutExample, tmp_path: Path) -> None:
    if example.tz is None:
        assert read([written(example, tmp_path)]).files[0].tz
    else:
        with pytest.raises(DataError, match=r"--tz UTC \(in Python tz=\"UTC\"\)"):
            read([written(example, tmp_path)])


@pytest.mark.parametrize(("source", "example"), EXAMPLES)
def test_the_last_row_torn_off_is_refused_or_left_out_and_never_misread(
    source: Source, example: LayoutExample, tmp_path: Path
) -> None:
    whole = read([written(example, tmp_path)], ReadOptions(tz=example.tz, interval="1h"))
    prices = {float(value) for name in ("open", "high", "low", "close") for value in getattr(whole.bars, name)}
    torn = LayoutExample(example.name, example.text[: -(len(example.text) // 8)], example.symbol)
    try:
        data = read([written(torn, tmp_path)], ReadOptions(tz=example.tz, interval="1h"))
    except AlphaPulseError:
        return
    read_prices = {float(value) for name in ("open", "high", "low") for value in getattr(data.bars, name)}
    assert read_prices <= prices
