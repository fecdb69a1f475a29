"""Responses of web services, saved unchanged: JSON that contains bars at some depth."""

from __future__ import annotations

import json
from pathlib import Path

from layouts.layout import Layout, Tables, seconds, text

NEW_YORK = "America/New_York"
NAMES = ("open", "high", "low", "close", "volume")


def save(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def alpha_vantage(tables: Tables, path: Path) -> None:
    # alphavantage.co/documentation, TIME_SERIES_INTRADAY: {"Meta Data": {..., "6. Time Zone": "US/Eastern"}, "Time Series
    # (60min)":
    # {"2025-07-25 15:00:00": {"1. open": "108.0000", "2. high": ..., "5. volume": "15000"}}}, newest first
    meta = {
        "1. Information": "Intraday (60min) open, high, low, close prices and volume",
        "2. Symbol": "IBM",
        "3. Last Refreshed": text(tables[0].rows[-1], "%Y-%m-%d %H:%M:%S", NEW_YORK),
        "4. Interval": "60min",
        "5. Output Size": "Full size",
        "6. Time Zone": "US/Eastern",
    }
    series = {
        text(row, "%Y-%m-%d %H:%M:%S", NEW_YORK): {
            f"{count}. {name}": getattr(row, name) for count, name in enumerate(NAMES, start=1)
        }
        for row in reversed(tables[0].rows)
    }
    save(path, {"Meta Data": meta, "Time Series (60min)": series})


def twelve_data(tables: Tables, path: Path) -> None:
    # twelvedata.com/docs, time_series: {"meta": {"symbol": "AAPL", "interval": "1h", "exchange_timezone": "America/New_York",
    # ...},
    # "values": [{"datetime": "2026-07-24 09:30:00", "open": "102.0", ...}], "status": "ok"}, newest first
    values = [
        {"datetime": text(row, "%Y-%m-%d %H:%M:%S", NEW_YORK), **{name: getattr(row, name) for name in NAMES}}
        for row in reversed(tables[0].rows)
    ]
    meta = {"symbol": "AAPL", "interval": "1h", "currency": "USD", "exchange_timezone": NEW_YORK, "exchange": "NASDAQ"}
    save(path, {"meta": meta, "values": values, "status": "ok"})


def polygon(tables: Tables, path: Path) -> None:
    # massive.com/docs (Polygon), aggregates:
    # {"ticker":"AAPL","results":[{"v":..,"vw":..,"o":..,"c":..,"h":..,"l":..,"t":ms,"n":..}],...}
    results = [
        {
            "v": float(row.volume),
            "vw": float(row.close),
            "o": float(row.open),
            "c": float(row.close),
            "h": float(row.high),
            "l": float(row.low),
            "t": seconds(row) * 1_000,
            "n": 25,
        }
        for row in tables[0].rows
    ]
    save(path, {"ticker": "AAPL", "queryCount": 1, "adjusted": True, "results": results, "status": "OK", "count": len(results)})


def alpaca(tables: Tables, path: Path) -> None:
    # docs.alpaca.markets, historical bars: {"bars": {"AAPL": [{"t": "2022-01-03T09:00:00Z",
    # "o":..,"h":..,"l":..,"c":..,"v":..,"n":..,"vw":..}]}}
    bars = {
        table.symbol: [
            {
                "t": text(row, "%Y-%m-%dT%H:%M:%SZ"),
                **{short: float(price) for short, price in zip("ohlc", row.prices, strict=True)},
                "v": int(row.volume),
                "n": 12,
                "vw": float(row.close),
            }
            for row in table.rows
        ]
        for table in tables
    }
    save(path, {"bars": bars, "next_page_token": None})


def finnhub(tables: Tables, path: Path) -> None:
    # finnhub.io/docs/api/stock-candles, and the UDF protocol of charts:
    # {"c":[..],"h":[..],"l":[..],"o":[..],"s":"ok","t":[seconds],"v":[..]}
    rows = tables[0].rows
    columns: dict[str, object] = {name[0]: [float(getattr(row, name)) for row in rows] for name in NAMES}
    save(path, {**columns, "s": "ok", "t": [seconds(row) for row in rows]})


def yahoo_chart(tables: Tables, path: Path) -> None:
    # Yahoo's chart service:
    # {"chart":{"result":[{"meta":{"symbol":..},"timestamp":[..],"indicators":{"quote":[{"open":[..],...}]}}],"error":null}}
    rows = tables[0].rows
    quote = {name: [float(getattr(row, name)) for row in rows] for name in NAMES}
    meta = {"currency": "USD", "symbol": "AAPL", "exchangeTimezoneName": NEW_YORK, "dataGranularity": "1h"}
    result = {"meta": meta, "timestamp": [seconds(row) for row in rows], "indicators": {"quote": [quote]}}
    save(path, {"chart": {"result": [result], "error": None}})


def tiingo(tables: Tables, path: Path) -> None:
    # tiingo.com/documentation/iex:
    # [{"date":"2019-01-02T14:30:00.000Z","open":154.74,"high":155.52,"low":154.58,"close":154.76,"volume":16102}]
    rows = [
        {"date": text(row, "%Y-%m-%dT%H:%M:%S.000Z"), **{name: float(getattr(row, name)) for name in NAMES}}
        for row in tables[0].rows
    ]
    save(path, rows)


def deribit(tables: Tables, path: Path) -> None:
    # docs.deribit.com, get_tradingview_chart_data:
    # {"result":{"volume":[..],"ticks":[ms],"status":"ok","open":[..],"low":..,"high":..,"cost":..,"close":..}}
    rows = tables[0].rows
    columns: dict[str, object] = {name: [float(getattr(row, name)) for row in rows] for name in NAMES}
    result = {**columns, "cost": [1.0 for _ in rows], "ticks": [seconds(row) * 1_000 for row in rows], "status": "ok"}
    save(path, {"jsonrpc": "2.0", "id": 833, "result": result})


WEB_RESPONSES = (
    Layout(
        name="alpha_vantage_json",
        tool="Alpha Vantage",
        file="query.json",
        symbols=("IBM",),
        zone=NEW_YORK,
        descending=True,
        write=alpha_vantage,
    ),
    Layout(
        name="twelve_data_json",
        tool="Twelve Data",
        file="time_series.json",
        symbols=("AAPL",),
        zone=NEW_YORK,
        descending=True,
        write=twelve_data,
    ),
    Layout(name="polygon_json", tool="Polygon, Massive (REST)", file="aggs.json", symbols=("AAPL",), write=polygon),
    Layout(name="alpaca_json", tool="Alpaca", file="bars.json", symbols=("AAPL", "MSFT"), write=alpaca),
    Layout(name="finnhub_json", tool="Finnhub", file="AAPL.json", symbols=("AAPL",), write=finnhub),
    Layout(name="yahoo_json", tool="Yahoo Finance (chart service)", file="chart.json", symbols=("AAPL",), write=yahoo_chart),
    Layout(name="tiingo_json", tool="Tiingo", file="aapl.json", symbols=("aapl",), write=tiingo),
    Layout(name="deribit_json", tool="Deribit", file="BTC-PERPETUAL.json", symbols=("BTC-PERPETUAL",), write=deribit),
)
