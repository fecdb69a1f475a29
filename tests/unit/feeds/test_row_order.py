"""Order, duplicates, adjusted prices and the meaning of a bar's time: by stated rules, and always reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read

START = 1_704_196_800
HEADER = "time,symbol,open,high,low,close,volume"


def rows(symbol: str = "A", count: int = 5) -> list[str]:
    return [f"{START + 3_600 * at},{symbol},{10 + at},{12 + at},{9 + at},{11 + at},{100 + at}" for at in range(count)]


def one(folder: Path, lines: list[str], header: str = HEADER, name: str = "x.csv", **options: object) -> MarketData:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return read([path], ReadOptions(**options))  # type: ignore[arg-type]


def kinds(data: MarketData) -> list[str]:
    return [note.kind for note in data.notes]


def test_descending_rows_are_sorted_which_is_told(tmp_path: Path) -> None:
    straight = one(tmp_path, rows() + rows("B"))
    turned = one(tmp_path, [*reversed(rows()), *reversed(rows("B"))])
    for place in (0, 1):
        np.testing.assert_array_equal(turned.bars.close[turned.bars.code == place], straight.bars.close[:5])
    assert "sorted" in kinds(turned)
    assert turned.files[0].sorted
    assert "sorted" not in kinds(straight)


def test_rows_in_no_order_are_refused(tmp_path: Path) -> None:
    mixed = rows()
    mixed[1], mixed[3] = mixed[3], mixed[1]
    with pytest.raises(
        DataError, match=r"x.csv, row 3: column 'time' is 2024-01-02 14:00:00 UTC, earlier than the previous row of A"
    ):
        one(tmp_path, mixed)


def test_duplicates_are_refused_or_one_is_taken(tmp_path: Path) -> None:
    twice = [*rows()[:3], rows()[2].replace(",13,", ",13.5,"), *rows()[3:]]
    with pytest.raises(
        DataError, match=r"row 4: column 'time' is 2024-01-02 14:00:00 UTC, which A has in an earlier row with other"
    ):
        one(tmp_path, twice)
    with pytest.raises(DataError, match=r"row 2: .* with the same numbers; .* choose one with --duplicates"):
        one(tmp_path, [rows()[0], *rows()])
    first, last = (one(tmp_path, twice, duplicates=rule) for rule in ("first", "last"))
    assert (first.bars.close[2], last.bars.close[2]) == (13.0, 13.5)
    for data in (first, last):
        assert len(data.bars.code) == 5
        [note] = [note for note in data.notes if note.kind == "duplicates"]
        assert note.count == 1
        assert note.places[0].endswith("row 4")
    turned = one(tmp_path, twice[::-1], duplicates="first")
    assert turned.bars.close[2] == 13.5  # the first in the file


def test_files_that_overlap_follow_the_rule_for_duplicates(tmp_path: Path) -> None:
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path, part in zip(paths, (rows()[:4], rows()[2:]), strict=True):
        path.write_text("\n".join([HEADER, *part]), "utf-8")
    with pytest.raises(DataError, match=r"two.csv, row 1: .* which A has in file .*one.csv, row 3 with the same numbers"):
        read(paths)
    assert len(read(paths, ReadOptions(duplicates="last")).bars.code) == 5


def test_a_stamp_is_stated_known_or_assumed(tmp_path: Path) -> None:
    assumed = one(tmp_path, rows())
    assert assumed.files[0].stamp_from == "assumed"
    assert "assumed_stamp" in kinds(assumed)
    closes = one(tmp_path, rows(), stamp="close")
    assert closes.bars.ts_start.tolist() == (assumed.bars.ts_start - HOUR_NS).tolist()
    assert closes.files[0].stamp_from == "the option stamp"
    assert "assumed_stamp" not in kinds(one(tmp_path, rows(), HEADER.replace("time", "ts")))
    assert one(tmp_path, rows(), HEADER.replace("time", "open_time")).files[0].stamp_from == "column open_time"
    ended = one(tmp_path, rows(), HEADER.replace("time", "close_time"))
    assert ended.bars.ts_start.tolist() == closes.bars.ts_start.tolist()
    assert ended.files[0].stamp == "close"


def test_a_close_time_that_is_the_last_instant_is_rounded_up(tmp_path: Path) -> None:
    lines = [f"{(START + 3_600 * at) * 1_000 - 1},A,10,12,9,11,1" for at in range(1, 5)]
    assert one(tmp_path, lines, HEADER.replace("time", "close_time")).bars.ts_start[0] == START * 10**9


DAILY = "Date,Open,High,Low,Close,Adj Close,Volume"
SPLIT = ["2024-01-02,100,104,98,102,51,1000", "2024-01-03,50,52,49,51,51,2000"]


def test_adjusted_and_raw_prices_are_never_mixed(tmp_path: Path) -> None:
    raw = one(tmp_path, SPLIT, DAILY, "QQQ.csv")
    assert raw.bars.close.tolist() == [102, 51]
    assert "unadjusted" in kinds(raw)
    scaled = one(tmp_path, SPLIT, DAILY, "QQQ.csv", adjusted=True)
    assert [scaled.bars.open[0], scaled.bars.high[0], scaled.bars.low[0], scaled.bars.close[0]] == [50, 52, 49, 51]
    assert scaled.bars.volume is not None
    assert scaled.bars.volume.tolist() == [2000, 2000]
    assert "unadjusted" not in kinds(scaled)
    with pytest.raises(DataError, match="has no adjusted close, which --adjusted needs"):
        one(tmp_path, rows(), adjusted=True)


def test_a_fault_in_an_adjusted_close_matters_only_where_it_is_read(tmp_path: Path) -> None:
    bad = [SPLIT[0].replace(",51,", ",-,"), SPLIT[1]]
    assert one(tmp_path, bad, DAILY, "QQQ.csv").bars.close.tolist() == [102, 51]
    with pytest.raises(DataError, match="row 1: column 'Adj Close' is '-', but a number is expected"):
        one(tmp_path, bad, DAILY, "QQQ.csv", adjusted=True)


def test_rows_without_a_price_are_left_out_which_is_told(tmp_path: Path) -> None:
    lines = rows()
    lines[2] = f"{START + 7_200},A,NaN,NaN,NaN,NaN,NaN"
    data = one(tmp_path, [*lines, "Total,5 rows"])
    assert len(data.bars.code) == 4
    [note] = [note for note in data.notes if note.kind == "no_price"]
    assert note.count == 2
    assert note.places[0].endswith("row 3")


def test_prices_of_bids_and_asks(tmp_path: Path) -> None:
    header = "time,bid_o,bid_h,bid_l,bid_c,ask_o,ask_h,ask_l,ask_c"
    lines = [f"{START + 3_600 * at},10,12,9,11,10.2,12.2,9.2,11.2" for at in range(3)]
    both = one(tmp_path, lines, header)
    assert both.bars.open[0] == pytest.approx(10.1)
    assert both.bars.bid is not None
    assert both.bars.bid[0] == 11
    assert "quote_prices" in kinds(both)
    bids = one(tmp_path, [",".join(line.split(",")[:5]) for line in lines], ",".join(header.split(",")[:5]))
    assert bids.bars.open[0] == 10
    assert bids.bars.bid is None


def test_dates_are_days_of_trading(tmp_path: Path) -> None:
    data = one(tmp_path, SPLIT, DAILY, "QQQ.csv")
    assert data.bars.interval_ns == DAY_NS
    assert data.bars.ts_start[0] % DAY_NS == 0
    assert data.files[0].tz == "dates"
