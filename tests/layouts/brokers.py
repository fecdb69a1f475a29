"""Trading programs, brokers and archives of foreign exchange and futures."""

from __future__ import annotations

import json
from pathlib import Path

from layouts.layout import Layout, Tables, put, seconds, text

NEW_YORK = "America/New_York"


def histdata(tables: Tables, path: Path) -> None:
    # histdata.com/f-a-q/data-files-detailed-specification, Generic ASCII in M1 bars: "20120201
    # 000000;1.306600;1.306600;1.306560;
    # 1.306560;0" in DAT_ASCII_EURUSD_M1_201202.csv; Eastern Standard Time without daylight saving
    rows = (
        f"{text(row, '%Y%m%d %H%M%S', 'Etc/GMT+5')};{';'.join(f'{float(p):.6f}' for p in row.prices)};0"
        for row in tables[0].rows
    )
    put(path, rows, "\r\n")


def histdata_metatrader(tables: Tables, path: Path) -> None:
    # The same specification, MetaTrader: "2012.02.01,00:00,1.306600,1.306600,1.306560,1.306560,0" in
    # DAT_MT_EURUSD_M1_201202.csv
    rows = (
        f"{text(row, '%Y.%m.%d,%H:%M', 'Etc/GMT+5')},{','.join(f'{float(p):.6f}' for p in row.prices)},0"
        for row in tables[0].rows
    )
    put(path, rows)


def ninjatrader(tables: Tables, path: Path) -> None:
    # ninjatrader.com/support/helpGuides/nt8, "Importing": "yyyyMMdd HHmmss;open price;high price;low price;close price;volume",
    # "NinjaTrader exports are always done in the UTC time zone", stamped by the end of the bar; file "ES 03-17.Last.txt"
    rows = (
        f"{text(row, '%Y%m%d %H%M%S', after=tables[0].interval)};{';'.join(row.prices)};{row.volume}" for row in tables[0].rows
    )
    put(path, rows, "\r\n")


