"""Daily bars as exchanges, data sets and portals write them."""

from __future__ import annotations

from pathlib import Path

from layouts.layout import Layout, Tables, Write, put, text
from layouts.table import Row

NEW_YORK = "America/New_York"


def day(row: Row, form: str = "%Y-%m-%d", zone: str = NEW_YORK) -> str:
    return text(row, form, zone)


def kaggle(tables: Tables, path: Path) -> None:
    # "S&P 500 stock data", all_stocks_5yr.csv: "date,open,high,low,close,volume,Name"
    rows = (f"{day(row)},{','.join(row.prices)},{row.volume},{table.symbol}" for table in tables for row in table.rows)
    put(path, ["date,open,high,low,close,volume,Name", *rows])


def huge(tables: Tables, path: Path) -> None:
    # "Huge stock market dataset", aapl.us.txt: "Date,Open,High,Low,Close,Volume,OpenInt"
    rows = (f"{day(row)},{','.join(row.prices)},{row.volume},0" for row in tables[0].rows)
    put(path, ["Date,Open,High,Low,Close,Volume,OpenInt", *rows])


def quandl(tables: Tables, path: Path) -> None:
    # Quandl WIKI: raw and adjusted prices side by side
    header = "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume"
    rows = (
        f"{day(row)},{','.join(row.prices)},{row.volume}.0,0.0,1.0,{','.join(f'{float(p) / 7:.6f}' for p in row.prices)},"
        f"{row.volume}.0"
        for row in reversed(tables[0].rows)
    )
    put(path, [header, *rows])


def vix(tables: Tables, path: Path) -> None:
    # cboe.com, VIX_History.csv: "DATE,OPEN,HIGH,LOW,CLOSE" and "01/02/1990,17.240000,..."
    put(path, ["DATE,OPEN,HIGH,LOW,CLOSE", *(f"{day(row, '%m/%d/%Y')},{','.join(row.prices)}" for row in tables[0].rows)])


def nse(tables: Tables, path: Path) -> None:
    # nseindia.com, security-wise archive: quoted, names padded, "02-Jan-2024", digits grouped as in India
    def grouped(price: str) -> str:
        whole, _, part = price.partition(".")
        head, tail = whole[:-3], whole[-3:]
        pairs = [head[max(at - 2, 0) : at] for at in range(len(head), 0, -2)][::-1]
        return ",".join([*pairs, tail]) + f".{part}"

    names = (
        "Date",
        "series",
        "OPEN",
        "HIGH",
        "LOW",
        "PREV. CLOSE",
        "ltp",
        "close",
        "vwap",
        "52W H",
        "52W L",
        "VOLUME",
        "VALUE",
    )
    header = ",".join(f'"{name} "' for name in names)
    rows = (
        ",".join(
            f'"{cell}"'
            for cell in (
                day(row, "%d-%b-%Y", "Asia/Kolkata"),
                "EQ",
                grouped(row.open),
                grouped(row.high),
                grouped(row.low),
                grouped(row.open),
                grouped(row.low),
                grouped(row.close),
                grouped(row.high),
                "9,999.00",
                "1.00",
                grouped(f"{row.volume}.").rstrip("."),
                "1,00,000.00",
            )
        )
        for row in reversed(tables[0].rows)
    )
    put(path, [header, *rows], encoding="utf-8-sig")


def alpha_vantage_adjusted(tables: Tables, path: Path) -> None:
    # alphavantage.co/documentation, TIME_SERIES_DAILY_ADJUSTED as CSV, newest first
    header = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    rows = (
        f"{day(row)},{','.join(row.prices)},{float(row.close) / 3:.4f},{row.volume},0.0000,1.0"
        for row in reversed(tables[0].rows)
    )
    put(path, [header, *rows], "\r\n")


def tushare(tables: Tables, path: Path) -> None:
    # tushare.pro, daily: "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount" and
    # "000001.SZ,20180718,...", newest first
    header = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount"
    rows = (
        f"000001.SZ,{day(row, '%Y%m%d', 'Asia/Shanghai')},{','.join(row.prices)},8.72,-0.02,-0.23,{row.volume},460697.377"
        for row in reversed(tables[0].rows)
    )
    put(path, [header, *rows])


