"""Files that users of trading systems brought, each standing for a kind of fault in what reads them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.features.extractor import FeatureExtractor
from alpha_pulse.feeds.arrays import Floats
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed

CASES = Path(__file__).resolve().parents[2] / "cases" / "input"


def test_volumes_of_a_cheap_coin_are_read() -> None:
    volume = read([CASES / "volume.csv"]).bars.volume
    assert volume is not None
    assert volume.max() == 254270289671127.0


@pytest.mark.parametrize("largest", [2.5e14, 1e18])
def test_features_of_large_volumes_are_finite_and_do_not_depend_on_the_unit(largest: float) -> None:
    feed = ReplayFeed.from_data(read([CASES / "volume.csv"]))
    columns = feed.columns
    assert columns.volume is not None
    rng = np.random.default_rng(1)
    small = rng.uniform(0.1, 1.0, columns.volume.size)
    found = []
    for unit in (1.0, largest):
        extractor = FeatureExtractor("TOKEN", has_volume=True, has_quotes=False)
        feed = ReplayFeed(_with(columns, small * unit))
        vectors = [extractor.update(bar) for (bar,) in iter(feed.next_slice, None)]
        found.append(np.array([vector.values for vector in vectors if vector is not None]))
    assert len(found[1])
    assert np.isfinite(found[1]).all()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


def test_a_volume_beyond_the_largest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("ts,symbol,open,high,low,close,volume\n2024-01-02,A,1,1,1,1,1.1e18\n2024-01-03,A,1,1,1,1,1e18\n", "utf-8")
    with pytest.raises(DataError, match=r"row 1: column 'volume' is 1.1e\+18, but a finite number not below 0 \(and not above"):
        read([path])


def test_what_is_no_offset_is_refused() -> None:
    with pytest.raises(DataError, match=r"row 1: column 'ts' is '2024-03-01T09:00:00\+99:99', but a real offset"):
        read([CASES / "offset.csv"])


def test_a_high_below_the_close_by_rounding_holds_it_and_is_told() -> None:
    data = read([CASES / "ulp.csv"], ReadOptions(tz="UTC"))
    bars = data.bars
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert bars.high[2] == bars.close[2] == 50.70732700000001
    [note] = [note for note in data.notes if note.kind == "rounding"]
    assert note.places[0].endswith("row 3")


def test_beyond_rounding_it_is_refused_with_digits_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("ts,symbol,open,high,low,close\n2024-01-02,A,1,1.000002,1,1.0000041\n2024-01-03,A,1,1,1,1\n", "utf-8")
    with pytest.raises(DataError, match=r"row 1: column 'high' is 1.000002, below open 1 or close 1.0000041"):
        read([path])


@pytest.mark.parametrize("interval", ["999999999w", "15000w"])
def test_an_interval_of_centuries_is_refused(interval: str) -> None:
    with pytest.raises(ConfigError, match="is longer than a year"):
        read([CASES / "one.csv"], ReadOptions(interval=interval))


def test_a_single_bar_needs_its_length() -> None:
    with pytest.raises(DataError, match="give it with --interval"):
        read([CASES / "one.csv"])
    assert read([CASES / "one.csv"], ReadOptions(interval="1d")).bars.interval_ns == DAY_NS


def test_blank_lines_are_ignored() -> None:
    data = read([CASES / "blank.csv"])
    assert len(data.bars.code) == 29
    assert not [note for note in data.notes if note.kind == "no_price"]


@pytest.mark.parametrize(
    "fault", ["1600126000,B,,,,,", "x,B,1,1,1,1,1", "1600126000,B,-5,1,1,1,1", "1600126000,,1,1,1,1,1", "1,B,2,3,4,5,6,7,8"]
)
def test_faults_in_rows_of_other_symbols_do_not_matter(tmp_path: Path, fault: str) -> None:
    lines = (CASES / "other.csv").read_text("utf-8").splitlines()
    path = tmp_path / "other.csv"
    path.write_text("\n".join([*lines[:20], fault, *lines[20:]]) + "\n", "utf-8")
    only = read([path], ReadOptions(symbols=("A",))).bars
    assert only.symbols == ("A",)
    assert len(only.code) == sum(",A," in line for line in lines)
    if fault.endswith("B,,,,,"):  # a row without prices is left out, a volume that lacks a number is not used
        told = [note.kind for note in read([path], ReadOptions(duplicates="first")).notes]
        assert {"no_price", "no_volume"} <= set(told)
        return
    with pytest.raises(DataError):
        read([path], ReadOptions(duplicates="first"))


def test_a_doubled_column_that_is_not_read_is_ignored() -> None:
    data = read([CASES / "doubled.csv"])
    assert len(data.bars.code) == 60
    assert data.files[0].ignored == ("note", "note")


def test_a_file_without_a_header_is_read_by_its_shape() -> None:
    data = read([CASES / "headless.csv"])
    assert data.bars.symbols == ("headless",)
    assert data.bars.interval_ns == HOUR_NS
    assert len(data.bars.code) == 60
    assert data.files[0].used["ts"] == "1"


def test_a_file_without_a_header_and_without_a_known_shape_is_refused_with_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1600000000,3,1,2,5,4,7\n1600003600,1,3,2,5,4,7\n", "utf-8")
    with pytest.raises(
        DataError, match=r"has no header that names its columns, and its first row \(1600000000, 3, 1, 2, 5, 4, 7\)"
    ):
        read([path])


def _with(columns: BarColumns, volume: Floats) -> BarColumns:
    return msgspec.structs.replace(columns, volume=volume)
