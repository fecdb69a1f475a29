"""Crypto exchanges and those who archive them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

from layouts.layout import Layout, Tables, put, seconds, text


def cryptodatadownload(tables: Tables, path: Path) -> None:
    # Quoted in several public loaders: line 1 "https://www.CryptoDataDownload.com", line 2
    # "Unix,Date,Symbol,Open,High,Low,Close,
    # Volume BTC,Volume USDT,tradecount", newest first: "1704070800000,2024-01-01
    # 01:00:00,BTCUSDT,42500,42600,42400,42550,12.3,..."
    rows = (
        f"{seconds(row) * 1_000},{text(row, '%Y-%m-%d %H:%M:%S')},BTCUSDT,{','.join(row.prices)},{row.volume},9.5,77"
        for row in reversed(tables[0].rows)
    )
    header = "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount"
    put(path, ["https://www.CryptoDataDownload.com", header, *rows])


def cryptodatadownload_bitstamp(tables: Tables, path: Path) -> None:
    # The same with seconds: "1646106180,2022-03-01 03:43:00,BTC/USD,43046.58,43046.58,43046.58,43046.58,0.00000000,0.0"
    rows = (
        f"{seconds(row)},{text(row, '%Y-%m-%d %H:%M:%S')},BTC/USD,{','.join(row.prices)},{row.volume},9.5"
        for row in reversed(tables[0].rows)
    )
    put(path, ["https://www.CryptoDataDownload.com", "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD", *rows])


def bitstamp(tables: Tables, path: Path) -> None:
    # bitstamp.net/api, "OHLC data": timestamp (Unix, seconds), open, high, low, close, volume, as a table
    rows = (f"{seconds(row)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["timestamp,open,high,low,close,volume", *rows])


def bitstamp_json(tables: Tables, path: Path) -> None:
    # bitstamp.net/api: {"data": {"ohlc": [{"close": "", "high": "", "low": "", "open": "", "timestamp": "", "volume": ""}],
    # "pair": "BTC/USD"}}
    rows = [
        {
            "timestamp": str(seconds(row)),
            **dict(zip(("open", "high", "low", "close"), row.prices, strict=True)),
            "volume": row.volume,
        }
        for row in tables[0].rows
    ]
    path.write_text(json.dumps({"data": {"pair": "BTC/USD", "ohlc": rows}}), encoding="utf-8")


def bitstamp_kaggle(tables: Tables, path: Path) -> None:
    # The well-known data set of one-minute bars: "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price"
    rows = (f"{seconds(row)},{','.join(row.prices)},{row.volume},87360.593222,{row.close}" for row in tables[0].rows)
    put(path, ["Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price", *rows])


def bybit_archive(tables: Tables, path: Path) -> None:
    # public.bybit.com/kline_for_metatrader4: "start_at,open,high,low,close,volume" and "2023.01.01 00:00,16581.000000,..."
    rows = (f"{text(row, '%Y.%m.%d %H:%M')},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    content = "".join(f"{line}\n" for line in ["start_at,open,high,low,close,volume", *rows])
    path.write_bytes(gzip.compress(content.encode()))


def bybit_json(tables: Tables, path: Path) -> None:
    # bybit-exchange.github.io/docs/v5/market/kline: list of [startTime, open, high, low, close, volume, turnover], newest
    # first, as text
    rows = [[str(seconds(row) * 1_000), *row.prices, row.volume, "289363.9178"] for row in reversed(tables[0].rows)]
    body = {"symbol": "BTCUSDT", "category": "linear", "list": rows}
    path.write_text(json.dumps({"retCode": 0, "retMsg": "OK", "result": body, "retExtInfo": {}, "time": 1}), encoding="utf-8")


def okx_archive(tables: Tables, path: Path) -> None:
    # okx.com/historical-data: a zip of one CSV "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm"
    rows = (f"BTC-USDT,{','.join(row.prices)},{row.volume},2.5,9024127.3,{seconds(row) * 1_000},1" for row in tables[0].rows)
    header = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm"
    zipped(path, "BTC-USDT-candlesticks-2017-03-06.csv", "".join(f"{line}\n" for line in [header, *rows]))


def zipped(path: Path, inner: str, content: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inner, content)
    path.write_bytes(packed.getvalue())


def binance_zip(tables: Tables, path: Path) -> None:
    # github.com/binance/binance-public-data: the archive as it is downloaded, a zip of one headerless CSV
    rows = (
        f"{seconds(row) * 1_000},{','.join(row.prices)},{row.volume},{seconds(row) * 1_000 + 59_999},1.5,7,0.5,0.7,0"
        for row in tables[0].rows
    )
    zipped(path, path.name.replace(".zip", ".csv"), "".join(f"{line}\n" for line in rows))


def binance_rest(tables: Tables, path: Path) -> None:
    # developers.binance.com, "Kline/Candlestick data": [[1499040000000, "0.01634790", ..., 1499644799999, "2434.19", 308, ...,
    # "0"]]
    rows = [
        [seconds(row) * 1_000, *row.prices, row.volume, seconds(row) * 1_000 + 3_599_999, "2434.19", 308, "1756.8", "28.4", "0"]
        for row in tables[0].rows
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def kraken_rest(tables: Tables, path: Path) -> None:
    # docs.kraken.com, "Get OHLC Data":
    # {"error":[],"result":{"XXBTZUSD":[[1688671200,"30306.1",...,vwap,volume,count]],"last":...}}
    rows = [[seconds(row), *row.prices, row.close, row.volume, 23] for row in tables[0].rows]
    last = seconds(tables[0].rows[-1])
    path.write_text(json.dumps({"error": [], "result": {"XXBTZUSD": rows, "last": last}}), encoding="utf-8")


def coinbase_csv(tables: Tables, path: Path) -> None:
    # docs.cdp.coinbase.com, "Get product candles": time (bucket start), low, high, open, close, volume, newest first; as a
    # table
    rows = (f"{seconds(row)},{row.low},{row.high},{row.open},{row.close},{row.volume}" for row in reversed(tables[0].rows))
    put(path, ["time,low,high,open,close,volume", *rows])


def coinbase_json(tables: Tables, path: Path) -> None:
    rows = [
        [seconds(row), *map(float, (row.low, row.high, row.open, row.close, row.volume))] for row in reversed(tables[0].rows)
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def coinapi(tables: Tables, path: Path) -> None:
    # docs.coinapi.io, OHLCV:
    # "time_period_start,time_period_end,time_open,time_close,price_open,price_high,price_low,price_close,
    # volume_traded,trades_count", times with seven decimals
    header = "time_period_start,time_period_end,time_open,time_close,price_open,price_high,price_low,price_close"
    clock = "%Y-%m-%dT%H:%M:%S"
    rows = (
        f"{text(row, clock)}.0000000Z,{text(row, clock, after=tables[0].interval)}.0000000Z,{text(row, clock)}.1230000Z,"
        f"{text(row, clock)}.9870000Z,{','.join(row.prices)},{row.volume},33"
        for row in tables[0].rows
    )
    put(path, [f"{header},volume_traded,trades_count", *rows])


EXCHANGES = (
    Layout(
        name="cryptodatadownload",
        tool="CryptoDataDownload",
        file="Binance_BTCUSDT_1h.csv",
        descending=True,
        write=cryptodatadownload,
    ),
    Layout(
        name="cryptodatadownload_seconds",
        tool="CryptoDataDownload",
        file="Bitstamp_BTCUSD_1h.csv",
        symbols=("BTC/USD",),
        descending=True,
        write=cryptodatadownload_bitstamp,
    ),
    Layout(name="bitstamp", tool="Bitstamp", file="btcusd.csv", symbols=("btcusd",), write=bitstamp),
    Layout(name="bitstamp_json", tool="Bitstamp", file="ohlc.json", symbols=("BTC/USD",), write=bitstamp_json),
    Layout(
        name="bitstamp_kaggle",
        tool="Bitstamp (data set of one-minute bars)",
        file="bitstampUSD_1-min_data_2012-01-01_to_2021-03-31.csv",
        bars="minutes",
        symbols=("bitstampUSD",),
        write=bitstamp_kaggle,
    ),
    Layout(
        name="bybit_archive",
        tool="Bybit archive",
        file="BTCUSDT_1_2017-03-01_2017-03-31.csv.gz",
        bars="minutes",
        needs_tz=True,
        write=bybit_archive,
    ),
    Layout(name="bybit_json", tool="Bybit (REST)", file="bybit.json", descending=True, write=bybit_json),
    Layout(
        name="okx_archive",
        tool="OKX archive",
        file="BTC-USDT-candlesticks-2017-03-06.zip",
        bars="minutes",
        symbols=("BTC-USDT",),
        write=okx_archive,
    ),
    Layout(
        name="binance_zip", tool="Binance archive (klines)", file="BTCUSDT-1m-2017-03.zip", bars="minutes", write=binance_zip
    ),
    Layout(name="binance_rest", tool="Binance (REST)", file="BTCUSDT-1h.json", write=binance_rest),
    Layout(name="kraken_rest", tool="Kraken (REST)", file="ohlc.json", symbols=("XXBTZUSD",), write=kraken_rest),
    Layout(
        name="coinbase_csv",
        tool="Coinbase (candles)",
        file="BTC-USD.csv",
        symbols=("BTC-USD",),
        descending=True,
        write=coinbase_csv,
    ),
    Layout(
        name="coinbase_json",
        tool="Coinbase (candles)",
        file="BTC-USD.json",
        symbols=("BTC-USD",),
        descending=True,
        write=coinbase_json,
    ),
    Layout(name="coinapi", tool="CoinAPI", file="BITSTAMP_SPOT_BTC_USD.csv", symbols=("BITSTAMP_SPOT_BTC_USD",), write=coinapi),
)
