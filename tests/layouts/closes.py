"""Tools whose times are closes, or whose files have several times, prices in parts, or a name beside the table."""

from __future__ import annotations

import json
from pathlib import Path

from layouts.layout import Layout, Tables, put, seconds, text
from layouts.table import DAY, HOUR

NEW_YORK = "America/New_York"


def tradestation_daily(tables: Tables, path: Path) -> None:
    # TradeStation's "Export data": "Date","Time","Open","High","Low","Close","Vol","OI"; a daily bar is at 16:00
    rows = (
        f"{text(row, '%m/%d/%Y,%H:%M', NEW_YORK, after=DAY)},{','.join(row.prices)},{row.volume},0" for row in tables[0].rows
    )
    put(path, ['"Date","Time","Open","High","Low","Close","Vol","OI"', *rows], end="\r\n")


def google_sheets(tables: Tables, path: Path) -> None:
    # =GOOGLEFINANCE("NASDAQ:QQQ","all",...): "Date,Open,High,Low,Close,Volume" and "1/2/2018 16:00:00"
    rows = (
        f"{text(row, '%-m/%-d/%Y %H:%M:%S', NEW_YORK, after=DAY)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows
    )
    put(path, ["Date,Open,High,Low,Close,Volume", *rows])


def coinmarketcap(tables: Tables, path: Path) -> None:
    # coinmarketcap.com, "Download CSV": newest first, quoted times, four of them besides the timestamp, which is the close's
    def line(day: str, prices: tuple[str, ...], volume: str) -> str:
        times = f'"{day}T00:00:00.000Z";"{day}T23:59:59.999Z";"{day}T13:31:00.000Z";"{day}T03:00:00.000Z"'
        return f'{times};"2781";{";".join(prices)};{volume};39750579.0;"{day}T23:59:59.999Z"'

    rows = (line(text(row, "%Y-%m-%d"), row.prices, row.volume) for row in reversed(tables[0].rows))
    put(path, ["timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp", *rows])


