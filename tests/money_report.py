"""The recount's last part: the figures of money and the hit rates in a run's report, from the books as they were followed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from money_books import Book, Json, Position, Recount

YEAR_NS = 31_557_600_000_000_000


def check_report(run: Recount, report: Json) -> None:
    """Every figure of money in the report, and how often the direction was right."""
    run.seq, run.report = run.seq + 1, report
    run.same("", "books", sorted(report["books"]), sorted(run.books))
    for name, book in run.books.items():
        for field, value in {**sums(run, book.positions.values()), **risk(run, book)}.items():
            run.near(name, f"book {field}", report["books"][name][field], value)
        for symbol, part in report["by_symbol"].items():
            for field, value in sums(run, [book.positions[symbol]]).items():
                run.near(symbol, f"{name}'s {field}", part["books"][name][field], value)
    primary = run.books["combined"].positions.values()
    for field, counted in (("lots", "trades"), ("wins", "wins")):
        run.same("", field, report["trade_quality"][field], sum(position.sums[counted] for position in primary))
    for symbol, part in [*report["by_symbol"].items(), ("", report)]:
        hits(run, symbol, part["hit_rates"], [symbol] if symbol else list(report["by_symbol"]))
    for name, ended in run.symbols.items():
        over = ended.bars[-1]["ts_event"] < run.marks[-1]
        carried = over and any(book.positions[name].held for book in run.books.values())
        reported = any(f"the data of {name} end" in warning for warning in report["warnings"])
        run.same(name, "a position whose data ended is reported", reported, carried)


def sums(run: Recount, positions: Iterable[Position]) -> Json:
    total: Counter[str] = Counter()
    for position in positions:
        total.update(position.sums)
        total.update(gross=position.sums["realised"] + position.marked - position.basis)
    net = total["gross"] - total["costs"] - total["fees"]
    money = {"gross_pnl": total["gross"], "costs": total["costs"], "fees": total["fees"], "net_pnl": net}
    cash = {field: float(Fraction(amount, run.minor)) for field, amount in money.items()}
    return {**cash, "trades": total["trades"], "fills": total["fills"]}


def risk(run: Recount, book: Book) -> Json:
    peak, drawdown, returns, sharpe = book.initial, Fraction(0), list[float](), None
    for before, equity in pairwise(book.equities):
        returns.append(float(Fraction(equity - before, before)) if before > 0 else 0.0)
        peak = max(peak, equity)
        drawdown = max(drawdown, Fraction(peak - equity, peak))
    if len(set(returns)) > 1:
        mean = math.fsum(returns) / len(returns)
        variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
        per_year = Fraction((len(run.marks) - 1) * YEAR_NS, run.marks[-1] - run.marks[0])
        sharpe = mean / math.sqrt(variance) * math.sqrt(per_year)
    traded = sum(position.sums["traded"] for position in book.positions.values())
    turnover, worth = float(Fraction(traded, book.initial)), float(Fraction(book.equity, run.minor))
    return {"sharpe": sharpe, "max_drawdown": float(drawdown), "equity": worth, "turnover": turnover}


def hits(run: Recount, symbol: str, stored: Json, symbols: list[str]) -> None:
    """The served direction against the closes that followed; a close that did not move counts for nothing."""
    horizon, count = run.config["learning"]["direction_horizon_bars"], Counter[str]()
    for name in symbols:
        bars = run.symbols[name].bars
        for at, probability in run.symbols[name].calls:
            if at + horizon < len(bars):
                then, entry, now = bars[at]["close"], bars[at + 1]["open"], bars[at + horizon]["close"]
                if then != now != entry:
                    up = probability >= 0.5
                    count.update(labels=1, close_to_close=int(up == (now > then)), next_open=int(up == (now > entry)))
    labels = count["labels"]
    run.same(symbol, "hit labels", stored["labels"], labels)
    for field in ("close_to_close", "next_open"):
        run.near(symbol, f"hits {field}", stored[field], count[field] / labels if labels else None)
