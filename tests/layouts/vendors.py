"""Vendors of prices of stocks, futures and currencies, by file."""

from __future__ import annotations

import gzip
from pathlib import Path

from layouts.layout import Layout, Tables, put, seconds, text
from layouts.table import Row

NEW_YORK = "America/New_York"
FIELDS = ("close", "high", "low", "open", "volume")


def yfinance_three_lines(tables: Tables, path: Path) -> None:
    # yf.download(...).to_csv(): "Price,Close,High,Low,Open,Volume / Ticker,SPY,SPY,SPY,SPY,SPY / Date,,,,,"; quoted in many
    # loaders; with several tickers, as in github.com/jrosebr1/pythonfintech: "Price,Close,Close,High,High,..."
    put(path, [*_yfinance_header(tables, "Date"), *_yfinance_rows(tables, "%Y-%m-%d", NEW_YORK)])


def _yfinance_header(tables: Tables, index: str) -> list[str]:
    names = [name.capitalize() for name in FIELDS for _ in tables]
    tickers = [table.symbol for _ in FIELDS for table in tables]
    return [",".join(["Price", *names]), ",".join(["Ticker", *tickers]), index + "," * len(names)]


def _yfinance_rows(tables: Tables, clock: str, zone: str, after: str = "") -> list[str]:
    return [
        ",".join([text(rows[0], clock, zone) + after, *(getattr(row, name) for name in FIELDS for row in rows)])
        for rows in zip(*(table.rows for table in tables), strict=True)
    ]


def yfinance_intraday(tables: Tables, path: Path) -> None:
    put(path, [*_yfinance_header(tables, "Datetime"), *_yfinance_rows(tables, "%Y-%m-%d %H:%M:%S", "UTC", "+00:00")])


def yfinance_two_lines(tables: Tables, path: Path) -> None:
    # the same after reset_index() and to_csv(index=False): "Date,Close,High,Low,Open,Volume / ,AAPL,AAPL,AAPL,AAPL,AAPL"
    first, second, _ = _yfinance_header(tables, "")
    lines = [first.replace("Price", "Date"), second.replace("Ticker", "")]
    put(path, [*lines, *_yfinance_rows(tables, "%Y-%m-%d", NEW_YORK)])


def yfinance_history(tables: Tables, path: Path) -> None:
    # yf.Ticker("BHP").history().to_csv(): "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits" and "2020-01-03
    # 00:00:00-05:00,..."
    rows = (f"{row.at(NEW_YORK).isoformat(' ')},{','.join(row.prices)},{row.volume},0.0,0.0" for row in tables[0].rows)
    put(path, ["Date,Open,High,Low,Close,Volume,Dividends,Stock Splits", *rows])


def polygon(tables: Tables, path: Path) -> None:
    # massive.com/docs/flat-files (Polygon): ticker,volume,open,close,high,low,window_start,transactions; "The Unix nanosecond
    # timestamp for the start of the aggregate window"; a .csv.gz a day, all tickers of it one after the other
    rows = (
        f"{table.symbol},{row.volume},{row.open},{row.close},{row.high},{row.low},{row.start},62"
        for table in tables
        for row in table.rows
    )
    content = "".join(f"{line}\n" for line in ["ticker,volume,open,close,high,low,window_start,transactions", *rows])
    path.write_bytes(gzip.compress(content.encode()))


def databento_pretty(tables: Tables, path: Path) -> None:
    # databento.com/docs/schemas/ohlcv: ts_event "marks the start of each interval"; header with pretty_px, pretty_ts,
    # map_symbols:
    # "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol" and "2018-05-01T08:04:00.000000000Z"
    rows = (
        f"{text(row, '%Y-%m-%dT%H:%M:%S')}.000000000Z,34,1,4916,{','.join(f'{float(p):.9f}' for p in row.prices)},{row.volume},"
        f"{table.symbol}"
        for table in tables
        for row in table.rows
    )
    put(path, ["ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol", *rows])


def databento_raw(tables: Tables, path: Path) -> None:
    # the same page: prices "expressed as a signed integer where every 1 unit corresponds to 1e-9", times in nanoseconds
    rows = (
        f"{row.start},34,1,4916,{','.join(_nanos(price) for price in row.prices)},{row.volume},{table.symbol}"
        for table in tables
        for row in table.rows
    )
    put(path, ["ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol", *rows])


def _nanos(price: str) -> str:
    whole, _, part = price.partition(".")
    return str(int(whole + part.ljust(9, "0")))


