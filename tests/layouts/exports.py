"""Libraries, spreadsheets and languages: what people make of bars themselves."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import polars as pl

from layouts.layout import Layout, Tables, put, seconds, text

NAMES = ("open", "high", "low", "close", "volume")


def german(tables: Tables, path: Path) -> None:
    # ariva.de, onvista.de and other portals: "Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen" and
    # "02.01.2025;1.100,50;...;12.000"
    def number(value: str, digits: int) -> str:
        return f"{float(value):,.{digits}f}".replace(",", " ").replace(".", ",").replace(" ", ".")

    rows = (
        f"{text(row, '%d.%m.%Y', 'Europe/Berlin')};{';'.join(number(price, 6) for price in row.prices)};{number(row.volume, 0)}"
        for row in tables[0].rows
    )
    put(path, ["Datum;Eröffnung;Hoch;Tief;Schlusskurs;Volumen", *rows], "\r\n", "utf-8-sig")


def excel_semicolons(tables: Tables, path: Path) -> None:
    # Excel with European settings: a first line "sep=;", decimal commas, a byte order mark
    rows = (
        ";".join([text(row, "%d.%m.%Y %H:%M"), *(price.replace(".", ",") for price in row.prices), row.volume])
        for row in tables[0].rows
    )
    put(path, ["sep=;", "Date;Open;High;Low;Close;Volume", *rows], "\r\n", "utf-8-sig")


def pandas_index(tables: Tables, path: Path) -> None:
    # pandas: df.to_csv() of a frame whose index is a time in UTC without a name
    rows = (f"{text(row, '%Y-%m-%d %H:%M:%S')}+00:00,{','.join(row.prices)},{row.volume}" for row in tables[0].rows)
    put(path, [",Open,High,Low,Close,Volume", *rows])


def r_csv(tables: Tables, path: Path) -> None:
    # R: write.csv of a data frame, with the names of its rows; of an xts of quantmod the columns are called AAPL.Open, ...
    clock = '"%Y-%m-%dT%H:%M:%SZ"'
    rows = (f'"{count}",{text(row, clock)},{",".join(row.prices)},{row.volume}' for count, row in enumerate(tables[0].rows, 1))
    put(path, ['"","index","AAPL.Open","AAPL.High","AAPL.Low","AAPL.Close","AAPL.Volume"', *rows])


def pandas_json(tables: Tables, path: Path) -> None:
    # pandas: df.to_json(), whose index is a time: {"open": {"1488931200000": 1.05, ...}, ...}
    rows = tables[0].rows
    content = {name: {str(seconds(row) * 1_000): float(getattr(row, name)) for row in rows} for name in NAMES}
    path.write_text(json.dumps(content), encoding="utf-8")


def pandas_split(tables: Tables, path: Path) -> None:
    # pandas: df.to_json(orient="split"): {"columns": [...], "index": [...], "data": [[...], ...]}
    data = [[float(getattr(row, name)) for name in NAMES] for row in tables[0].rows]
    index = [seconds(row) * 1_000 for row in tables[0].rows]
    path.write_text(json.dumps({"columns": list(NAMES), "index": index, "data": data}), encoding="utf-8")


def json_lines(tables: Tables, path: Path) -> None:
    put(
        path,
        (
            json.dumps(
                {
                    "time": text(row, "%Y-%m-%dT%H:%M:%S+00:00"),
                    "symbol": table.symbol,
                    **{n: float(getattr(row, n)) for n in NAMES},
                }
            )
            for table in tables
            for row in table.rows
        ),
    )


def pandas_parquet(tables: Tables, path: Path) -> None:
    # pandas: df.to_parquet() of a frame whose index is an unnamed time: the column __index_level_0__ comes last
    rows = tables[0].rows
    numbers = {name.capitalize(): [float(getattr(row, name)) for row in rows] for name in NAMES}
    index = pl.Series("__index_level_0__", [row.start for row in rows]).cast(pl.Datetime("ns", "UTC"))
    pl.DataFrame(numbers).with_columns(index).write_parquet(path)


def warehouse_parquet(tables: Tables, path: Path) -> None:
    # DuckDB, Spark: decimals, integers, a category, a time with a zone
    rows = [(table.symbol, row) for table in tables for row in table.rows]
    columns: dict[str, pl.Series] = {
        "Ticker": pl.Series([symbol for symbol, _ in rows], dtype=pl.Categorical),
        "Datetime": pl.Series([row.at() for _, row in rows]).cast(pl.Datetime("us", "America/New_York")),
        "Volume": pl.Series([int(row.volume) for _, row in rows], dtype=pl.UInt64),
    }
    for name in ("Open", "High", "Low", "Close"):
        decimals = [Decimal(getattr(row, name.lower())) for _, row in rows]
        columns[name] = pl.Series(decimals, dtype=pl.Decimal(18, 6))
    pl.DataFrame(columns).write_parquet(path)


def amibroker(tables: Tables, path: Path) -> None:
    # AmiBroker, export by the explorer: "Ticker,Date/Time,Open,High,Low,Close,Volume"
    rows = (
        f"{table.symbol},{text(row, '%Y-%m-%d %H:%M:%S')},{','.join(row.prices)},{row.volume}"
        for table in tables
        for row in table.rows
    )
    put(path, ["Ticker,Date/Time,Open,High,Low,Close,Volume", *rows], "\r\n")


EXPORTS = (
    Layout(
        name="german",
        tool="European portals and spreadsheets",
        file="dax.csv",
        bars="days",
        symbols=("dax",),
        zone="Europe/Berlin",
        needs_tz=True,
        write=german,
    ),
    Layout(
        name="excel_semicolons",
        tool="European portals and spreadsheets",
        file="EURUSD.csv",
        symbols=("EURUSD",),
        needs_tz=True,
        write=excel_semicolons,
    ),
    Layout(name="pandas_index", tool="pandas, polars, DuckDB, R", file="AAPL.csv", symbols=("AAPL",), write=pandas_index),
    Layout(name="r_csv", tool="pandas, polars, DuckDB, R", file="AAPL.csv", symbols=("AAPL",), write=r_csv),
    Layout(name="pandas_json", tool="pandas, polars, DuckDB, R", file="AAPL.json", symbols=("AAPL",), write=pandas_json),
    Layout(name="pandas_split", tool="pandas, polars, DuckDB, R", file="AAPL.json", symbols=("AAPL",), write=pandas_split),
    Layout(name="json_lines", tool="pandas, polars, DuckDB, R", file="bars.jsonl", symbols=("AAPL", "MSFT"), write=json_lines),
    Layout(
        name="pandas_parquet", tool="pandas, polars, DuckDB, R", file="AAPL.parquet", symbols=("AAPL",), write=pandas_parquet
    ),
    Layout(
        name="warehouse_parquet",
        tool="pandas, polars, DuckDB, R",
        file="bars.parquet",
        symbols=("AAPL", "MSFT"),
        write=warehouse_parquet,
    ),
    Layout(name="amibroker", tool="AmiBroker", file="export.csv", symbols=("AAPL", "MSFT"), needs_tz=True, write=amibroker),
)
