"""The layouts of the most common tools, each as the tool writes it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from layouts.layout import Layout, Tables, put, seconds, text


def binance_row(row_seconds: int, unit: int, interval_s: int, numbers: tuple[str, ...]) -> str:
    # github.com/binance/binance-public-data, README: Open time, Open, High, Low, Close, Volume, Close time, Quote asset volume,
    # Number of trades, Taker buy base asset volume, Taker buy quote asset volume, Ignore; "the timestamp for SPOT data from
    # January 1st 2025 onwards will be in microseconds".
    opened = row_seconds * unit
    closed = (row_seconds + interval_s) * unit - 1
    return f"{opened},{','.join(numbers)},{closed},16138034.33276118,1234,1103.90218350,8069017.16638059,0"


def binance(unit: int, header: bool) -> Layout:
    def write(tables: Tables, path: Path) -> None:
        heading = (
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
        )
        rows = [
            binance_row(
                seconds(row),
                unit,
                tables[0].interval // 10**9,
                (*(f"{float(p):.8f}" for p in row.prices), f"{row.volume}.00000000"),
            )
            for row in tables[0].rows
        ]
        put(path, [heading, *rows] if header else rows)

    names = {(1_000, False): "BTCUSDT-1h-2017-03.csv", (1_000_000, False): "ETHUSDT-1h-2025-03.csv"}
    return Layout(
        name=f"binance_{'header' if header else {1_000: 'ms', 1_000_000: 'us'}[unit]}",
        tool="Binance archive (klines)",
        file=names.get((unit, header), "BTCUSDT-1h-2017-03.csv"),
        symbols=("ETHUSDT",) if unit == 1_000_000 else ("BTCUSDT",),
        write=write,
    )


def yahoo(tables: Tables, path: Path) -> None:
    put(
        path,
        [
            "Date,Open,High,Low,Close,Adj Close,Volume",
            *(
                f"{text(row, '%Y-%m-%d', 'America/New_York')},{','.join(row.prices)},{float(row.close) * 0.9:.4f},{row.volume}"
                for row in tables[0].rows
            ),
        ],
    )


def freqtrade_json(tables: Tables, path: Path) -> None:
    rows = [[seconds(row) * 1_000, *map(float, (*row.prices, row.volume))] for row in tables[0].rows]
    path.write_text(json.dumps(rows), encoding="utf-8")


def freqtrade_frame(tables: Tables) -> pl.DataFrame:
    # freqtrade's datahandlers write the columns date (datetime64[ms, UTC]), open, high, low, close, volume
    rows = tables[0].rows
    columns = {"date": [row.at() for row in rows]}
    numbers = {name: [float(getattr(row, name)) for row in rows] for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame({**columns, **numbers}).with_columns(pl.col("date").cast(pl.Datetime("ms", "UTC")))


def freqtrade_feather(tables: Tables, path: Path) -> None:
    freqtrade_frame(tables).write_ipc(path, compression="lz4")


def freqtrade_parquet(tables: Tables, path: Path) -> None:
    freqtrade_frame(tables).write_parquet(path)


def metatrader(tables: Tables, path: Path) -> None:
    rows = (
        "\t".join(
            [text(row, "%Y.%m.%d", "Europe/Athens"), text(row, "%H:%M:%S", "Europe/Athens"), *row.prices, row.volume, "0", "12"]
        )
        for row in tables[0].rows
    )
    put(path, ["<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>", *rows], "\r\n")


def tradingview(tables: Tables, path: Path) -> None:
    rows = (f"{seconds(row)},{','.join(row.prices)},{row.volume},50.1" for row in tables[0].rows)
    put(path, ["time,open,high,low,close,Volume,RSI", *rows])


def kraken(tables: Tables, path: Path) -> None:
    # Kraken support, "Downloadable historical OHLCVT data": timestamp, open, high, low, close, volume, count; no header
    put(path, (f"{seconds(row)},{','.join(row.prices)},{row.volume},321" for row in tables[0].rows))


def ccxt(tables: Tables, path: Path) -> None:
    rows = (f"{seconds(row) * 1_000},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["timestamp,open,high,low,close,volume", *rows])


def alpaca(tables: Tables, path: Path) -> None:
    rows = (
        f"{one.symbol},{text(row, '%Y-%m-%dT%H:%M:%SZ')},{','.join(row.prices)},{row.volume},12,{row.close}"
        for one in tables
        for row in one.rows
    )
    put(path, ["symbol,timestamp,open,high,low,close,volume,trade_count,vwap", *rows])


def descending(tables: Tables, path: Path) -> None:
    rows = (
        f"{seconds(row) * 1_000},{tables[0].symbol},{','.join(row.prices)},{row.volume}" for row in reversed(tables[0].rows)
    )
    put(path, ["ts,symbol,open,high,low,close,volume", *rows])


COMMON_TOOLS = (
    binance(1_000, header=False),
    binance(1_000_000, header=False),
    binance(1_000, header=True),
    Layout(
        name="yahoo",
        tool="Yahoo Finance (download)",
        file="QQQ.csv",
        bars="days",
        symbols=("QQQ",),
        zone="America/New_York",
        needs_tz=True,
        write=yahoo,
    ),
    Layout(name="freqtrade_json", tool="freqtrade", file="BTC_USDT-1h.json", read_as=("BTC/USDT",), write=freqtrade_json),
    Layout(
        name="freqtrade_feather", tool="freqtrade", file="BTC_USDT-1h.feather", read_as=("BTC/USDT",), write=freqtrade_feather
    ),
    Layout(
        name="freqtrade_parquet", tool="freqtrade", file="BTC_USDT-1h.parquet", read_as=("BTC/USDT",), write=freqtrade_parquet
    ),
    Layout(
        name="metatrader5",
        tool="MetaTrader 5 (Export Bars)",
        file="BTCUSD_H1.csv",
        symbols=("BTCUSD",),
        zone="Europe/Athens",
        needs_tz=True,
        write=metatrader,
    ),
    Layout(name="tradingview", tool="TradingView (Export chart data)", file="BINANCE_BTCUSDT, 60.csv", write=tradingview),
    Layout(name="kraken", tool="Kraken archive (OHLCVT)", file="XBTUSD_60.csv", symbols=("XBTUSD",), write=kraken),
    Layout(name="ccxt", tool="ccxt (fetch_ohlcv, pandas)", file="BTCUSDT.csv", write=ccxt),
    Layout(name="alpaca", tool="Alpaca", file="alpaca.csv", symbols=("BTC/USD", "ETH/USD"), write=alpaca),
    Layout(
        name="descending",
        tool="AlphaPulse, and files of its columns",
        file="desc_clean.csv",
        symbols=("BTC/USD",),
        descending=True,
        write=descending,
    ),
)
