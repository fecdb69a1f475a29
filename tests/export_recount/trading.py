"""Fills, trades, positions and books."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .files import SECOND, Files, Floats, Row, ms

YEAR_S = 365.25 * 86400


def fill_out(row: Row) -> Row:
    names = ("seq", "fill_id", "order_id", "book", "symbol", "quantity", "price", "signal_id", "prediction_id")
    return {
        **{name: row[name] for name in names}, "ts_ms": ms(row["known_at"]), "bar_open_ms": ms(row["open_time"]),
        "reference": row["reference_price"], "cost": row["cost_cash"], "fee": row["fee_cash"],
    }  # fmt: skip


def trade_out(row: Row) -> Row:
    names = ("seq", "lot_id", "book", "symbol", "quantity", "signal_id", "prediction_id")
    return {
        **{name: row[name] for name in names}, "opened_ms": ms(row["opened_at"]),
        "opened_bar_open_ms": ms(row["opened_open_time"]), "closed_ms": ms(row["known_at"]),
        "closed_bar_open_ms": ms(row["open_time"]), "open_price": row["open_reference_price"],
        "close_price": row["close_reference_price"], "gross_pnl": row["gross_pnl_cash"], "costs": row["costs_cash"],
        "net_pnl": row["net_pnl_cash"],
    }  # fmt: skip


def fills(files: Files) -> Row:
    """Of all books, in the order of the page: by step, then by book and symbol as they first traded."""
    return {"fills": [fill_out(row) for row in by_first_trade(files["fills"])], "next_seq": None, "total": len(files["fills"])}


def trades(files: Files) -> Row:
    return {"trades": [trade_out(row) for row in by_first_trade(files["lots"])], "next_seq": None, "total": len(files["lots"])}


def by_first_trade(rows: list[Row]) -> list[Row]:
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        first.setdefault((row["book"], row["symbol"]), len(first))
    return sorted(rows, key=lambda row: (row["seq"], first[row["book"], row["symbol"]]))


def positions(files: Files) -> Row:
    found, closes = [], {row["symbol"]: row["close"] for row in files["bars"]}
    for book in files.books:
        for unit in files["units"]:
            symbol = unit["symbol"]
            lots = open_lots(files.of("fills", book=book, symbol=symbol))
            quantity = sum(lot[0] for lot in lots)
            if lots:
                basis, value = sum(size * price for size, price, _ in lots), quantity * closes[symbol]
                found.append(
                    {
                        "book": book, "symbol": symbol, "quantity": quantity, "average_price": basis / quantity,
                        "close": closes[symbol], "value": value, "unrealised_pnl": value - basis,
                    }
                )  # fmt: skip
    return {"positions": found, "books": {book: book_status(files, book) for book in files.books}}


def open_lots(rows: list[Row]) -> list[list[Any]]:
    """Quantity, reference price and signal of the lots that fills left open, first in, first out."""
    lots: list[list[Any]] = []
    for row in rows:
        left = row["quantity"]
        while left and lots and lots[0][0] * left < 0.0:
            taken = min(abs(left), abs(lots[0][0])) * math.copysign(1.0, left)
            left, lots[0][0] = round(left - taken, 9), round(lots[0][0] + taken, 9)
            if not lots[0][0]:
                del lots[0]
        if left:
            lots.append([left, row["reference_price"], row["signal_id"]])
    return lots


def book_status(files: Files, book: str) -> Row:
    curve = np.array(
        [files.config["execution"]["initial_cash"], *(row["equity_cash"] for row in files.of("equity", book=book))]
    )
    own = files.of("fills", book=book)
    costs, fees = (sum(row[name] for row in own) for name in ("cost_cash", "fee_cash"))
    smallest = {row["symbol"]: row["min_order_cash"] for row in files["units"]}
    closed = files.of("lots", book=book)
    counted = [row for row in closed if abs(row["quantity"]) * row["open_reference_price"] >= smallest[row["symbol"]] - 1e-9]
    peaks = np.maximum.accumulate(curve)
    return {
        "equity": curve[-1], "net_pnl": curve[-1] - curve[0], "gross_pnl": curve[-1] - curve[0] + costs + fees, "fees": fees,
        "costs": costs, "trades": len(counted), "sharpe": sharpe(curve, marks_per_year(files)),
        "max_drawdown": ((peaks - curve) / peaks).max(),
    }  # fmt: skip


def marks_per_year(files: Files) -> float:
    times = [row["known_at"] for row in files.of("equity", book=files.books[0])]
    elapsed_s: float = (times[-1] - times[0]) / SECOND
    return (len(times) - 1) * YEAR_S / elapsed_s


def sharpe(curve: Floats, marks: float) -> float | None:
    returns: Floats = np.diff(curve) / curve[:-1]
    spread = float(returns.std(ddof=1))
    return None if spread == 0.0 else float(returns.mean() / spread * math.sqrt(marks))
