"""Several symbols side by side, times that say too little, and seconds before 1980."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.reading import read

ROWS = [f"2019-12-{day:02},5,7,4,6,1,50,70,40,60,2" for day in range(2, 7)]
ORDER = ("open", "high", "low", "close", "volume")


def written(folder: Path, *lines: str) -> Path:
    path = folder / "both.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("pattern", ["{0}_{1}", "{1}_{0}", "{0} {1}", "{0}.{1}", "\"('{0}', '{1}')\"", "\"('{1}', '{0}')\""])
def test_names_of_symbols_and_prices_are_parted(pattern: str, tmp_path: Path) -> None:
    header = ",".join(["Date", *(pattern.format(symbol, price) for symbol in ("BTC", "ETH") for price in ORDER)])
    bars = read([written(tmp_path, header, *ROWS)]).bars
    assert bars.symbols == ("BTC", "ETH")
    assert sorted(set(zip(bars.code.tolist(), bars.open.tolist(), bars.low.tolist(), strict=True))) == [
        (0, 5.0, 4.0),
        (1, 50.0, 40.0),
    ]
    assert bars.volume is not None
    assert set(bars.volume.tolist()) == {1.0, 2.0}


def test_tickers_may_stand_above_the_prices(tmp_path: Path) -> None:
    tickers, prices = ["Ticker", *["QQQ"] * 5, *["USO"] * 5], ["Price", *(name.title() for name in ORDER * 2)]
    bars = read([written(tmp_path, ",".join(tickers), ",".join(prices), "Date" + "," * 10, *ROWS)]).bars
    assert bars.symbols == ("QQQ", "USO")
    assert bars.open[bars.code == 1].tolist() == [50.0] * 5


def test_bars_of_equal_times_are_called_that(tmp_path: Path) -> None:
    path = written(tmp_path, "date,open,high,low,close", *["2019-12-02,1,1,1,1"] * 9)
    with pytest.raises(DataError, match="most bars of both have the same time as the bar before"):
        read([path])


def test_a_day_that_all_rows_share_is_no_time_beside_a_close_time(tmp_path: Path) -> None:
    rows = [f"2019-12-02,2019-12-02T{hour:02}:00:00Z,1,1,1,1" for hour in range(1, 20)]
    data = read([written(tmp_path, "date,close_time,open,high,low,close", *rows)])
    assert data.files[0].stamp == "close"
    assert data.bars.interval_ns == 3_600 * 10**9


def test_seconds_before_1980_lead_up_to_later_ones(tmp_path: Path) -> None:
    rows = [f"{day * 86_400},1,1,1,1" for day in range(800, 4_200)]
    data = read([written(tmp_path, "time,open,high,low,close", *rows)])
    assert data.bars.ts_start[0] == 800 * 86_400 * 10**9
    torn = [rows[3_000].replace("0,", ",", 1), *rows[3_001:]]
    with pytest.raises(DataError, match="row 1: column 'time' is"):
        read([written(tmp_path, "time,open,high,low,close", *torn)])


@pytest.mark.parametrize("cell", ["42080", "43801.5"])
def test_a_day_number_of_excel_is_called_that(cell: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which looks like a day number of Excel"):
        read([written(tmp_path, "Date,Open,High,Low,Close", f"{cell},1,1,1,1")])