def last_instants(tables: Tables, path: Path) -> None:
    # Older downloads with a timestamp alone
    rows = (f"{text(row, '%Y-%m-%d')}T23:59:59.999Z,{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["timestamp,open,high,low,close,volume", *rows])


def bitmex(tables: Tables, path: Path) -> None:
    # bitmex.com/api/v1/trade/bucketed: "timestamp" is the end of the bucket
    rows = [
        {
            "timestamp": text(row, "%Y-%m-%dT%H:%M:%S.000Z", after=HOUR),
            "symbol": "XBTUSD",
            **dict(zip(("open", "high", "low", "close"), map(float, row.prices), strict=True)),
            "trades": 12, "volume": int(row.volume), "vwap": float(row.close), "lastSize": 1, "turnover": 5,
            "homeNotional": 1.5, "foreignNotional": 2.5,
        }
        for row in tables[0].rows
    ]  # fmt: skip
    path.write_text(json.dumps(rows), encoding="utf-8")


def coingecko(tables: Tables, path: Path) -> None:
    # docs.coingecko.com, "Coin OHLC": [[ms, open, high, low, close]], "the end (close) time of the OHLC data"
    rows = [[seconds(row) * 1_000 + 3_600_000, *map(float, row.prices)] for row in tables[0].rows]
    path.write_text(json.dumps(rows), encoding="utf-8")


def huobi(tables: Tables, path: Path) -> None:
    # huobiapi.github.io, "Get Klines": id is the time in seconds, amount of the coin, vol of the money; newest first
    rows = [
        {"id": seconds(row), "amount": int(row.volume), "vol": 4_131_974.5, "count": 12}
        | dict(zip(("open", "high", "low", "close"), map(float, row.prices), strict=True))
        for row in reversed(tables[0].rows)
    ]
    body = {"ch": "market.btcusdt.kline.60min", "status": "ok", "ts": 1_629_769_247_172, "data": rows}
    path.write_text(json.dumps(body), encoding="utf-8")


def hyperliquid(tables: Tables, path: Path) -> None:
    # hyperliquid.gitbook.io, "candleSnapshot": t opens and T closes
    rows = [
        {"t": seconds(row) * 1_000, "T": seconds(row) * 1_000 + 3_599_999, "s": "BTC", "i": "1h", "n": 12, "v": row.volume}
        | dict(zip("ohlc", row.prices, strict=True))
        for row in tables[0].rows
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def alpha_vantage_fx(tables: Tables, path: Path) -> None:
    # alphavantage.co, FX_INTRADAY: the pair and the zone stand in "Meta Data"; newest first
    rows = {
        text(row, "%Y-%m-%d %H:%M:%S"): dict(zip(("1. open", "2. high", "3. low", "4. close"), row.prices, strict=True))
        for row in reversed(tables[0].rows)
    }
    meta = {"2. From Symbol": "EUR", "3. To Symbol": "USD", "5. Interval": "60min", "7. Time Zone": "UTC"}
    path.write_text(json.dumps({"Meta Data": meta, "Time Series FX (60min)": rows}), encoding="utf-8")


def iex(tables: Tables, path: Path) -> None:
    # iexcloud.io, "Intraday prices": "date" and "minute", in New York
    rows = [
        {"date": text(row, "%Y-%m-%d", NEW_YORK), "minute": text(row, "%H:%M", NEW_YORK), "volume": row.volume}
        | dict(zip(("open", "high", "low", "close"), row.prices, strict=True))
        for row in tables[0].rows
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")


def yahoo_chart_summer(tables: Tables, path: Path) -> None:
    # query1.finance.yahoo.com/v8/finance/chart: "timezone":"EDT" beside "exchangeTimezoneName":"America/New_York"
    names = ("open", "high", "low", "close")
    columns = {name: [float(row.prices[at]) for row in tables[0].rows] for at, name in enumerate(names)}
    quote = [{**columns, "volume": [int(row.volume) for row in tables[0].rows]}]
    meta = {"symbol": "SPY", "timezone": "EDT", "exchangeTimezoneName": "America/New_York"}
    stamps = [seconds(row) for row in tables[0].rows]
    result = [{"meta": meta, "timestamp": stamps, "indicators": {"quote": quote}}]
    path.write_text(json.dumps({"chart": {"result": result, "error": None}}), encoding="utf-8")


def swiss(tables: Tables, path: Path) -> None:
    # Excel set to German (Switzerland)
    rows = (f"{text(row, '%d.%m.%Y;%H:%M')};{';'.join(row.prices)};{row.volume}" for row in tables[0].rows)
    put(path, ["Datum;Zeit;Eröffnung;Höchst;Tiefst;Schluß;Volumen", *rows])


def boursorama(tables: Tables, path: Path) -> None:
    rows = (f"{text(row, '%d/%m/%Y %H:%M')};{';'.join(row.prices)};{row.volume};EUR" for row in tables[0].rows)
    put(path, ["date;ouv;haut;bas;clot;vol;devise", *rows])


CLOSES = (
    Layout(
        name="tradestation_daily",
        tool="TradeStation",
        file="QQQ_d.txt",
        bars="closes",
        symbols=("QQQ",),
        zone=NEW_YORK,
        needs_tz=True,
        stamp="close",
        write=tradestation_daily,
    ),
    Layout(
        name="google_sheets",
        tool="Google Sheets (GOOGLEFINANCE)",
        file="QQQ.csv",
        bars="closes",
        symbols=("QQQ",),
        zone=NEW_YORK,
        needs_tz=True,
        stamp="close",
        write=google_sheets,
    ),
    Layout(
        name="coinmarketcap",
        tool="CoinMarketCap",
        bars="days",
        symbols=("Bitcoin",),
        descending=True,
        write=coinmarketcap,
        file="Bitcoin_1.12.2017-8.6.2018_historical_data_coinmarketcap.csv",
    ),
    Layout(
        name="last_instants",
        tool="CoinMarketCap",
        file="btc.csv",
        bars="days",
        symbols=("btc",),
        stamp="close",
        write=last_instants,
    ),
    Layout(name="bitmex", tool="BitMEX", file="buckets.json", symbols=("XBTUSD",), stamp="close", write=bitmex),
    Layout(
        name="coingecko",
        tool="CoinGecko",
        file="bitcoin.json",
        symbols=("bitcoin",),
        stamp="close",
        volume=None,
        write=coingecko,
    ),
    Layout(name="huobi", tool="Huobi (HTX)", file="kline.json", symbols=("btcusdt",), descending=True, write=huobi),
    Layout(name="hyperliquid", tool="Hyperliquid", file="candles.json", symbols=("BTC",), write=hyperliquid),
    Layout(
        name="alpha_vantage_fx",
        tool="Alpha Vantage",
        file="fx.json",
        symbols=("EURUSD",),
        volume=None,
        descending=True,
        write=alpha_vantage_fx,
    ),
    Layout(
        name="iex",
        tool="IEX",
        file="intraday.json",
        bars="minutes",
        symbols=("intraday",),
        zone=NEW_YORK,
        needs_tz=True,
        write=iex,
    ),
    Layout(
        name="yahoo_chart_summer",
        tool="Yahoo Finance (chart service)",
        file="spy.json",
        symbols=("SPY",),
        write=yahoo_chart_summer,
    ),
    Layout(
        name="swiss", tool="European portals and spreadsheets", file="smi.csv", symbols=("smi",), needs_tz=True, write=swiss
    ),
    Layout(
        name="boursorama",
        tool="European portals and spreadsheets",
        file="cac.csv",
        symbols=("cac",),
        needs_tz=True,
        write=boursorama,
    ),
)