def dukascopy_gmt(tables: Tables, path: Path) -> None:
    # dukascopy.com, historical data feed: "Gmt time,Open,High,Low,Close,Volume", "26.03.2025 00:00:00.000,1.07894,...,9899.99"
    rows = (f"{text(row, '%d.%m.%Y %H:%M:%S')}.000,{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["Gmt time,Open,High,Low,Close,Volume", *rows])


def dukascopy_local(tables: Tables, path: Path) -> None:
    # The same with "Local time": "01.07.2025 00:00:00.000 GMT+0200,25552,25552,25552,25552,0"
    rows = (
        f"{text(row, '%d.%m.%Y %H:%M:%S.000 GMT%z', NEW_YORK)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows
    )
    put(path, ["Local time,Open,High,Low,Close,Volume", *rows])


def ib_hours(tables: Tables, path: Path) -> None:
    # ib_insync / ib_async, util.df(bars).to_csv(): the fields of BarData after pandas' index, times with their offset
    rows = (
        f"{count},{text(row, '%Y-%m-%d %H:%M:%S', NEW_YORK)}{_offset(text(row, '%z', NEW_YORK))},{','.join(row.prices)},"
        f"{row.volume}.0,{row.close},42"
        for count, row in enumerate(tables[0].rows)
    )
    put(path, [",date,open,high,low,close,volume,average,barCount", *rows])


def _offset(digits: str) -> str:
    return f"{digits[:3]}:{digits[3:]}"


def ib_days(tables: Tables, path: Path) -> None:
    # the same for days (index=False): dates only
    rows = (f"{text(row, '%Y-%m-%d', NEW_YORK)},{','.join(row.prices)},{row.volume}.0,{row.close},42" for row in tables[0].rows)
    put(path, ["date,open,high,low,close,volume,average,barCount", *rows])


def oanda_json(tables: Tables, path: Path) -> None:
    # developer.oanda.com, instrument candles:
    # {"instrument":"EUR_USD","granularity":"H1","candles":[{"complete":true,"volume":...,
    # "time":"2024-01-15T09:00:00.000000000Z","mid":{"o":"1.10500","h":"1.10800","l":"1.10300","c":"1.10700"}}]}
    candles = [
        {
            "complete": True,
            "volume": int(row.volume),
            "time": text(row, "%Y-%m-%dT%H:%M:%S.000000000Z"),
            "mid": dict(zip("ohlc", row.prices, strict=True)),
        }
        for row in tables[0].rows
    ]
    content = {"instrument": "EUR_USD", "granularity": "H1", "candles": candles}
    path.write_text(json.dumps(content), encoding="utf-8")


def oanda_csv(tables: Tables, path: Path) -> None:
    # What the OANDA wrappers flatten it to, with pandas' index: ",time,volume,mid_o,mid_h,mid_l,mid_c" and
    # "0,2018-01-01 22:00:00-05:00,35630,1.20039,..."
    rows = (
        f"{count},{text(row, '%Y-%m-%d %H:%M:%S')}+00:00,{row.volume},{','.join(row.prices)}"
        for count, row in enumerate(tables[0].rows)
    )
    put(path, [",time,volume,mid_o,mid_h,mid_l,mid_c", *rows])


def tradestation(tables: Tables, path: Path) -> None:
    # TradeStation, Save data: "Date","Time","Open","High","Low","Close","Up","Down" and 01/02/2020,07:05,11430.00,...,100,50;
    # stamped by the end of the bar
    rows = (
        f"{text(row, '%m/%d/%Y,%H:%M', NEW_YORK, tables[0].interval)},{','.join(row.prices)},100,50" for row in tables[0].rows
    )
    put(path, ['"Date","Time","Open","High","Low","Close","Up","Down"', *rows], "\r\n")


def sierra(tables: Tables, path: Path) -> None:
    # sierrachart.com, Write Bar Data to Text File: "Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume,
    # AskVolume"
    # and "2007/12/3, 04:00:00, 227.867, 228.238, 227.651, 227.825, 1775, 1775, 0, 0"
    rows = (
        f"{row.at(NEW_YORK).year}/{row.at(NEW_YORK).month}/{row.at(NEW_YORK).day}, {text(row, '%H:%M:%S', NEW_YORK)}, "
        f"{', '.join(row.prices)}, {row.volume}, 17, 0, 0"
        for row in tables[0].rows
    )
    put(path, ["Date, Time, Open, High, Low, Last, Volume, NumberOfTrades, BidVolume, AskVolume", *rows])


def metatrader4(tables: Tables, path: Path) -> None:
    # MetaTrader 4, History Center, Export: no header, "2019.01.02,00:00,1.14598,1.14644,1.14575,1.14634,1200"
    rows = (f"{text(row, '%Y.%m.%d,%H:%M', 'Europe/Athens')},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, rows, "\r\n")


def finam(tables: Tables, path: Path) -> None:
    # finam.ru export: "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>" and "SBER;60;20170309;100000;..."
    rows = (
        f"SBER;60;{text(row, '%Y%m%d;%H%M%S', 'Europe/Moscow')};{';'.join(row.prices)};{row.volume}" for row in tables[0].rows
    )
    put(path, ["<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>", *rows], "\r\n")


def schwab(tables: Tables, path: Path) -> None:
    # developer.schwab.com, pricehistory:
    # {"symbol":"AAPL","empty":false,"candles":[{"open":150.0,...,"volume":1,"datetime":1700000000000}]}
    names = ("open", "high", "low", "close", "volume")
    candles = [
        {**{name: float(getattr(row, name)) for name in names}, "datetime": seconds(row) * 1_000} for row in tables[0].rows
    ]
    path.write_text(json.dumps({"symbol": "AAPL", "empty": False, "candles": candles}), encoding="utf-8")


BROKERS = (
    Layout(
        name="histdata",
        tool="HistData (Generic ASCII)",
        file="DAT_ASCII_EURUSD_M1_201703.csv",
        bars="minutes",
        symbols=("EURUSD",),
        zone="Etc/GMT+5",
        write=histdata,
        volume=lambda _: 0.0,
    ),
    Layout(
        name="histdata_metatrader",
        tool="HistData (MetaTrader)",
        file="DAT_MT_EURUSD_M1_201703.csv",
        bars="minutes",
        symbols=("EURUSD",),
        zone="Etc/GMT+5",
        write=histdata_metatrader,
        volume=lambda _: 0.0,
    ),
    Layout(
        name="ninjatrader",
        tool="NinjaTrader 8 (export)",
        file="ES 03-17.Last.txt",
        bars="minutes",
        symbols=("ES 03-17",),
        stamp="close",
        write=ninjatrader,
    ),
    Layout(
        name="dukascopy_gmt",
        tool="Dukascopy",
        file="EURUSD_Candlestick_1_Hour_BID_08.03.2017-15.03.2017.csv",
        symbols=("EURUSD",),
        write=dukascopy_gmt,
    ),
    Layout(
        name="dukascopy_local",
        tool="Dukascopy",
        file="EURUSD_Candlestick_1_Hour_ASK_08.03.2017-15.03.2017.csv",
        symbols=("EURUSD",),
        write=dukascopy_local,
    ),
    Layout(name="ib_hours", tool="Interactive Brokers (ib_async)", file="AAPL.csv", symbols=("AAPL",), write=ib_hours),
    Layout(
        name="ib_days",
        tool="Interactive Brokers (ib_async)",
        file="SPY.csv",
        bars="days",
        symbols=("SPY",),
        zone=NEW_YORK,
        needs_tz=True,
        write=ib_days,
    ),
    Layout(name="oanda_json", tool="OANDA (v20 candles)", file="candles.json", symbols=("EUR_USD",), write=oanda_json),
    Layout(name="oanda_csv", tool="OANDA (v20 candles)", file="EUR_USD.csv", symbols=("EUR_USD",), write=oanda_csv),
    Layout(
        name="tradestation",
        tool="TradeStation",
        file="ES.txt",
        symbols=("ES",),
        zone=NEW_YORK,
        needs_tz=True,
        stamp="close",
        write=tradestation,
        volume=lambda _: 150.0,
    ),
    Layout(
        name="sierra",
        tool="Sierra Chart",
        file="ESH17.txt",
        symbols=("ESH17",),
        zone=NEW_YORK,
        needs_tz=True,
        write=sierra,
    ),
    Layout(
        name="metatrader4",
        tool="MetaTrader 4 (export)",
        file="EURUSD60.csv",
        symbols=("EURUSD",),
        zone="Europe/Athens",
        needs_tz=True,
        write=metatrader4,
    ),
    Layout(
        name="finam",
        tool="Finam",
        file="SBER_170308_170315.txt",
        symbols=("SBER",),
        zone="Europe/Moscow",
        needs_tz=True,
        write=finam,
    ),
    Layout(name="schwab", tool="Schwab, TD Ameritrade", file="pricehistory.json", symbols=("AAPL",), write=schwab),
)
