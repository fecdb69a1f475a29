"""Times that nobody states to be opens or closes, and several times in one file."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.market_data import Stamp
from alpha_pulse.feeds.reading import ReadOptions, read

ALL = np.arange("2018-01-01", "2018-04-01", dtype="M8[D]").tolist()
DAYS = [day for day in ALL if day.weekday() < 5]


def written(folder: Path, times: list[str], header: str = "Date,Open,High,Low,Close", name: str = "QQQ.csv") -> Path:
    path = folder / name
    lines = [f"{time},{10 + at % 7},{12 + at % 7},9,{11 + at % 7}\n" for at, time in enumerate(times)]
    path.write_text(header + "\n" + "".join(lines), encoding="utf-8")
    return path


def labels(bars: BarColumns) -> list[str]:
    return [bar_label(int(start), int(end)) for start, end in zip(bars.ts_start, bars.ends(), strict=True)]


@pytest.mark.parametrize(
    ("clock", "zone"),
    [
        ("16:00:00", "America/New_York"), ("15:00:00", "Asia/Tokyo"), ("15:30:00", "Asia/Kolkata"),
        ("17:30:00", "Europe/Berlin"), ("16:30:00", "Europe/London"), ("21:00:00", "UTC"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stamp", [None, "close"])
def test_a_daily_bar_stamped_by_its_sessions_close_is_that_days(
    clock: str, zone: str, stamp: Stamp | None, tmp_path: Path
) -> None:
    data = read([written(tmp_path, [f"{day} {clock}" for day in DAYS])], ReadOptions(tz=zone, stamp=stamp))
    assert labels(data.bars) == [str(day) for day in DAYS]
    assert data.files[0].stamp == "close"
    closes = pl.Series([f"{day} {clock}" for day in DAYS]).str.to_datetime(time_unit="ns", time_zone=zone).to_physical()
    assert (data.bars.ends() >= closes.to_numpy()).all(), "known before the session closed"
    if stamp is None:
        [note] = [note for note in data.notes if note.kind == "assumed_stamp"]
        assert "in the afternoon of Mondays to Fridays, when sessions close; state it with --stamp open or close" in note.text


def test_it_may_be_stated_that_they_are_opens_and_what_is_odd_is_reported(tmp_path: Path) -> None:
    data = read([written(tmp_path, [f"{day} 16:00:00" for day in DAYS])], ReadOptions(tz="America/New_York", stamp="open"))
    [note] = [note for note in data.notes if note.kind == "late_stamps"]
    assert "are on Saturdays, and none on a Monday" in note.text


@pytest.mark.parametrize(("clock", "weekdays"), [("00:00:00", range(5)), ("09:30:00", range(5)), ("18:00:00", (6, 0, 1, 2, 3))])
def test_days_that_may_be_opens_are_taken_for_opens(clock: str, weekdays: Collection[int], tmp_path: Path) -> None:
    days = [day for day in ALL if day.weekday() in weekdays]
    data = read([written(tmp_path, [f"{day} {clock}" for day in days])], ReadOptions(tz="America/New_York"))
    assert data.files[0].stamp == "open"
    assert not [note for note in data.notes if note.kind == "late_stamps"]


def test_the_last_instants_of_bars_are_closes(tmp_path: Path) -> None:
    data = read([written(tmp_path, [f"2018-01-02T{hour:02}:59:59Z" for hour in range(24)], "time,open,high,low,close")])
    assert data.files[0].stamp == "close"
    assert data.bars.ts_start[0] == 1_514_851_200 * 10**9
    assert "the last instant of a minute in all rows" in next(note.text for note in data.notes if note.kind == "assumed_stamp")


def test_two_different_times_in_a_row_are_refused(tmp_path: Path) -> None:
    times = [f"2018-01-02 {hour + 5:02}:00:00,2018-01-02 {hour:02}:00:00" for hour in range(10)]
    path = written(tmp_path, times, "timestamp,datetime,open,high,low,close")
    with pytest.raises(DataError, match=r"row 1: column 'datetime' is '2018-01-02 00:00:00' and column 'timestamp' is"):
        read([path], ReadOptions(tz="UTC"))


def test_a_column_that_says_utc_comes_before_a_local_one(tmp_path: Path) -> None:
    times = [f"2018-01-02 {hour:02}:00:00,2018-01-02 {hour + 5:02}:00:00" for hour in range(10)]
    data = read([written(tmp_path, times, "datetime,datetime_utc,open,high,low,close")], ReadOptions(tz="UTC"))
    assert data.files[0].used["ts"] == "datetime_utc"


@pytest.mark.parametrize(
    ("price", "volume", "first"), [("1064100", "100", 106.41), ("7297.91", "0.5", 7297.91), ("7297", "0.5", 7297.0)]
)
def test_prices_of_lean_are_parts_only_where_they_are_those_of_stocks(
    price: str, volume: str, first: float, tmp_path: Path
) -> None:
    path = tmp_path / "qqq.zip"
    with zipfile.ZipFile(path, "w") as archive:
        rows = [f"201503{day} 00:00,{price},{price},{price},{price},{volume}\n" for day in range(10, 20)]
        archive.writestr("20150310_qqq_daily_trade.csv", "".join(rows))
    data = read([path])
    assert data.bars.symbols == ("qqq",)
    assert data.bars.open[0] == pytest.approx(first, rel=1e-12)
    assert ("units" in {note.kind for note in data.notes}) == (first == 106.41)


def test_a_symbol_is_what_an_answer_names(tmp_path: Path) -> None:
    rows = "".join(f'["2018-01-{day:02}",1,2,1,2,5],' for day in range(2, 9)).rstrip(",")
    path = tmp_path / "dataset.json"
    names = '["Date","Open","High","Low","Close","Volume"]'
    path.write_text(f'{{"dataset":{{"dataset_code":"QQQ","column_names":{names},"data":[{names},{rows}]}}}}', encoding="utf-8")
    assert read([path]).bars.symbols == ("QQQ",)
