"""An independent recount of a run's money: from the bars, orders and configuration to every fill, lot, fee, cash and figure.

Nothing of AlphaPulse is imported: the rows come from the SQLite file itself, and all sums are exact fractions of the numbers
as they are written there.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

DAY_NS = 86_400_000_000_000
YEAR_NS = 31_557_600_000_000_000
BASIS_POINT = Fraction(1, 10_000)
Json = dict[str, Any]


class Difference(NamedTuple):
    """One figure of the store that does not follow from what came before it."""

    seq: int
    symbol: str
    field: str
    stored: object
    recomputed: object


class OpenLot:
    """What is left of a fill: all but the first ``used`` of its quantity."""

    def __init__(self, fill: Json, value: int) -> None:
        self.fill, self.used, self.value = fill, 0, value

    def part(self, amount: int, start: int, end: int) -> int:
        whole = self.fill["quantity"]
        return int(amount * end // whole - amount * start // whole)


class Position:
    """One book's position in one symbol."""

    def __init__(self) -> None:
        self.lots: deque[OpenLot] = deque()
        self.held = self.marked = self.basis = 0
        self.sums: Counter[str] = Counter()


class Book:
    """Cash, positions and the equity at every slice."""

    def __init__(self, cash: int) -> None:
        self.initial = self.cash = self.equity = self.day_start = cash
        self.day = -1
        self.equities = [cash]
        self.positions: defaultdict[str, Position] = defaultdict(Position)


