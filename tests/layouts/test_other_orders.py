"""Files whose columns stand in another order, or whose prices have another unit, and that do not say so: never read wrongly."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.reading import ReadOptions, read
from layouts.compare_bars import assert_same_bars
from layouts.layout import put, seconds
from layouts.table import Table, table

BARS = table("hours", "BTCUSD")


def bitfinex(bars: Table, folder: Path) -> Path:
    # docs.bitfinex.com/reference/rest-public-candles: [MTS, OPEN, CLOSE, HIGH, LOW, VOLUME]
    rows = [
        [seconds(row) * 1_000, *map(float, (row.open, row.close, row.high, row.low, row.volume))] for row in reversed(bars.rows)
    ]
    path = folder / "BTCUSD.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def kucoin(bars: Table, folder: Path) -> Path:
    # kucoin.com/docs, Get Klines: {"code":"200000","data":[["1545904980","0.058","0.049","0.058","0.049","0.018","0.000945"]]},
    # which are the start, open, close, high, low, volume, turnover
    rows = [[str(seconds(row)), row.open, row.close, row.high, row.low, row.volume, "0.000945"] for row in reversed(bars.rows)]
    path = folder / "BTCUSD.json"
    path.write_text(json.dumps({"code": "200000", "data": rows}), encoding="utf-8")
    return path


def gate(bars: Table, folder: Path) -> Path:
    # Gate's archive of candles, as public loaders read it: time, volume, close, high, low, open; no header
    path = folder / "BTCUSD-201703.csv"
    put(path, (f"{seconds(row)},{row.volume},{row.close},{row.high},{row.low},{row.open}" for row in bars.rows))
    return path


def close_before_open(bars: Table, folder: Path) -> Path:
    path = folder / "BTCUSD.csv"
    put(path, (f"{seconds(row)},{row.close},{row.high},{row.low},{row.open},{row.volume}" for row in bars.rows))
    return path


@pytest.mark.parametrize("write", [bitfinex, kucoin, gate])
def test_another_order_is_read_as_it_is_or_refused(write: object, tmp_path: Path) -> None:
    assert callable(write)
    path = write(BARS, tmp_path)
    try:
        data = read([path], ReadOptions(symbols=("BTCUSD",)))
    except DataError as error:
        sentence = str(error)
        assert path.name in sentence
        return
    assert_same_bars(data.bars, [BARS], ("BTCUSD",))


def test_milliseconds_since_midnight_are_no_times(tmp_path: Path) -> None:
    # github.com/QuantConnect/Lean, Data: 20170306_trade.zip holds 20170306_aapl_minute_trade.csv, with milliseconds since
    # midnight in New York and prices of 1/10,000 of a dollar: "34200000,1327500,1328000,1327100,1327900,7360"
    lines = (f"{34_200_000 + 60_000 * minute},1327500,1328000,1327100,1327900,7360\n" for minute in range(60))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("20170306_aapl_minute_trade.csv", "".join(lines))
    path = tmp_path / "20170306_trade.zip"
    path.write_bytes(packed.getvalue())
    with pytest.raises(DataError, match="34200000"):
        read([path], ReadOptions(tz="America/New_York"))
