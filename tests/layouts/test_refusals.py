"""Sentences of refusals that a harmed file once got wrong."""

from __future__ import annotations

from pathlib import Path

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
    with pytest.raises(DataError, match="row 1: column 'Date' is '17/03/08', of which either end may be the year"):
        read([path], ReadOptions())