def stooq_days(tables: Tables, path: Path) -> None:
    # stooq.com/db/h: "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>" and
    # "AAA.US,D,20261001,000000,10,11,9,10.5,1000,0"
    rows = (f"AAPL.US,D,{text(row, '%Y%m%d', NEW_YORK)},000000,{','.join(row.prices)},{row.volume},0" for row in tables[0].rows)
    put(path, ["<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>", *rows], "\r\n")


def stooq_hours(tables: Tables, path: Path) -> None:
    rows = (
        f"EURUSD,60,{text(row, '%Y%m%d,%H%M%S', 'Europe/Warsaw')},{','.join(row.prices)},{row.volume},0"
        for row in tables[0].rows
    )
    put(path, ["<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>", *rows], "\r\n")


def plain_days(tables: Tables, path: Path) -> None:
    # stooq.com/q/d/l/?s=aapl.us&i=d: "Date,Open,High,Low,Close,Volume"
    rows = (f"{text(row, '%Y-%m-%d', NEW_YORK)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["Date,Open,High,Low,Close,Volume", *rows], "\r\n")


def alpha_vantage(tables: Tables, path: Path) -> None:
    # alphavantage.co/documentation, datatype=csv: "timestamp,open,high,low,close,volume", newest first, US/Eastern
    rows = (
        f"{text(row, '%Y-%m-%d %H:%M:%S', NEW_YORK)},{','.join(row.prices)},{row.volume}" for row in reversed(tables[0].rows)
    )
    put(path, ["timestamp,open,high,low,close,volume", *rows], "\r\n")


def tiingo(tables: Tables, path: Path) -> None:
    # tiingo.com/documentation/end-of-day:
    # "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor"
    rows = (
        f"{text(row, '%Y-%m-%d', NEW_YORK)},{row.close},{row.high},{row.low},{row.open},{row.volume},"
        f"{','.join(f'{float(p) / 2:.6f}' for p in (row.close, row.high, row.low, row.open))},{2 * int(row.volume)},0.0,1.0"
        for row in tables[0].rows
    )
    put(path, ["date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor", *rows])


def nasdaq(tables: Tables, path: Path) -> None:
    # nasdaq.com, Historical data: "Date,Close/Last,Volume,Open,High,Low" and
    # "12/13/2024,$191.38,18883220,$192.71,$194.34,$191.26"
    rows = (
        f"{text(row, '%m/%d/%Y', NEW_YORK)},${row.close},{row.volume},${row.open},${row.high},${row.low}"
        for row in reversed(tables[0].rows)
    )
    put(path, ["Date,Close/Last,Volume,Open,High,Low", *rows])


def investing(tables: Tables, path: Path) -> None:
    # investing.com, Historical data: '"Date","Price","Open","High","Low","Vol.","Change %"' and
    # '"01/13/2026","12.30","11.99","12.37","11.99","32.94M","3.62%"', newest first, thousands with commas, with a byte order
    # mark
    def quoted(row: Row) -> str:
        prices = [f"{float(price):,.6f}" for price in (row.close, row.open, row.high, row.low)]
        return ",".join(f'"{cell}"' for cell in (text(row, "%m/%d/%Y", NEW_YORK), *prices, millions(row.volume), "-0.29%"))

    header = '"Date","Price","Open","High","Low","Vol.","Change %"'
    put(path, [header, *(quoted(row) for row in reversed(tables[0].rows))], encoding="utf-8-sig")


def millions(volume: str) -> str:
    return f"{int(volume) / 1e9:.2f}B" if int(volume) >= 1e9 else f"{int(volume) / 1e6:.2f}M"


def read_millions(volume: str) -> float:
    """What ``1.23M`` says, as the nearest double."""
    short = millions(volume)
    return round(float(short[:-1]) * 100) * {"M": 10_000.0, "B": 10_000_000.0}[short[-1]]


def nasdaq_index(tables: Tables, path: Path) -> None:
    # the same of currencies and indices, whose volume is N/A and whose prices have no sign:
    # "11/08/2024,5.7376,N/A,5.7376,5.7905,5.691"
    rows = (
        f"{text(row, '%m/%d/%Y', NEW_YORK)},{row.close},N/A,{row.open},{row.high},{row.low}" for row in reversed(tables[0].rows)
    )
    put(path, ["Date,Close/Last,Volume,Open,High,Low", *rows])


def investing_currency(tables: Tables, path: Path) -> None:
    # the same of currencies, whose volume is empty
    def quoted(row: Row) -> str:
        cells = (text(row, "%m/%d/%Y", NEW_YORK), row.close, row.open, row.high, row.low, "", "-0.29%")
        return ",".join(f'"{cell}"' for cell in cells)

    header = '"Date","Price","Open","High","Low","Vol.","Change %"'
    put(path, [header, *(quoted(row) for row in reversed(tables[0].rows))], encoding="utf-8-sig")


def investing_names(tables: Tables, path: Path) -> None:
    # the older form: '"Apr 09, 2020","7,278.20","7,277.58","7,281.20","7,275.47","190.28M","1.52%"'
    def quoted(row: Row) -> str:
        prices = [f"{float(price):,.6f}" for price in (row.close, row.open, row.high, row.low)]
        return ",".join(f'"{cell}"' for cell in (text(row, "%b %d, %Y", NEW_YORK), *prices, millions(row.volume), "1.52%"))

    header = '"Date","Price","Open","High","Low","Vol.","Change %"'
    put(path, [header, *(quoted(row) for row in reversed(tables[0].rows))])


def barchart(tables: Tables, path: Path) -> None:
    # barchart.com, Historical download: "Time,Open,High,Low,Latest,Change,%Change,Volume",
    # '2026-05-04,17.54,...,+1.75%,"1,195,900"',
    # newest first, and a last line '"Downloaded from Barchart.com as of 05-05-2026 07:59am CDT"'
    rows = (
        f'{text(row, "%Y-%m-%d", NEW_YORK)},{",".join(row.prices)},0.31,+1.75%,"{int(row.volume):,}"'
        for row in reversed(tables[0].rows)
    )
    last = '"Downloaded from Barchart.com as of 05-05-2018 07:59am CDT"'
    put(path, ["Time,Open,High,Low,Latest,Change,%Change,Volume", *rows, last])


def twelve_data(tables: Tables, path: Path) -> None:
    # twelvedata.com/docs, format=CSV: "datetime;open;high;low;close;volume", newest first
    rows = (
        f"{text(row, '%Y-%m-%d %H:%M:%S', NEW_YORK)};{';'.join(row.prices)};{row.volume}" for row in reversed(tables[0].rows)
    )
    put(path, ["datetime;open;high;low;close;volume", *rows])


def eodhd(tables: Tables, path: Path) -> None:
    # eodhd.com, intraday: "Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume" (UTC, seconds)
    rows = (f"{seconds(row)},0,{text(row, '%Y-%m-%d %H:%M:%S')},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, ["Timestamp,Gmtoffset,Datetime,Open,High,Low,Close,Volume", *rows])


def eodhd_days(tables: Tables, path: Path) -> None:
    # eodhd.com/api/eod: "Date,Open,High,Low,Close,Adjusted_close,Volume"
    rows = (
        f"{text(row, '%Y-%m-%d', NEW_YORK)},{','.join(row.prices)},{float(row.close) / 4:.4f},{row.volume}"
        for row in tables[0].rows
    )
    put(path, ["Date,Open,High,Low,Close,Adjusted_close,Volume", *rows])


def firstrate(tables: Tables, path: Path) -> None:
    # firstratedata.com: no header, "YYYY-MM-DD HH:MM:SS,Open,High,Low,Close,Volume", US/Eastern
    rows = (f"{text(row, '%Y-%m-%d %H:%M:%S', NEW_YORK)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, rows, "\r\n")


def kibot(tables: Tables, path: Path) -> None:
    # kibot.com, intraday: no header, "01/04/2010,09:30,100.50,100.65,100.40,100.61,13520", US/Eastern
    rows = (f"{text(row, '%m/%d/%Y,%H:%M', NEW_YORK)},{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, rows, "\r\n")


def forex_tester(tables: Tables, path: Path) -> None:
    # forextester.com/data: "<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>" and
    # "EURUSD,20010102,230100,0.9507,...,4"
    rows = (f"EURUSD,{text(row, '%Y%m%d,%H%M%S')},{','.join(row.prices)},4" for row in tables[0].rows)
    put(path, ["<TICKER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", *rows], "\r\n")


def zipline(tables: Tables, path: Path) -> None:
    # zipline's csvdir bundles, a file a symbol: "date,open,high,low,close,volume,dividend,split"
    rows = (f"{text(row, '%Y-%m-%d', NEW_YORK)},{','.join(row.prices)},{row.volume},0.0,1.0" for row in tables[0].rows)
    put(path, ["date,open,high,low,close,volume,dividend,split", *rows])


def _days(name: str, tool: str, file: str, symbol: str, write: object, **more: object) -> Layout:
    """A layout of daily bars of New York that shows dates only."""
    fields = {"bars": "days", "zone": NEW_YORK, "needs_tz": True, "symbols": (symbol,), **more}
    return Layout(name=name, tool=tool, file=file, write=write, **fields)  # type: ignore[arg-type]


VENDORS = (
    _days("yfinance_three_lines", "yfinance", "AAPL.csv", "AAPL", yfinance_three_lines),
    _days("yfinance_wide", "yfinance", "prices.csv", "", yfinance_three_lines, symbols=("AAPL", "NVDA")),
    _days("yfinance_two_lines", "yfinance", "aapl.csv", "AAPL", yfinance_two_lines),
    _days("yfinance_history", "yfinance", "BHP.csv", "BHP", yfinance_history, needs_tz=False),
    Layout(name="yfinance_intraday", tool="yfinance", file="btc.csv", symbols=("BTC-USD",), write=yfinance_intraday),
    Layout(
        name="polygon",
        tool="Polygon, Massive (flat files)",
        file="2017-03-06.csv.gz",
        bars="minutes",
        symbols=("AAPL", "MSFT"),
        write=polygon,
    ),
    Layout(
        name="databento_pretty",
        tool="Databento (ohlcv, CSV)",
        file="xnas-itch-20170308.ohlcv-1h.csv",
        symbols=("AAPL", "MSFT"),
        write=databento_pretty,
    ),
    Layout(
        name="databento_raw",
        tool="Databento (ohlcv, CSV)",
        file="glbx-mdp3-20170308.ohlcv-1h.csv",
        symbols=("ESH7",),
        write=databento_raw,
    ),
    _days("stooq_days", "Stooq", "aapl.us.txt", "AAPL.US", stooq_days),
    Layout(
        name="stooq_hours",
        tool="Stooq",
        file="eurusd.txt",
        symbols=("EURUSD",),
        zone="Europe/Warsaw",
        needs_tz=True,
        write=stooq_hours,
    ),
    _days("stooq_csv", "Stooq", "aapl_us_d.csv", "aapl_us", plain_days),
    Layout(
        name="alpha_vantage",
        tool="Alpha Vantage",
        file="intraday_60min_IBM.csv",
        symbols=("IBM",),
        zone=NEW_YORK,
        descending=True,
        write=alpha_vantage,
    ),
    _days("tiingo", "Tiingo", "spy.csv", "spy", tiingo),
    _days("nasdaq", "Nasdaq.com", "HistoricalData_1720150942432.csv", "HistoricalData_1720150942432", nasdaq, descending=True),
    _days(
        "investing",
        "Investing.com",
        "S&P 500 Historical Data.csv",
        "S&P 500",
        investing,
        descending=True,
        volume=read_millions,
    ),
    _days(
        "investing_names",
        "Investing.com",
        "TSLA Historical Data.csv",
        "TSLA",
        investing_names,
        descending=True,
        volume=read_millions,
    ),
    _days("nasdaq_index", "Nasdaq.com", "usdbrl.csv", "usdbrl", nasdaq_index, descending=True, volume=None),
    _days(
        "investing_currency",
        "Investing.com",
        "EUR_USD Historical Data.csv",
        "EUR_USD",
        investing_currency,
        descending=True,
        volume=None,
    ),
    _days("barchart", "Barchart", "gpre_daily_historical-data-05-05-2018.csv", "gpre", barchart, descending=True),
    Layout(
        name="twelve_data",
        tool="Twelve Data",
        file="AAPL.csv",
        symbols=("AAPL",),
        zone=NEW_YORK,
        needs_tz=True,
        descending=True,
        write=twelve_data,
    ),
    Layout(name="eodhd", tool="EODHD", file="AAPL.US.csv", symbols=("AAPL.US",), write=eodhd),
    _days("eodhd_days", "EODHD", "MSFT.US.csv", "MSFT.US", eodhd_days),
    Layout(
        name="firstrate",
        tool="FirstRate Data",
        file="AAPL_full_1hour_adjsplitdiv.txt",
        symbols=("AAPL",),
        zone=NEW_YORK,
        needs_tz=True,
        write=firstrate,
    ),
    Layout(
        name="kibot", tool="Kibot", file="IBM.txt", bars="minutes", symbols=("IBM",), zone=NEW_YORK, needs_tz=True, write=kibot
    ),
    Layout(
        name="forex_tester",
        tool="Forex Tester, Forexite",
        file="EURUSD.txt",
        symbols=("EURUSD",),
        bars="minutes",
        needs_tz=True,
        write=forex_tester,
        volume=lambda _: 4.0,
    ),
    _days("zipline", "zipline (csvdir)", "AAPL.csv", "AAPL", zipline),
)