class Checker:
    """Follows a journal row by row; ``differences`` holds what did not agree."""

    def __init__(self, settings: Json) -> None:
        self.settings = settings
        self.differences: list[Difference] = []
        self.seen: Counter[str] = Counter()
        self.books: dict[str, Book] = {}
        self.waiting: defaultdict[str, list[Json]] = defaultdict(list)
        self.stops: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self.bars: defaultdict[str, list[Json]] = defaultdict(list)
        self.calls: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self.marks: list[int] = []
        self.units: dict[str, Json] = defaultdict(lambda: {"quantity_decimals": 6, "cash_decimals": 2, "lot": 1})
        self.minor = 1
        self.seq = -1

    def same(self, symbol: str, field: str, stored: object, recomputed: object) -> None:
        if stored != recomputed:
            self.differences.append(Difference(self.seq, symbol, field, stored, recomputed))

    def near(self, symbol: str, field: str, stored: float | None, recomputed: float | None) -> None:
        alike = stored == recomputed or (
            None not in (stored, recomputed) and math.isclose(stored, recomputed, rel_tol=1e-9, abs_tol=1e-12)  # type: ignore[arg-type]
        )
        self.same(symbol, field, stored, stored if alike else recomputed)

    def holds(self, symbol: str, rule: str, kept: bool, found: object = None) -> None:
        if not kept:
            self.differences.append(Difference(self.seq, symbol, rule, found, "the rule"))

    def worth(self, symbol: str, quantity: int, price: float | Fraction) -> int:
        """Minor units of cash, rounded half to even."""
        parts = Fraction(10) ** int(self.units[symbol]["quantity_decimals"])
        return round(quantity * Fraction(price) * self.minor / parts)

    # One row.

    def row(self, seq: int, ts: int, payload: Json, decision: Json) -> None:
        self.seq = seq
        bars = payload.get("bars", ())
        if not bars:
            return
        stored_fills, stored_lots = deque(payload.get("fills", ())), deque(payload.get("lots", ()))
        self.units.update({unit["symbol"]: unit for unit in payload.get("units", ())})
        self.minor = 10 ** self.units[bars[0]["symbol"]]["cash_decimals"]
        for name in payload["equity"]:
            self.books.setdefault(name, Book(round(Fraction(self.settings["execution"]["initial_cash"]) * self.minor)))
        for bar in bars:
            self.same(bar["symbol"], "ts_event", bar["ts_event"], ts)
            for fill in self.fills(bar):
                self.fill(bar, fill, stored_fills.popleft() if stored_fills else {}, stored_lots)
            self.bars[bar["symbol"]].append(bar)
            for book in self.books.values():
                position = book.positions[bar["symbol"]]
                position.marked = self.worth(bar["symbol"], position.held, bar["close"])
        self.same("", "fills that nothing explains", list(stored_fills), [])
        self.same("", "lots that nothing explains", list(stored_lots), [])
        self.mark(ts, payload["equity"])
        self.orders(bars, decision.get("orders", ()))
        for said in payload.get("predictions", ()):
            if said["target"] == "direction":
                self.calls[said["symbol"]].append((len(self.bars[said["symbol"]]) - 1, said["probability"]))

    # The venue.

    def fills(self, bar: Json) -> Iterator[Json]:
        """What the resting orders of the bar's symbol do at this bar, in order."""
        symbol, now = bar["symbol"], bar["ts_event"]
        latency = round(self.settings["venue"]["latency_ms"] * 1_000_000)
        latest = now - bar["interval_ns"] - latency if latency else now - 1
        stops = self.stops[symbol]
        due = [order for order in self.waiting[symbol] if order["ts"] <= latest]
        self.waiting[symbol] = [order for order in self.waiting[symbol] if order["ts"] > latest]
        for order in due:
            if order["kind"] == "stop":
                stops[order["book"]] = order
            else:
                self.seen["market fills"] += 1
                yield self.trade(order, order["quantity"], bar, bar["open"])
        for name, order in list(stops.items()):
            held, price = self.books[name].positions[symbol].held, order["stop_price"]
            if held * order["quantity"] >= 0:
                del stops[name]
            elif (held > 0 and bar["low"] <= price) or (held < 0 and bar["high"] >= price):
                self.seen["stop fills"] += 1
                yield self.trade(order, -held, bar, min(bar["open"], price) if held > 0 else max(bar["open"], price))
                del stops[name]
                self.waiting[symbol] = [left for left in self.waiting[symbol] if left["book"] != name]

    def trade(self, order: Json, quantity: int, bar: Json, reference: float) -> Json:
        venue, at = self.settings["venue"], Fraction(reference)
        half = at * Fraction(venue["half_spread_bps"]) * BASIS_POINT
        if bar.get("bid") is not None:
            half = (Fraction(bar["ask"]) - Fraction(bar["bid"])) / 2
        worse = half + at * Fraction(venue["slippage_bps"]) * BASIS_POINT
        self.holds(order["symbol"], "the reference lies in the bar's range", bar["low"] <= reference <= bar["high"], reference)
        return {
            **{name: order.get(name) for name in ("order_id", "book", "symbol", "signal_id", "prediction_id")},
            "fill_id": f"{order['order_id']}/f",
            "ts": bar["ts_event"],
            "quantity": quantity,
            "reference": reference,
            "price": at + worse if quantity > 0 else max(Fraction(0), at - worse),
        }

    def fill(self, bar: Json, made: Json, stored: Json, stored_lots: deque[Json]) -> None:
        """Compare a fill, then take it as it is stored, so that one fault is reported once."""
        symbol, book = bar["symbol"], self.books[made["book"]]
        price = made.pop("price")
        self.near(symbol, "fill price", stored.get("price"), float(price))
        size, paid = abs(made["quantity"]), Fraction(stored.get("price", float(price)))
        made["cost"] = self.worth(symbol, size, abs(paid - Fraction(made["reference"])))
        made["fee"] = self.worth(symbol, size, paid * Fraction(self.settings["venue"]["fee_bps"]) * BASIS_POINT)
        for name, value in made.items():
            self.same(symbol, f"fill {name}", stored.get(name), value)
        position = book.positions[symbol]
        for rank, lot in enumerate(self.close(position, made)):
            closed = stored_lots.popleft() if stored_lots else {}
            for name, value in {"lot_id": f"{made['fill_id']}/{rank}", **lot}.items():
                self.same(symbol, f"lot {name}", closed.get(name), value)
        book.cash -= self.worth(symbol, made["quantity"], made["reference"]) + made["cost"] + made["fee"]

    def close(self, position: Position, fill: Json) -> Iterator[Json]:
        """First in, first out."""
        coming, charges = (
            OpenLot(fill, self.worth(fill["symbol"], fill["quantity"], fill["reference"])),
            fill["cost"] + fill["fee"],
        )
        sums, quantity = position.sums, fill["quantity"]
        self.seen["flips"] += position.held * (position.held + quantity) < 0
        self.seen["partial closes"] += position.held * quantity < 0 < position.held * (position.held + quantity)
        while coming.used != quantity and position.lots and position.lots[0].fill["quantity"] * quantity < 0:
            oldest = position.lots[0]
            opened = oldest.fill
            take = min(abs(opened["quantity"] - oldest.used), abs(quantity - coming.used)) * (
                1 if opened["quantity"] > 0 else -1
            )
            start, at = oldest.used, coming.used
            oldest.used, coming.used = start + take, at - take
            basis = oldest.part(oldest.value, start, oldest.used)
            gross = -coming.part(coming.value, at, coming.used) - basis
            costs = oldest.part(opened["cost"] + opened["fee"], start, oldest.used) + coming.part(charges, at, coming.used)
            if oldest.used == opened["quantity"]:
                position.lots.popleft()
            position.basis -= basis
            sums.update(trades=1, realised=gross, wins=int(gross > costs))
            yield {
                **{name: opened[name] for name in ("book", "symbol", "signal_id", "prediction_id")},
                "quantity": take,
                "opened_ts": opened["ts"],
                "closed_ts": fill["ts"],
                "open_reference": opened["reference"],
                "close_reference": fill["reference"],
                "open_fill_id": opened["fill_id"],
                "close_fill_id": fill["fill_id"],
                "gross_pnl": gross,
                "costs": costs,
                "net_pnl": gross - costs,
            }
        if coming.used != quantity:
            position.lots.append(coming)
            position.basis += coming.part(coming.value, coming.used, quantity)
        position.held += quantity
        sums.update(fills=1, costs=fill["cost"], fees=fill["fee"], traded=abs(coming.value))

    # The books.

    def mark(self, ts: int, stored: Json) -> None:
        self.marks.append(ts)
        for name, book in self.books.items():
            positions = book.positions.values()
            equity = book.cash + sum(position.marked for position in positions)
            self.same(name, "equity", stored[name], equity)
            gained = sum(position.sums["realised"] + position.marked - position.basis for position in positions)
            charged = sum(position.sums["costs"] + position.sums["fees"] for position in positions)
            self.same(name, "cash + positions = initial + P&L - costs - fees", equity, book.initial + gained - charged)
            if book.day != (day := (ts - 1) // DAY_NS):
                book.day, book.day_start = day, book.equity
            book.equity = equity
            book.equities.append(equity)

    # The gate.

    def orders(self, bars: list[Json], orders: list[Json]) -> None:
        by_symbol = {bar["symbol"]: bar for bar in bars}
        wanted: dict[tuple[str, str], int] = {}
        for order in orders:
            symbol, name, bar = order["symbol"], order["book"], by_symbol[order["symbol"]]
            held, stop = self.books[name].positions[symbol].held, order["kind"] == "stop"
            self.same(symbol, "order_id", order["order_id"], f"{name}/{symbol}/{bar.get('seq', 0)}" + "/stop" * stop)
            self.same(symbol, "order ts", order["ts"], bar["ts_event"])
            if stop:
                self.same(symbol, "stop quantity", order["quantity"], -wanted[name, symbol])
                beyond = (order["stop_price"] - bar["close"]) * order["quantity"]
                self.holds(symbol, "a stop lies beyond the close", beyond > 0, order["stop_price"])
            else:
                pending = any(left["book"] == name and left["kind"] == "market" for left in self.waiting[symbol])
                self.holds(symbol, "one market order at a time", not pending)
                wanted[name, symbol] = held + order["quantity"]
                self.gate(order, bar, held)
            self.waiting[symbol].append(order)

    def gate(self, order: Json, bar: Json, held: int) -> None:
        book, risk, symbol = self.books[order["book"]], self.settings["risk"], order["symbol"]
        after = held + order["quantity"]
        self.holds(symbol, "an order trades something", order["quantity"] != 0)
        if held * order["quantity"] < 0 <= held * after:
            return
        self.seen["entries"] += 1
        limits = ("position", after, risk["max_position_fraction"]), ("order", order["quantity"], risk["max_order_fraction"])
        for what, quantity, fraction in limits:
            most = round(Fraction(fraction) * book.equity)
            value = self.worth(symbol, abs(quantity), bar["close"])
            self.holds(symbol, f"{order['book']}: the {what} is within its limit", value <= most, (value, most))
        loss = book.day_start - book.equity
        most = round(Fraction(risk["max_daily_loss_fraction"]) * book.day_start)
        self.holds(symbol, f"{order['book']}: the daily loss is within its limit", loss <= 0 or loss < most, (loss, most))

    # The result.

    def result(self, report: Json) -> None:
        """Every figure of money in the report, and how often the direction was right."""
        self.seq += 1
        for name, book in self.books.items():
            whole = {**self.sums(book.positions.values()), **self.risk(book)}
            for field, value in whole.items():
                self.near(name, f"book {field}", report["books"][name][field], value)
            for symbol, part in report["by_symbol"].items():
                for field, value in self.sums([book.positions[symbol]]).items():
                    self.near(symbol, f"{name}'s {field}", part["books"][name][field], value)
        self.same("", "books", sorted(report["books"]), sorted(self.books))
        primary = self.books["combined"].positions.values()
        self.same("", "lots", report["trade_quality"]["lots"], sum(position.sums["trades"] for position in primary))
        self.same("", "wins", report["trade_quality"]["wins"], sum(position.sums["wins"] for position in primary))
        for symbol, part in [*report["by_symbol"].items(), ("", report)]:
            self.hits(symbol, part["hit_rates"], [symbol] if symbol else list(report["by_symbol"]))

    def sums(self, positions: Iterable[Position]) -> Json:
        total: Counter[str] = Counter()
        for position in positions:
            total.update(position.sums)
            total.update(gross=position.sums["realised"] + position.marked - position.basis)
        money = {"gross_pnl": total["gross"], "costs": total["costs"], "fees": total["fees"]}
        money["net_pnl"] = total["gross"] - total["costs"] - total["fees"]
        found = {field: amount / self.minor for field, amount in money.items()}
        return {**found, "trades": total["trades"], "fills": total["fills"]}

    def risk(self, book: Book) -> Json:
        peak, drawdown, returns = book.initial, Fraction(0), []
        for before, equity in pairwise(book.equities):
            returns.append(float(Fraction(equity - before, before)) if before > 0 else 0.0)
            peak = max(peak, equity)
            drawdown = max(drawdown, Fraction(peak - equity, peak))
        sharpe = 0.0
        if len(returns) > 1:
            mean = math.fsum(returns) / len(returns)
            variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
            per_year = Fraction((len(self.marks) - 1) * YEAR_NS, self.marks[-1] - self.marks[0])
            sharpe = mean / math.sqrt(variance) * math.sqrt(per_year) if variance > 0.0 else 0.0
        traded = sum(position.sums["traded"] for position in book.positions.values())
        return {
            "sharpe": sharpe,
            "max_drawdown": float(drawdown),
            "equity": book.equity / self.minor,
            "turnover": float(Fraction(traded, book.initial)),
        }

    def hits(self, symbol: str, stored: Json, symbols: list[str]) -> None:
        """The served direction against the closes that followed; a close that did not move counts for nothing."""
        labels = closed = traded = 0
        horizon = self.settings["learning"]["direction_horizon_bars"]
        for name in symbols:
            bars = self.bars[name]
            for at, probability in self.calls[name]:
                if at + horizon < len(bars):
                    then, entry, now = (bars[at]["close"], bars[at + 1]["open"], bars[at + horizon]["close"])
                    if then != now != entry:
                        labels += 1
                        closed += (probability >= 0.5) == (now > then)
                        traded += (probability >= 0.5) == (now > entry)
        self.same(symbol, "hit labels", stored["labels"], labels)
        for field, count in (("close_to_close", closed), ("next_open", traded)):
            self.near(symbol, f"hits {field}", stored[field], count / labels if labels else None)


def check(store: Path, settings: Json) -> Checker:
    """Recount the run that a store holds."""
    checker = Checker(settings)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        for seq, ts, payload, decision in connection.execute(
            "SELECT seq, ts_event, payload, decision FROM journal ORDER BY seq"
        ):
            checker.row(seq, ts, json.loads(payload), json.loads(decision or "{}"))
        (result,) = connection.execute("SELECT result FROM run").fetchone()
    if result is not None:
        checker.result(json.loads(result))
    return checker
