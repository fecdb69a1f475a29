"""The order of day, month and year; months, quarters and weeks as dates."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.data import read as read_data
from alpha_pulse.feeds.market_data import Dates
from alpha_pulse.feeds.reading import ReadOptions, read

NINE = [date(2023, 2, 1) + timedelta(days=at) for at in range(9)]


def written(folder: Path, times: list[str], header: str = "Date") -> Path:
    path = folder / "ABC.csv"
    path.write_text(f"{header},Open,High,Low,Close\n" + "".join(f"{time},1,1,1,1\n" for time in times), encoding="utf-8")
    return path


def days(path: Path, dates: Dates | None = None) -> list[date]:
    found: list[date] = read([path], ReadOptions(dates=dates)).bars.ts_start.astype("M8[ns]").astype("M8[D]").tolist()
    return found


def test_an_order_that_no_row_tells_can_be_stated(tmp_path: Path) -> None:
    path = written(tmp_path, [f"{day:%d/%m/%Y}" for day in NINE])
    with pytest.raises(DataError, match="name the order with --dates dmy, mdy or ymd"):
        read([path])
    assert days(path, "dmy") == NINE
    assert days(path, "mdy") == [date(2023, day.day, day.month) for day in NINE]


def test_a_row_that_is_not_in_the_stated_order_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ["01/02/2023", "02/02/2023", "13/02/2023"])
    with pytest.raises(DataError, match="row 3: column 'Date' is '13/02/2023'"):
        read([path], ReadOptions(dates="mdy"))


@pytest.mark.parametrize("order", ["%d/%m/%y", "%y/%m/%d"])
def test_which_end_is_the_year_is_told_by_rows_in_order(order: str, tmp_path: Path) -> None:
    many = [date(2018, 12, 2) + timedelta(days=at) for at in range(45)]
    assert days(written(tmp_path, [f"{day:{order}}" for day in many])) == many


def test_an_end_that_nothing_tells_can_be_stated(tmp_path: Path) -> None:
    path = written(tmp_path, [f"15/{month:02}/01" for month in range(1, 13)])
    with pytest.raises(DataError, match=r"whose year may be at either end.*--dates"):
        read([path])
    assert days(path, "ymd") == [date(2015, month, 1) for month in range(1, 13)]
    assert days(path, "dmy") == [date(2001, month, 15) for month in range(1, 13)]


def test_six_digits_are_a_day_beside_a_time_of_the_day(tmp_path: Path) -> None:
    hours = [f"1912{day:02},{hour:02}0000" for day in range(2, 12) for hour in range(10, 18)]
    data = read([written(tmp_path, hours, "<DATE>,<TIME>")], ReadOptions(tz="UTC"))
    assert data.bars.ts_start[0] == np.datetime64("2019-12-02T10:00", "ns").astype(np.int64)
    assert data.bars.interval_ns == 3_600 * 10**9


@pytest.mark.parametrize(
    ("times", "step"),
    [
        ([f"2011-{month:02}" for month in range(1, 13)], "1mo"),
        ([f"{year}Q{quarter}" for year in (2011, 2012) for quarter in (1, 2, 3, 4)], "1q"),
        (
            [f"{date(2011, 3, 21) + timedelta(days=7 * at)}/{date(2011, 3, 27) + timedelta(days=7 * at)}" for at in range(9)],
            "1w",
        ),
    ],
)
def test_months_quarters_and_weeks_by_their_names(times: list[str], step: str, tmp_path: Path) -> None:
    from alpha_pulse.feeds.interval import show_interval

    data = read([written(tmp_path, times)])
    assert show_interval(data.bars.interval_ns) == step
    assert str(data.bars.ts_start.astype("M8[ns]").astype("M8[D]")[0]) in ("2011-01-01", "2011-03-21")


def test_a_month_among_days_is_a_day_cut_off(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 3: column 'Date' is '2011-01', but a time as in other rows"):
        read([written(tmp_path, ["2011-01-03", "2011-01-04", "2011-01", "2011-01-06"])])


def test_python_knows_the_option(tmp_path: Path) -> None:
    path = written(tmp_path, [f"{day:%d/%m/%Y}" for day in NINE])
    assert read_data(path, dates="dmy").bars.ts_start.size == len(NINE)
    with pytest.raises(ConfigError, match="dates"):
        read_data(path, dates="DMY")  # type: ignore[arg-type]  # what is refused
