"""What is doubtful is refused with a true sentence, and what is not is read: hours, 32nds, odd cells, numbers without end."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import zstandard

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.data import read as read_any
from alpha_pulse.feeds.files import containers
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read

FLAT = {"open": [1.0, 1.0], "high": [1.0, 1.0], "low": [1.0, 1.0], "close": [1.0, 1.0]}


def one(folder: Path, text: str | bytes, name: str = "A.csv", **options: object) -> MarketData:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read([path], ReadOptions(**options))  # type: ignore[arg-type]


def refused(folder: Path, text: str | bytes, name: str = "A.csv") -> str:
    with pytest.raises(DataError) as caught:
        one(folder, text, name)
    return str(caught.value)


def table(rows: list[str], header: str = "date,open,high,low,close", separator: str = ",") -> str:
    return "\n".join([header.replace(",", separator), *rows]) + "\n"


@pytest.mark.parametrize(("first", "step"), [(0, 1), (9, 1), (0, 6)])
def test_hours_are_hours_and_no_minutes(first: int, step: int, tmp_path: Path) -> None:
    clocks = range(first, 24 if first == 0 else 17, step)
    rows = [f"202401{day},{hour},10,11,9,10" for day in (15, 16, 17) for hour in clocks]
    data = one(tmp_path, table(rows, "date,hour,open,high,low,close"), tz="UTC")
    assert data.bars.interval_ns == step * HOUR_NS
    assert int(data.bars.ts_start[1] // HOUR_NS) % 24 == first + step
    assert "may be hours or minutes" in refused(tmp_path, table(rows, "date,clock,open,high,low,close"))


def test_a_cell_in_another_style_is_the_one_that_is_named(tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02};145,12;146,5;144,25;145,5" for day in range(1, 9)]
    rows[4] = rows[4].replace("146,5", "146.12")
    assert "row 5: column 'high' is '146.12', but a number is expected" in refused(tmp_path, table(rows, separator=";"))


def test_prices_that_may_count_32nds_are_refused_unless_one_cannot(tmp_path: Path) -> None:
    bonds = ["2024-01-02,110'160,110'210,110'100,110'160", "2024-01-03,110'170,110'200,110'120,110'165"]
    assert "column 'open' contains \"110'160\", which may be 110160 or a fraction in 32nds" in refused(tmp_path, table(bonds))
    index = [row.replace("110'160", "110'164") for row in bonds]
    assert one(tmp_path, table(index)).bars.open.tolist() == [110_164.0, 110_170.0]
    decimals = ["2024-01-02,1'100.5,1'210,1'100,1'160"]
    assert one(tmp_path, table(decimals), interval="1d").bars.low.tolist() == [1_100.0]


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_numbers_larger_than_any_float_are_refused(number: int, tmp_path: Path) -> None:
    rows = [{"t": 1_704_067_200 + 3_600 * at, "o": number if at else 1, "h": 1, "l": 1, "c": 1} for at in range(3)]
    assert "row 2: column 'o' is " in refused(tmp_path, json.dumps(rows), "A.json")
    with pytest.raises(DataError, match=r"row 1: column 'open' is -?inf"):
        read_any({"time": [1_704_067_200, 1_704_070_800], **FLAT, "open": [number, 1]})


def test_times_of_any_numpy_unit_are_read_and_lengths_of_time_are_refused() -> None:
    for unit in ("h", "s", "ms", "us", "ns"):
        times = np.array(["2024-01-02T10", "2024-01-02T11"], dtype=f"M8[{unit}]")
        assert int(read_any({"time": times, **FLAT}, tz="UTC").bars.ts_start[0]) == 1_704_189_600 * 10**9
    stated = [datetime(2024, 1, 2, 10, tzinfo=UTC), datetime(2024, 1, 2, 11, tzinfo=UTC)]
    assert read_any({"time": stated, **FLAT}).bars.interval_ns == HOUR_NS
    with pytest.raises(DataError, match="column 'time' has the type Duration"):
        read_any({"time": [timedelta(1), timedelta(2)], **FLAT})


def test_a_last_line_without_end_is_refused_whatever_its_length(tmp_path: Path) -> None:
    text = "time,open,high,low,close\n" + "0" * 1_000_000
    assert "A.csv.gz: no row has a price" in refused(tmp_path, gzip.compress(text.encode()), "A.csv.gz")
    assert "A.csv: no row has a price" in refused(tmp_path, text)


def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = "time,open,high,low,close\n" + "\n" * 1_000_000
    rows = "".join(f"{1_704_067_200 + 3_600 * at},1,1,1,1\n" for at in range(5))
    text = (blank + rows + "1704088800,0,1,1,1\n").encode()
    files = {"A.csv.gz": gzip.compress(text), "A.csv.zst": zstandard.compress(text)}
    for name, packed in files.items():
        assert "row 1000006: column 'open' is 0" in refused(tmp_path, packed, name)
    monkeypatch.setattr(containers, "_MAX_BYTES", 2**19)
    for name, packed in files.items():
        assert f"{name} unpacks to more than" in refused(tmp_path, packed, name)


def test_a_zstd_file_is_unpacked_only_up_to_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_MAX_BYTES", 2**20)
    packed = zstandard.compress(bytes(2**29))
    tracemalloc.start()
    try:
        assert "A.csv.zst unpacks to more than" in refused(tmp_path, packed, "A.csv.zst")
        assert tracemalloc.get_traced_memory()[1] < 2**28
    finally:
        tracemalloc.stop()


def test_epochs_with_a_point_and_a_zero_are_whole_numbers(tmp_path: Path) -> None:
    rows = [f"{1_704_067_200_000 + 3_600_000 * at}.0,1,1,1,1" for at in range(5)]
    data = one(tmp_path, table(rows))
    assert int(data.bars.ts_start[0]) == 1_704_067_200 * 10**9
    assert data.files[0].time_unit == "ms"


def test_parquet_with_columns_of_two_levels_as_pandas_writes_them(tmp_path: Path) -> None:
    days = pl.Series("Date", [datetime(2024, 1, day) for day in (2, 3, 4)]).cast(pl.Datetime("us"))  # noqa: DTZ001
    prices = [
        pl.Series(f"('{price}', '{name}')", [5.0, 6.0, 5.5]) for price in ("Close", "High", "Low", "Open") for name in "AB"
    ]
    for index in ("Date", "__index_level_0__", "('Date', '')"):
        path = tmp_path / "prices.parquet"
        pl.DataFrame([*prices, days.alias(index)]).write_parquet(path)
        bars = read([path]).bars
        assert bars.symbols == ("A", "B")
        assert bars.interval_ns == DAY_NS
        assert bars.close.tolist() == [5.0, 6.0, 5.5] * 2


def test_german_names_may_be_written_with_sharp_s(tmp_path: Path) -> None:
    text = "Datum;Eröffnung;Hoch;Tief;Schluß\n2024-01-02;1,5;1,5;1,5;1,5\n2024-01-03;1,5;1,5;1,5;1,5\n"
    assert one(tmp_path, text).bars.close.tolist() == [1.5, 1.5]


def autumn(*clocks: str, symbols: str = "A", step: int = 1) -> str:
    rows = [f"2023-10-29 {clock},{symbol},1,1,1,1" for clock in clocks for symbol in symbols]
    return table(rows[::step], "time,symbol,open,high,low,close")


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("symbols", ["A", "AB"])
def test_an_hour_that_happens_twice_is_told_by_the_order_of_rows(symbols: str, step: int, tmp_path: Path) -> None:
    hours = autumn("00:00", "01:00", "02:00", "02:00", "03:00", "04:00", symbols=symbols, step=step)
    data = one(tmp_path, hours, tz="Europe/Berlin").bars
    assert (data.ts_start[data.code == 0] // HOUR_NS % 24).tolist() == [22, 23, 0, 1, 2, 3]
    halves = autumn("01:30", "02:00", "02:30", "02:00", "02:30", "03:00", symbols=symbols, step=step)
    assert one(tmp_path, halves, tz="Europe/Berlin").bars.interval_ns == HOUR_NS // 2


@pytest.mark.parametrize("clocks", [("01:00", "02:00", "03:00"), ("01:30", "02:00", "02:30", "03:00")])
@pytest.mark.parametrize("symbols", ["A", "AB"])
def test_an_hour_that_happens_twice_is_refused_where_it_is_there_once(
    symbols: str, clocks: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "A.csv"
    path.write_text(autumn(*clocks, symbols=symbols), encoding="utf-8")
    with pytest.raises(DataError, match="occurs twice in Europe/Berlin"):
        read([path], ReadOptions(tz="Europe/Berlin"))


RISING = [[1_704_067_200_000 + 3_600_000 * at, at + 1, at + 2, at + 2, at + 1, 5] for at in range(9)]


def test_rows_without_a_header_that_fit_two_orders_of_prices_are_refused(tmp_path: Path) -> None:
    assert "prices are in other columns; add a header" in refused(tmp_path, json.dumps(RISING), "A.json")
    higher = [[*row[:3], row[3] + at % 2, *row[4:]] for at, row in enumerate(RISING)]  # Bitfinex alone has highs there
    assert one(tmp_path, json.dumps(higher), "A.json").files[0].source == "bitfinex"


def test_a_note_is_told_once_of_many_files(tmp_path: Path) -> None:
    text = "\n".join(["time,open,high,low,close", *(f"{1_704_067_200 + 3_600 * at},1,1,1,1" for at in range(5))])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(12):
            archive.writestr(f"S{number:02}.csv", text)
    notes = [note for note in one(tmp_path, packed.getvalue(), "A.zip").notes if note.kind == "assumed_stamp"]
    assert [note.count for note in notes] == [12]
    assert "S00.csv: column 'time' is assumed" in notes[0].text
    assert "; likewise in 11 more: file " in notes[0].text


def test_what_several_symbols_of_one_table_use_is_not_called_ignored(tmp_path: Path) -> None:
    names = [f"{symbol}.{price}" for symbol in ("AAPL", "MSFT") for price in ("Open", "High", "Low", "Close")]
    rows = [f"2024-01-0{day}" + ",5" * 8 + ",7" for day in range(2, 6)]
    report = one(tmp_path, table(rows, ",".join(["date", *names, "RSI"]))).files[0]
    assert report.ignored == ("RSI",)
    assert report.symbols == ("AAPL", "MSFT")


def test_a_volume_that_is_missing_is_no_volume_and_refuses_nothing(tmp_path: Path) -> None:
    rows = [f"{1_704_067_200 + 3_600 * at},1,1,1,1,{'' if at == 2 else at}" for at in range(5)]
    for cells, told in (
        (rows, "'volume' is empty in 1 of 5 rows, first in row 3"),
        ([f"{row.rpartition(',')[0]},-1" for row in rows], "'volume' is -1 in all rows"),
    ):
        path = tmp_path / "x.csv"
        path.write_text("\n".join(["time,open,high,low,close,volume", *cells]), "utf-8")
        data = read([path])
        assert data.bars.volume is None
        assert [told in note.text for note in data.notes if note.kind == "no_volume"] == [True]


def test_a_volume_that_is_not_0_comes_before_ticks(tmp_path: Path) -> None:
    path = tmp_path / "ES_H1.csv"
    for volumes, wanted in (((7, 8), [7.0, 8.0]), ((0, 0), [100.0, 101.0])):
        rows = [f"2024.01.02\t1{at}:00:00\t1\t1\t1\t1\t{100 + at}\t{volumes[at]}\t2" for at in range(2)]
        head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
        path.write_text("\n".join([head, *rows]), "utf-8")
        volume = read([path], ReadOptions(tz="UTC")).bars.volume
        assert volume is not None
        assert volume.tolist() == wanted


@pytest.mark.parametrize(
    ("notes", "named"),
    [
        ({100: '"n', 8_000: 'n"'}, "row 101: a quote is not closed"),
        ({5: "n," + "x" * 200_000}, "row 6: the row cannot be read as CSV"),
        ({5: 'n"' + "x" * 200_000, 6: 'n"'}, "row 6: the row cannot be read as CSV"),
    ],
    ids=["two quotes far apart", "one cell more", "a quote within a cell"],
)
def test_a_cell_longer_than_any_is_refused_with_its_row(tmp_path: Path, notes: dict[int, str], named: str) -> None:
    rows = [f"{1_704_067_200 + 3_600 * at},1,1,1,1,5,{notes.get(at, 'n')}" for at in range(9_000)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["time,open,high,low,close,volume,note", *rows]) + "\n", "utf-8")
    with pytest.raises(DataError, match=named):
        read([path])
