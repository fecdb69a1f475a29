"""Messages of refusals that were once wrong for damaged files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.reading import ReadOptions, read

HOUR = 3_600


def refused(folder: Path, lines: list[str]) -> str:
    path = folder / "ABC.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read([path], ReadOptions(interval="1h", tz="UTC"))
    return str(caught.value).partition("ABC.csv, ")[2]


def bars(count: int = 6) -> list[list[str]]:
    return [[str(1_488_931_200 + at * HOUR), "10.5", "10.75", "10.25", "10.5", "100"] for at in range(count)]


def test_the_row_whose_time_is_no_number_is_named_and_not_the_first(tmp_path: Path) -> None:
    rows = bars()
    rows[3][0] = "abc"
    sentence = refused(tmp_path, ["time,open,high,low,close,volume", *map(",".join, rows)])
    assert sentence.startswith("row 4: column 'time' is 'abc', but a whole number since 1970, as in row 1, is expected")


def test_a_mark_between_thousands_among_decimals_is_no_number(tmp_path: Path) -> None:
    rows = bars()
    rows[2][3] = "10.25'125"
    sentence = refused(tmp_path, ["time,open,high,low,close,volume", *map(",".join, rows)])
    assert sentence.startswith("row 3: column 'low' is \"10.25'125\", but a number is expected")


def test_a_sign_of_dollars_without_a_header_hides_no_shape(tmp_path: Path) -> None:
    rows = bars(12)
    rows[2][3] = "$10.25"
    path = tmp_path / "ABC.csv"
    path.write_text("".join(f"{','.join(row)}\n" for row in rows), encoding="utf-8")
    assert read([path], ReadOptions(interval="1h")).bars.low.tolist() == [10.25] * 12


def test_a_year_of_two_digits_is_read_where_it_can_be_no_day(tmp_path: Path) -> None:
    days = ("03/13/17", "03/14/17", "03/15/17")
    path = tmp_path / "ABC.csv"
    path.write_text("Date,Open,High,Low,Close\n" + "".join(f"{day},1,1,1,1\n" for day in days), encoding="utf-8")
    assert read([path], ReadOptions()).bars.ts_start.tolist() == [(1_489_363_200 + at * 24 * HOUR) * 10**9 for at in range(3)]
    path.write_text("Date,Open,High,Low,Close\n17/03/08,1,1,1,1\n17/03/09,1,1,1,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 1: column 'Date' is '17/03/08', whose year may be at either end"):
        read([path], ReadOptions())


def test_a_last_line_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    path.write_text("Date,Open,High,Low,Close,Note\n2024-01-02,1,1,1,1,x\n2024-01-03,1.25,1.25,1.2", encoding="utf-8")
    with pytest.raises(DataError, match="row 2: the row has 4 values, but the header names 6 columns"):
        read([path], ReadOptions())
    path.write_text("Date,Open,High,Low,Close,Note\n2024-01-02,1,1,1,1,x\n2024-01-03,1,1,1,1", encoding="utf-8")
    with pytest.raises(DataError, match="row 2: the row has 5 values"):
        read([path], ReadOptions())
    path.write_text("Date,Open,High,Low,Close,Note\n2024-01-02,1,1,1,1,x\n2024-01-03,1,1,1,1\n", encoding="utf-8")
    assert len(read([path], ReadOptions()).bars.code) == 2


def test_one_price_in_another_unit_turns_no_others(tmp_path: Path) -> None:
    path = tmp_path / "x.ohlcv-1h.csv"
    rows = [
        f"{(1_488_931_200 + at * HOUR) * 10**9},34,1,4916,1050000000,1060000000,1040000000,1050000000,7,ESH7\n"
        for at in range(5)
    ]
    rows[3] = rows[3].replace("1040000000", "1E-3")
    header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    path.write_text(header + "".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match=r"row 4: column 'low' is 0.001, but a whole number in units of 1e-9, as in most rows"):
        read([path], ReadOptions())


def test_a_number_among_dates_is_no_time(tmp_path: Path) -> None:
    rows = [[f"2024-01-0{at + 1}", "1", "1", "1", "1"] for at in range(5)]
    rows[2][0] = "1704240000.0"
    sentence = refused(tmp_path, ["Date,Open,High,Low,Close", *map(",".join, rows)])
    assert sentence.startswith("row 3: column 'Date' is '1704240000.0', but a time as in other rows is expected")


def test_one_date_in_another_order_turns_no_others(tmp_path: Path) -> None:
    rows = [f'0{at + 1}/02/2024,"1","1","1","1",5' for at in range(8)]
    rows[4] = rows[4].replace("05/02", "23/02")
    path = tmp_path / "HistoricalData_1.csv"
    lines = (row.replace(",", ",5,", 1).removesuffix(",5") for row in rows)
    path.write_text("Date,Close/Last,Volume,Open,High,Low\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    with pytest.raises(DataError, match="row 5: column 'Date' is '23/02/2024', but a date with the month first"):
        read([path], ReadOptions())


def test_a_time_beyond_all_years_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ts": [2**62, 0], "open": [1.0, 1.0], "high": [1.0, 1.0], "low": [1.0, 1.0], "close": [1.0, 1.0]})
    path = tmp_path / "ABC.parquet"
    frame.with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC"))).write_parquet(path)
    with pytest.raises(DataError, match=r"row 1: column 'ts' is .*, but a time from 1970 to 2199 is expected"):
        read([path], ReadOptions())


def test_rows_between_two_stray_quotes_are_not_lost(tmp_path: Path) -> None:
    rows = [f'2024-01-{at + 1:02d},"1,000.5","1,000.5","1,000.5","1,000.5"' for at in range(8)]
    rows[2] += ',x"'
    rows[5] = rows[5].replace('"1,000.5"', 'x,000.5"', 1)
    sentence = refused(tmp_path, ["Date,Open,High,Low,Close,Note", *rows])
    assert sentence.startswith("row 3: ")