def eoddata(tables: Tables, path: Path) -> None:
    # eoddata.com, with a header: "Symbol,Date,Open,High,Low,Close,Volume" and "AAPL,02-Jan-2018,..."
    rows = (
        f"{table.symbol},{day(row, '%d-%b-%Y')},{','.join(row.prices)},{row.volume}" for table in tables for row in table.rows
    )
    put(path, ["Symbol,Date,Open,High,Low,Close,Volume", *rows], "\r\n")


def marketwatch(tables: Tables, path: Path) -> None:
    # marketwatch.com, download data: "Date,Open,High,Low,Close,Volume" and
    # '10/02/2020,"3,338.94","3,369.10",...,"2,431,230,000"'
    rows = (
        ",".join([day(row, "%m/%d/%Y"), *(f'"{float(price):,.6f}"' for price in row.prices), f'"{int(row.volume):,}"'])
        for row in reversed(tables[0].rows)
    )
    put(path, ["Date,Open,High,Low,Close,Volume", *rows])


def wall_street_journal(tables: Tables, path: Path) -> None:
    # wsj.com, historical prices: "Date, Open, High, Low, Close, Volume" and "01/02/18, 2683.73, 2695.89, ..."
    rows = (f"{day(row, '%m/%d/%y')}, {', '.join(row.prices)}, {row.volume}" for row in reversed(tables[0].rows))
    put(path, ["Date, Open, High, Low, Close, Volume", *rows])


def metatrader_days(tables: Tables, path: Path) -> None:
    # MetaTrader 5, Export Bars of D1: no column of the time of day
    rows = ("\t".join([day(row, "%Y.%m.%d", "Europe/Athens"), *row.prices, row.volume, "0", "12"]) for row in tables[0].rows)
    header = "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    put(path, [header, *rows], "\r\n", "utf-16")


def akshare(tables: Tables, path: Path) -> None:
    # akshare, stock_zh_a_hist: "日期,开盘,收盘,最高,最低,成交量,成交额,..."
    rows = (
        f"{day(row, '%Y-%m-%d', 'Asia/Shanghai')},{row.open},{row.close},{row.high},{row.low},{row.volume},1.5"
        for row in tables[0].rows
    )
    put(path, ["日期,开盘,收盘,最高,最低,成交量,成交额", *rows])


def _of(name: str, tool: str, file: str, symbols: tuple[str, ...], write: Write, **more: object) -> Layout:
    """A layout of daily bars that shows dates only, of New York if nothing else is said."""
    fields = {"bars": "days", "zone": NEW_YORK, "needs_tz": True, **more}
    return Layout(name=name, tool=tool, file=file, symbols=symbols, write=write, **fields)  # type: ignore[arg-type]


DAILY = (
    _of("kaggle", "Kaggle data sets", "all_stocks_5yr.csv", ("AAL", "MSFT"), kaggle),
    _of("huge", "Kaggle data sets", "aapl.us.txt", ("aapl.us",), huge),
    _of("quandl", "Quandl WIKI", "WIKI-AAPL.csv", ("AAPL",), quandl, descending=True),
    _of("vix", "Cboe (VIX history)", "VIX_History.csv", ("VIX",), vix, volume=None),
    _of(
        "nse",
        "NSE India",
        "Quote-Equity-INFY-EQ-01-12-2017-to-08-06-2018.csv",
        ("INFY",),
        nse,
        zone="Asia/Kolkata",
        descending=True,
    ),
    _of(
        "alpha_vantage_adjusted",
        "Alpha Vantage",
        "daily_adjusted_IBM.csv",
        ("IBM",),
        alpha_vantage_adjusted,
        descending=True,
        needs_tz=False,
    ),
    _of("tushare", "Tushare", "000001.csv", ("000001.SZ",), tushare, zone="Asia/Shanghai", descending=True),
    _of("eoddata", "EODData", "NYSE_20180608.csv", ("AAPL", "MSFT"), eoddata),
    _of("marketwatch", "MarketWatch", "SPX.csv", ("SPX",), marketwatch, descending=True),
    _of(
        "wall_street_journal",
        "The Wall Street Journal",
        "HistoricalPrices.csv",
        ("HistoricalPrices",),
        wall_street_journal,
        descending=True,
    ),
    _of(
        "metatrader5_days", "MetaTrader 5 (Export Bars)", "EURUSD_Daily.csv", ("EURUSD",), metatrader_days, zone="Europe/Athens"
    ),
    _of("akshare", "AkShare", "600519.csv", ("600519",), akshare, zone="Asia/Shanghai"),
)
