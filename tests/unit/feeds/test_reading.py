from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, DataError
from alpha_pulse.feeds.reading import ReadOptions, read
from alpha_pulse.feeds.replay import ReplayFeed

HEADER = "ts,symbol,open,high,low,close,volume,bid_close,ask_close"
GOOD = (
    "2024-03-01T09:00:00Z,A,10,11,9,10.5,5,10.4,10.6",
    "2024-03-01T10:00:00Z,A,10.5,11,10,10,0,9.9,10.1",
    "2024-03-01T11:00:00Z,A,10,10,10,10,7,10,10",
)


def write(folder: Path, *rows: str, header: str = HEADER, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def refused(path: Path, *, tz: str | None = None, interval: str | None = None, symbols: tuple[str, ...] = ()) -> str:
    with pytest.raises(AlphaPulseError) as caught:
        ReplayFeed.from_file(path, interval, tz, symbols)
    return str(caught.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    content = read([write(tmp_path, *GOOD)])
    assert content.interval_inferred
    assert content.bars.interval_ns == 3_600_000_000_000
    assert content.bars.symbols == ("A",)
    assert content.bars.volume is not None
    assert content.bars.volume.tolist() == [5.0, 0.0, 7.0]
    assert content.bars.ask is not None
    assert content.bars.ask.tolist() == [10.6, 10.1, 10.0]


@pytest.mark.parametrize(
    ("row", "bad", "says"),
    [
        (2, "2024-03-01T10:00:00Z,A,nan,11,10,10,0,9.9,10.1", "'open' is nan"),
        (2, "2024-03-01T10:00:00Z,A,,11,10,10,0,9.9,10.1", "'open' is empty"),
        (2, "2024-03-01T10:00:00Z,A,ten,11,10,10,0,9.9,10.1", "'open' is 'ten'"),
        (3, "2024-03-01T11:00:00Z,A,10,inf,10,10,0,9.9,10.1", "'high' is inf"),
        (3, "2024-03-01T11:00:00Z,A,10,11,-1,10,0,9.9,10.1", "'low' is -1"),
        (3, "2024-03-01T11:00:00Z,A,10,11,9,0,0,9.9,10.1", "'close' is 0"),
        (1, "2024-03-01T09:00:00Z,A,10,1e15,9,10,0,9.9,10.1", "'high' is 1e+15"),
        (2, "2024-03-01T10:00:00Z,A,10.5,10.4,10,10,0,9.9,10.1", "'high' is 10.4, below open 10.5"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9.5,9,0,9.9,10.1", "'low' is 9.5, above open 10 or close 9"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,0,10.2,10.1", "'bid_close' is 10.2, above ask_close 10.1"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,0,-1,10.1", "'bid_close' is -1"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,0,8.9,10.1", "'bid_close' is 8.9, more than 10% away from close 10"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,0,9.9,11.1", "'ask_close' is 11.1, more than 10% away from close 10"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,inf,0,inf,inf", "'close' is inf"),
        (3, "2024-03-01T11:00:00Z,A\x1b[2J,10,11,9,10,0,9.9,10.1", "'symbol' is 'A\\x1b[2J', but a name of printable"),
        (1, "2024-03-01T09:00:00Z,A\0,10,11,9,10,0,9.9,10.1", "'symbol' is 'A\\x00'"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,-3,9.9,10.1", "'volume' is -3"),
        (2, "2024-03-01T10:00:00Z,A,10,11,9,10,inf,9.9,10.1", "'volume' is inf"),
        (2, "2024-03-01T09:00:00Z,A,10,11,9,10,0,9.9,10.1", "which A has in an earlier row"),
        (3, "2024-03-01T09:30:00Z,A,10,11,9,10,0,9.9,10.1", "earlier than the previous row of A"),
        (2, "2024-03-01T10:00:00,A,10,11,9,10,0,9.9,10.1", "has no time zone"),
        (2, "yesterday,A,10,11,9,10,0,9.9,10.1", "'ts' is 'yesterday'"),
        (2, "2024-02-30T10:00:00Z,A,10,11,9,10,0,9.9,10.1", "'ts' is '2024-02-30T10:00:00Z'"),
        (1, "1969-02-03T10:00:00Z,A,10,11,9,10,0,9.9,10.1", "a time from 1970 to 2199"),
        (2, ",A,10,11,9,10,0,9.9,10.1", "'ts' is empty"),
        (2, "2024-03-01T10:00:00Z, ,10,11,9,10,0,9.9,10.1", "'symbol' is empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: int, bad: str, says: str) -> None:
    rows = list(GOOD)
    rows[row - 1] = bad
    message = refused(write(tmp_path, *rows))
    assert f"bars.csv, row {row}: column" in message
    assert says in message
    assert "\n" not in message


def hours(n: int) -> list[list[str]]:
    """Bars of one symbol, as the cells of `HEADER`."""
    days = [f"2024-03-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z" for hour in range(n)]
    return [[day, "A", "10", "11", "9", "10.5", "5", "10.4", "10.6"] for day in days]


def all_rows(message: str, row: int, others: str) -> bool:
    return f"bars.csv, row {row}: " in message and message.endswith(f"correct or drop the row; {others}")


def test_one_refusal_counts_all_rows_that_cannot_be_read(tmp_path: Path) -> None:
    rows = hours(60)
    for index in range(10, 50):
        rows[index] = {
            0: [*rows[index], "more"],
            1: ["soon", *rows[index][1:]],
            2: [*rows[index][:2], "", *rows[index][3:]],
            3: [*rows[index][:3], "x", "y", *rows[index][5:]],
        }[index % 4]
    message = refused(write(tmp_path, *map(",".join, rows)))
    assert "row 11: column 'open' is empty" in message
    assert all_rows(message, 11, "39 other rows are refused too: 12, 13, 14, 15, 16 and 34 more")


def test_one_refusal_counts_all_bars_that_could_not_have_happened(tmp_path: Path) -> None:
    rows = hours(60)
    rows[7][3], rows[9][4], rows[30][7] = "1", "10.9", "99"
    assert all_rows(refused(write(tmp_path, *map(",".join, rows))), 8, "2 other rows are refused too: 10 and 31")
    rows[9][4], rows[30][7] = "9", "10.4"
    assert refused(write(tmp_path, *map(",".join, rows))).endswith("correct or drop the row")


def test_one_refusal_counts_all_repeated_times(tmp_path: Path) -> None:
    rows = hours(20)
    rows[5][0], rows[12][0] = rows[4][0], rows[11][0]
    assert all_rows(refused(write(tmp_path, *map(",".join, rows))), 6, "row 13 is refused too")


def test_the_rows_of_other_files_are_named_with_their_file(tmp_path: Path) -> None:
    first, second = hours(5), hours(5)
    first[2][3] = second[3][3] = "1"
    for row in second:
        row[1] = "B"
    one, two = (write(tmp_path, *map(",".join, rows), name=f"{name}.csv") for name, rows in (("a", first), ("b", second)))
    with pytest.raises(DataError, match=r"a\.csv, row 3: .*; row 4 of file .*b\.csv is refused too$"):
        read([one, two])


def test_the_first_bad_row_is_named_whatever_is_wrong_with_later_ones(tmp_path: Path) -> None:
    rows = ("2024-03-01T09:00:00Z,A,10,11,9,10,0,10.2,10.1", "2024-03-01T10:00:00Z,A,nan,11,9,10,0,9,10")
    assert "row 1: column 'bid_close'" in refused(write(tmp_path, *rows))


def test_bars_that_overlap_are_refused(tmp_path: Path) -> None:
    message = refused(write(tmp_path, *GOOD, "2024-03-01T11:30:00Z,A,10,11,9,10,0,9.9,10.1"))
    assert "row 4" in message
    assert "30m after the previous bar of A, but bars last 1h" in message
    assert "row 2" in refused(write(tmp_path, *GOOD), interval="2h")


def test_whole_days_may_be_an_hour_shorter_where_clocks_change(tmp_path: Path) -> None:
    days = [f"2024-03-{day:02d} 00:00,A,10,11,9,10,0,9.9,10.1" for day in range(7, 14)]
    feed = ReplayFeed.from_file(write(tmp_path, *days), tz="America/New_York")
    assert feed.total_slices == 7
    assert feed.interval_ns == 86_400_000_000_000


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("ts,symbol,open,high,lo,close", "has the columns ts, symbol, open, high, lo, close but lacks low; expected a time,"),
        ("when,symbol,open,high,low,close", "lacks a time"),
        ("ts,symbol,open,high,low,Close,CLOSE", "columns Close and CLOSE, and either could be close"),
        ("ts,symbol,open,high,low,close,bid_close", "only one of the columns bid_close and ask_close"),
        ("ts,symbol,open,high,low,close,close", "'close' more than once"),
        ("ts,symbol,open,high,low,close,btc_volume,eth_volume", "btc_volume and eth_volume, and either could be volume"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path: Path, header: str, says: str) -> None:
    values = ",".join(["2024-03-01T09:00:00Z", "A", "10", "11", "9", "10", "10", "10"][: header.count(",") + 1])
    assert says in refused(write(tmp_path, values, header=header))


def test_headers_may_be_in_capitals(tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD)
    identity = ReplayFeed.from_file(path).identity
    assert ReplayFeed.from_file(write(tmp_path, *GOOD, header=HEADER.title())).identity == identity
    twice = write(tmp_path, *(f"{row},1" for row in GOOD), header=f"{HEADER},Close")
    assert ReplayFeed.from_file(twice).identity == identity
    assert ReplayFeed.from_file(twice).ignored_columns == ("Close",)


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_separators_and_decimal_commas_are_found(tmp_path: Path, sign: str) -> None:
    identity = ReplayFeed.from_file(write(tmp_path, *GOOD)).identity
    header, *rows = (line.replace(",", sign) for line in (HEADER, *GOOD))
    assert ReplayFeed.from_file(write(tmp_path, *rows, header=header)).identity == identity
    assert ReplayFeed.from_file(write(tmp_path, *(row.replace(".", ",") for row in rows), header=header)).identity == identity


def test_files_that_are_no_files_of_bars(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere.csv")
    assert "not a file" in refused(tmp_path)
    (tmp_path / "empty.csv").touch()
    assert "is empty" in refused(tmp_path / "empty.csv")
    assert "there are no rows" in refused(write(tmp_path, name="header.csv"))
    (tmp_path / "bars.xlsx").write_bytes(b"PK")
    assert "is not a table of bars" in refused(tmp_path / "bars.xlsx")
    (tmp_path / "broken.csv").write_bytes(b"PAR1 but no more")
    assert "cannot be read as Parquet" in refused(tmp_path / "broken.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"\n\xff\xfe,A,1,1,1,1,1,1,1\n")
    assert "row 1: column 'ts' is 'ÿþ'" in refused(tmp_path / "latin.csv")
    packed = gzip.compress("\n".join((HEADER, *GOOD)).encode())
    (tmp_path / "torn.csv.gz").write_bytes(packed[:-20])
    assert "torn.csv.gz" in refused(tmp_path / "torn.csv.gz")
    (tmp_path / "LONG.CSV.GZ").write_bytes(gzip.compress("\n".join((HEADER, f"{GOOD[0]},7")).encode()))
    assert "row 1: the row has 10 values" in refused(tmp_path / "LONG.CSV.GZ")
    torn = write(tmp_path, GOOD[0], GOOD[1] + ",7,8", *GOOD[2:])
    assert f"row 2: the row has {HEADER.count(',') + 3} values, but the header names" in refused(torn)


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ts": [1.5], "symbol": ["A"], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert "row 1: column 'ts' is 1.5, but a number of seconds since 1970" in refused(tmp_path / "a.parquet")
    frame.with_columns(ts=pl.lit(1_700_000_000), open=pl.lit(True)).write_parquet(tmp_path / "b.parquet")
    assert "column 'open' has the type Boolean" in refused(tmp_path / "b.parquet", interval="1h")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.integers(1, 3),
    place=st.integers(0, 8),
    text=st.text(st.characters(codec="utf-8", exclude_characters=',"\r\n'), max_size=12),
)
def test_whatever_stands_in_a_cell_is_read_or_refused_by_its_row(tmp_path: Path, row: int, place: int, text: str) -> None:
    rows = [good.split(",") for good in GOOD]
    rows[row - 1][place] = text
    path = write(tmp_path, *(",".join(cells) for cells in rows))
    try:
        outcome = str(ReplayFeed.from_file(path).total_bars)
    except DataError as error:
        outcome = str(error)
    # a time that is too late only shows at the row after it; another symbol's only bar may hide the interval
    named = [f", row {at}: column" for at in (row, row + (place == 0))]
    assert outcome == "3" or any(name in outcome for name in named) or (place == 1 and "row" not in outcome)


def test_symbols_are_names(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ts": [1_700_000_000], "symbol": [7], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert ReplayFeed.from_file(tmp_path / "a.parquet", interval="1h").symbols == ("7",)
    frame.with_columns(symbol=pl.lit("X", dtype=pl.Categorical)).write_parquet(tmp_path / "a.parquet")
    assert ReplayFeed.from_file(tmp_path / "a.parquet", interval="1h").symbols == ("X",)
    frame.with_columns(symbol=pl.Series([["X"]])).write_parquet(tmp_path / "a.parquet")
    assert "column 'symbol' has the type List(String)" in refused(tmp_path / "a.parquet", interval="1h")


def test_csv_and_parquet_are_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, *GOOD)
    frame = pl.read_csv(path).with_columns(pl.col("ts").str.to_datetime(time_zone="UTC"))
    identity = ReplayFeed.from_file(path).identity
    for unit in ("ms", "us", "ns"):
        frame.with_columns(pl.col("ts").dt.cast_time_unit(unit)).write_parquet(tmp_path / "bars.parquet")
        assert ReplayFeed.from_file(tmp_path / "bars.parquet").identity == identity
    frame.with_columns(pl.col("ts").dt.convert_time_zone("Asia/Tokyo")).write_parquet(tmp_path / "bars.parquet")
    assert ReplayFeed.from_file(tmp_path / "bars.parquet").identity == identity
    frame.with_columns(pl.col("ts").dt.replace_time_zone(None)).write_parquet(tmp_path / "bars.parquet")
    assert "has no time zone" in refused(tmp_path / "bars.parquet")
    assert ReplayFeed.from_file(tmp_path / "bars.parquet", tz="UTC").identity == identity


def test_symbols_can_be_chosen_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    rows = [line for good in GOOD for line in (good, good.replace(",A,", ",B,"))]
    path = write(tmp_path, *rows)
    assert ReplayFeed.from_file(path).symbols == ("A", "B")
    assert ReplayFeed.from_file(path, symbols=["B"]).symbols == ("B",)
    message = refused(path, symbols=("Bb",))
    assert "contains no symbol 'Bb'; did you mean 'B'?" in message
    rows[3] = rows[3].replace("10.5", "99")
    assert ReplayFeed.from_file(write(tmp_path, *rows), symbols=["A"]).total_bars == 3
    assert "row 4" in refused(write(tmp_path, *rows), symbols=("B",))


def test_stacked_and_interleaved_rows_are_the_same(tmp_path: Path) -> None:
    other = [row.replace(",A,", ",B,") for row in GOOD]
    stacked = ReplayFeed.from_file(write(tmp_path, *GOOD, *other))
    mixed = ReplayFeed.from_file(write(tmp_path, *(row for pair in zip(other, GOOD, strict=True) for row in pair)))
    assert stacked.identity == mixed.identity
    assert stacked.next_slice() == mixed.next_slice()


def test_unused_columns_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path, "2024-03-01T09:00:00Z,A,10,11,9,10,x", header="ts,symbol,open,high,low,close,note")
    assert ReplayFeed.from_file(path, interval="1h").ignored_columns == ("note",)
    assert not ReplayFeed.from_file(path, interval="1h").has_volume


def test_an_interval_that_cannot_be_inferred_is_asked_for(tmp_path: Path) -> None:
    assert "give it with --interval" in refused(write(tmp_path, GOOD[0]))
    other = [f"2024-03-01T09:{minute:02d}:00Z,B,1,1,1,1,1,1,1" for minute in range(3)]
    assert "A 1h, B 1m" in refused(write(tmp_path, *GOOD, *other))
    with pytest.raises(ConfigError, match="interval 'often'"):
        read([write(tmp_path, *GOOD)], ReadOptions(interval="often"))


def test_every_read_value_is_finite(tmp_path: Path) -> None:
    for array in read([write(tmp_path, *GOOD)]).bars.arrays().values():
        assert np.isfinite(array).all()


def test_errors_are_meant_for_people(tmp_path: Path) -> None:
    assert issubclass(DataError, AlphaPulseError)
    assert refused(write(tmp_path, *GOOD[:2], GOOD[1])).endswith("correct or drop the row")


def test_rows_with_more_cells_than_the_header_has_names_are_never_shifted(tmp_path: Path) -> None:
    rows = [f"{at},{row}" for at, row in enumerate(GOOD)]
    assert "row 1: the row has 10 values, but the header names 9 columns" in refused(write(tmp_path, *rows))


def test_a_row_that_was_cut_before_a_column_that_is_read_is_refused(tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02d},10.5,11.25,9.5,10.125,1000" for day in range(1, 12)]
    rows[4] = "2024-01-05,10.5,11.25,9.5,10.1"
    file = tmp_path / "cut.csv"
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    with pytest.raises(DataError, match="row 5: the row has 5 values, but the header names 6 columns"):
        read([file])
