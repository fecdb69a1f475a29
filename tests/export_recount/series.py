"""The series of the page: bars, equity, predictions."""

from __future__ import annotations

import itertools
import math
from typing import Any

from .files import Files, Row, ms, number_of


def whole_page(symbol: str | None, columns: dict[str, list[Any]], **more: Any) -> Row:
    """A series of all rows."""
    seqs = columns["seq"]
    page = {"symbol": symbol, "from_seq": 0, "to_seq": seqs[-1] if seqs else None, "next_seq": None, "total": len(seqs)}
    return {**page, "columns": columns, **more}


def columns_of(rows: list[Row], **names: str) -> dict[str, list[Any]]:
    return {shown: [row[name] for row in rows] for shown, name in names.items()}


def at_bars(rows: list[Row]) -> dict[str, list[Any]]:
    return {
        "seq": [row["seq"] for row in rows],
        "ts_ms": [ms(row["known_at"]) for row in rows],
        "bar_open_ms": [ms(row["open_time"]) for row in rows],
    }


def bars(files: Files, symbol: str) -> Row:
    rows = files.of("bars", symbol=symbol)
    prices = {name: [row[name] for row in rows] for name in ("open", "high", "low", "close", "volume")}
    return whole_page(symbol, {**at_bars(rows), **prices})


def bars_in_buckets(files: Files, symbol: str, points: int) -> Row:
    """Downsampled: each bucket is one bar."""
    rows = files.of("bars", symbol=symbol)
    starts = [point * len(rows) // points for point in range(points)]
    parts = [rows[first:last] for first, last in zip(starts, [*starts[1:], len(rows)], strict=True)]
    known = all(row["volume"] is not None for row in rows)
    columns = {
        **{name: [column[-1] for column in (at_bars(part)[name] for part in parts)] for name in ("seq", "ts_ms")},
        "bar_open_ms": [at_bars(part)["bar_open_ms"][0] for part in parts],
        "open": [part[0]["open"] for part in parts],
        "high": [max(row["high"] for row in part) for part in parts],
        "low": [min(row["low"] for row in part) for part in parts],
        "close": [part[-1]["close"] for part in parts],
        "volume": [sum(row["volume"] for row in part) if known else None for part in parts],
    }
    return {**whole_page(symbol, columns), "total": len(rows)}


def equity(files: Files) -> Row:
    by_book = {book: files.of("equity", book=book) for book in files.books}
    steps = by_book[files.books[0]]
    return whole_page(
        None, {**at_bars(steps), **{book: [row["equity_cash"] for row in rows] for book, rows in by_book.items()}}
    )


def predictions(files: Files, symbol: str, target: str) -> Row:
    rows = files.of("predictions", symbol=symbol, target=target)
    labels = {row["prediction_id"]: row for row in files.of("labels", symbol=symbol, target=target)}
    forecasts = volatility_forecasts(files, symbol) if target == "volatility" else {}
    realised = realised_volatilities(files, symbol) if target == "volatility" else {}
    found = [labels.get(row["prediction_id"]) for row in rows]
    columns = {
        **at_bars(rows),
        "number": [number_of(row["prediction_id"]) for row in rows],
        **columns_of(
            rows, probability="probability", confidence="confidence", online="online_probability", batch="batch_probability",
            base="base_probability", weight_online="online_weight", weight_batch="batch_weight", weight_base="base_weight",
        ),
        "label": [None if label is None else label["label"] for label in found],
        "volatility_forecast": [forecasts.get(row["seq"]) for row in rows],
        "volatility_realised": [
            None if label is None or label["status"] == "expired" else realised.get(label["seq"]) for label in found
        ],
    }  # fmt: skip
    return whole_page(symbol, columns, target=target)


def volatility_forecasts(files: Files, symbol: str) -> dict[int, float]:
    """Over the horizon, by step."""
    root = math.sqrt(files.config["learning"]["volatility_horizon_bars"])
    return {row["seq"]: row["volatility"] * root for row in files.of("signals", symbol=symbol)}


def realised_volatilities(files: Files, symbol: str) -> dict[int, float]:
    """Of the last h bars, by step."""
    horizon, rows = files.config["learning"]["volatility_horizon_bars"], files.of("bars", symbol=symbol)
    moves = [math.log(row["close"] / before["close"]) for before, row in itertools.pairwise(rows)]
    return {
        rows[at]["seq"]: math.sqrt(sum(move * move for move in moves[at - horizon : at])) for at in range(horizon, len(rows))
    }
