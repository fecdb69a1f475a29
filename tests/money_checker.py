"""A second count of a run's money by docs/concepts/money.md: from bars, orders and configuration to fills, lots and figures.

Nothing of AlphaPulse is imported: the steps are given as JSON. Sizes and prices are exact fractions of the numbers that are
written there; only ``money`` is a product of doubles, as that page defines it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

from money_books import Book, Json, OpenLot, Position, Recount, Symbol
from money_report import check_report

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
YEAR_NS = 31_557_600_000_000_000
BASIS_POINT = Fraction(1, 10_000)
ROUNDING = Fraction(1, 10**9)
"""The part of a size by which doubles may miss the exact limit."""
LOTS_BEFORE_SCALING = 200
"""Closed lots of a symbol from which on the trade-quality model scales a size, by 0.5 to 1.5."""


class Checker(Recount):
    """Follows a journal row by row."""

    # One row.

    def row(self, seq: int, ts: int, payload: Json, decision: Json) -> None:
        self.seq = seq
        if not payload.get("bars"):
            return
        for units in payload.get("units", ()):
            self.symbols[units["symbol"]] = Symbol(units)
            self.minor = 10 ** units["cash_decimals"]
        for name in payload["equity"]:
            self.books.setdefault(name, Book(round(Fraction(self.config["execution"]["initial_cash"]) * self.minor)))
        fills, lots, refusals = (deque(payload.get(name, ())) for name in ("fills", "lots", "refusals"))
        for bar in payload["bars"]:
            self.bar(bar, ts)
        self.value(payload["bars"], "open")
        for bar in payload["bars"]:
            self.opened(bar, fills, lots, refusals)
        for bar in payload["bars"]:
            self.touched(bar, fills, lots)
        self.same("", "fills that nothing explains", list(fills), [])
        self.same("", "lots that nothing explains", list(lots), [])
        self.value(payload["bars"], "close")
        self.mark(ts, payload["equity"])
        self.orders({bar["symbol"]: bar for bar in payload["bars"]}, decision.get("orders", ()), list(refusals))
        self.follow(decision, payload.get("volatilities", {}))
        for prediction in payload.get("predictions", ()):
            if prediction["target"] == "direction":
                symbol = self.symbols[prediction["symbol"]]
                symbol.calls.append((len(symbol.bars) - 1, prediction["probability"]))

    def value(self, bars: list[Json], price: str) -> None:
        for bar in bars:
            for book in self.books.values():
                position = book.positions[bar["symbol"]]
                position.marked = self.money(bar["symbol"], position.held, bar[price]) if position.held else 0

    # The venue.

    def bar(self, bar: Json, ts: int) -> None:
        """A symbol's next bar: whether data were missing before it, and for how long its price has stood still."""
        name, symbol = bar["symbol"], self.symbols[bar["symbol"]]
        before = symbol.bars[-1] if symbol.bars else {}
        self.same(name, "bar ts_event", bar["ts_event"], ts)
        symbol.stale = bool(before) and self.broken(symbol, before, bar)
        flat = bar["close"] == before.get("close") and bar["open"] == bar["high"] == bar["low"] == bar["close"]
        symbol.still = symbol.still + 1 if flat else 0
        symbol.bars.append(bar)
        jumped = bool(before) and not 0.2 < bar["close"] / before["close"] < 5.0
        self.seen.update(
            {"jumps": int(jumped), "bars without volume": int(bar.get("volume") == 0.0), "quoted bars": int("bid" in bar)}
        )

    def opened(self, bar: Json, fills: deque[Json], lots: deque[Json], refusals: deque[Json]) -> None:
        """Market orders that are due trade at the open; stops that are due become live."""
        symbol, ts, before = self.symbols[bar["symbol"]], bar["ts_event"], self.before(bar)
        late = round(Fraction(self.config["venue"]["latency_ms"]) * 1_000_000 / bar["interval_ns"])
        latest = ts - (1 + late) * bar["interval_ns"] + bar["interval_ns"] // 10 if late else ts - 1
        due = [order for order in symbol.waiting if order["ts"] <= latest]
        symbol.waiting = [order for order in symbol.waiting if order not in due]
        for order in due:
            if order["kind"] == "stop":
                symbol.stops[order["book"]] = order
            elif quantity := self.admitted(order, bar, before):
                self.seen.update({"market fills": 1, "cut fills": int(quantity != order["quantity"])})
                self.fill(order, quantity, bar, before, bar["open"], fills, lots)
            else:
                self.seen["refused fills"] += 1
                refused = refusals.popleft() if refusals else {}
                self.same(bar["symbol"], "refusal at the fill", refused.get("signal_id"), order["signal_id"])

    def touched(self, bar: Json, fills: deque[Json], lots: deque[Json]) -> None:
        """Stops that the bar's range touches close what is held."""
        name, symbol = bar["symbol"], self.symbols[bar["symbol"]]
        for book, order in list(symbol.stops.items()):
            held, price = self.books[book].positions[name].held, order["stop_price"]
            if held * order["quantity"] >= 0:
                del symbol.stops[book]
            elif bar["low"] <= price if held > 0 else bar["high"] >= price:
                self.seen["stop fills"] += 1
                reference = min(bar["open"], price) if held > 0 else max(bar["open"], price)
                self.fill(order, -held, bar, self.before(bar), reference, fills, lots)
                del symbol.stops[book]
                symbol.waiting = [left for left in symbol.waiting if left["book"] != book]

    def before(self, bar: Json) -> Json:
        """The bar of its symbol before this one, or nothing."""
        bars = self.symbols[bar["symbol"]].bars
        return bars[-2] if len(bars) > 1 else {}

    def worse(self, bar: Json, before: Json, reference: float, side: int) -> Fraction:
        """By how much a price is worse than its reference: the half spread that was known, slippage, and the tick."""
        venue, at = self.config["venue"], Fraction(reference)
        half = at * Fraction(venue["half_spread_bps"]) * BASIS_POINT
        if before.get("bid") is not None:
            close, bid, ask = (Fraction(before[name]) for name in ("close", "bid", "ask"))
            half = max(Fraction(0), ask - close if side > 0 else close - bid)
        worse = half + at * Fraction(venue["slippage_bps"]) * BASIS_POINT
        if tick := self.symbols[bar["symbol"]].units.get("tick"):
            price = (at + side * worse) / Fraction(tick)
            near = ROUNDING * max(Fraction(1), price)
            steps = math.ceil(price - near) if side > 0 else math.floor(price + near)
            worse = side * (steps * Fraction(tick) - at)
        return worse if side > 0 else min(worse, at)

    def admitted(self, order: Json, bar: Json, before: Json) -> int:
        """How much of a market order may trade: all that reduces, and what opens up to the limits at this price."""
        name, risk, units = order["symbol"], self.config["risk"], self.symbols[order["symbol"]].units
        book, quantity, price = self.books[order["book"]], order["quantity"], Fraction(bar["open"])
        held, side = book.positions[name].held, 1 if quantity > 0 else -1
        closes = min(abs(held), abs(quantity)) if held * quantity < 0 else 0
        wanted = abs(quantity) - closes
        if not wanted:
            return int(quantity)
        worse = self.worse(bar, before, bar["open"], side)
        cost = (abs(worse) + (price + side * worse) * Fraction(self.config["venue"]["fee_bps"]) * BASIS_POINT) / price
        part = price * self.minor / Fraction(10) ** units["quantity_decimals"]
        equity = book.worth() - book.positions[name].marked + held * part
        kept = (abs(held) if held * quantity > 0 else 0) * part
        paid = cost * closes * part
        rooms = (
            (Fraction(abs(order["fraction"])), kept),
            (Fraction(risk["max_position_fraction"]), kept + book.gross(name)),
            (Fraction(risk["max_order_fraction"]), closes * part),
        )
        room = min((share * (equity - paid) - taken) / (1 + share * cost) for share, taken in rooms)
        most = max(Fraction(0), room / part)
        opens = wanted if wanted <= most * (1 + ROUNDING) else int(most) // units["lot"] * units["lot"]
        if opens * part < units["min_order"]:
            opens = 0
        return int(side * (closes + opens))

    def fill(
        self, order: Json, quantity: int, bar: Json, before: Json, reference: float, fills: deque[Json], lots: deque[Json]
    ) -> None:
        """Compare a fill with the stored one; go on with the stored size and price, so that one fault is reported once."""
        name, stored, side = bar["symbol"], fills.popleft() if fills else {}, 1 if quantity > 0 else -1
        whole = self.symbols[name].units["lot"]
        size = stored.get("quantity", quantity)
        if abs(size - quantity) <= max(whole, abs(quantity) * ROUNDING) and size % whole == 0 and size * quantity > 0:
            quantity = size
        price = Fraction(reference) + side * self.worse(bar, before, reference, side)
        self.near(name, "fill price", stored.get("price"), float(price))
        paid = stored.get("price", float(price))
        made = {
            **{field: order.get(field) for field in ("order_id", "book", "symbol", "signal_id", "prediction_id")},
            "fill_id": f"{order['order_id']}/f", "ts": bar["ts_event"], "quantity": quantity, "reference": reference,
            "cost": self.money(name, abs(quantity), abs(paid - reference)),
            "fee": self.money(name, abs(quantity), paid * (self.config["venue"]["fee_bps"] * 1e-4)),
        }  # fmt: skip
        for field, value in made.items():
            self.same(name, f"fill {field}", stored.get(field), value)
        self.holds(name, "the reference lies in the bar", bar["low"] <= reference <= bar["high"], reference)
        book = self.books[order["book"]]
        position = book.positions[name]
        for rank, lot in enumerate(self.close(position, made)):
            closed = lots.popleft() if lots else {}
            for field, value in {"lot_id": f"{made['fill_id']}/{rank}", **lot}.items():
                self.same(name, f"lot {field}", closed.get(field), value)
        book.cash -= self.money(name, quantity, reference) + made["cost"] + made["fee"]
        position.marked = self.money(name, position.held, reference)

    def close(self, position: Position, fill: Json) -> Iterator[Json]:
        """First in, first out."""
        quantity, name = fill["quantity"], fill["symbol"]
        coming, after, sums = (
            OpenLot(fill, self.money(name, quantity, fill["reference"])),
            position.held + quantity,
            position.sums,
        )
        self.seen["flips"] += position.held * after < 0
        self.seen["partial closes"] += position.held * quantity < 0 < position.held * after
        while coming.used != quantity and position.lots and position.lots[0].fill["quantity"] * quantity < 0:
            oldest = position.lots[0]
            opened, left = oldest.fill, oldest.fill["quantity"] - oldest.used
            taken = int(math.copysign(1, left)) * min(abs(left), abs(quantity - coming.used))
            (basis, opening), (value, ending) = oldest.take(taken), coming.take(-taken)
            if oldest.used == opened["quantity"]:
                position.lots.popleft()
            position.basis -= basis
            gross, costs = -value - basis, opening + ending
            trade = self.money(name, abs(taken), opened["reference"]) >= self.symbols[name].units["min_order"]
            sums.update(trades=int(trade), realised=gross, wins=int(trade and gross > costs), dust=int(not trade))
            yield {
                **{field: opened[field] for field in ("book", "symbol", "signal_id", "prediction_id")},
                "quantity": taken, "opened_ts": opened["ts"], "closed_ts": fill["ts"],
                "open_reference": opened["reference"], "close_reference": fill["reference"],
                "open_fill_id": opened["fill_id"], "close_fill_id": fill["fill_id"],
                "gross_pnl": gross, "costs": costs, "net_pnl": gross - costs,
            }  # fmt: skip
        if coming.used != quantity:
            position.lots.append(coming)
            position.basis += OpenLot.take(_copy(coming), quantity - coming.used)[0]
        position.held = after
        sums.update(fills=1, costs=fill["cost"], fees=fill["fee"], traded=abs(coming.value))

    # The books.

    def mark(self, ts: int, stored: Json) -> None:
        self.marks.append(ts)
        for name, book in self.books.items():
            equity, positions = book.worth(), book.positions.values()
            self.same(name, "equity", stored[name], equity)
            gained = sum(position.sums["realised"] + position.marked - position.basis for position in positions)
            charged = sum(position.sums["costs"] + position.sums["fees"] for position in positions)
            book.short |= any(position.held < 0 for position in positions)
            bound = not book.short and self.config["risk"]["max_position_fraction"] <= 1.0
            self.holds(
                name, "a book that was never short owes nothing", not bound or book.cash >= -len(book.positions), book.cash
            )
            self.same(name, "cash + positions = initial + P&L - costs - fees", equity, book.initial + gained - charged)
            if book.day != (day := (ts - 1) // DAY_NS):
                book.day, book.day_start = day, book.equity
            self.seen["ruins"] += equity <= 0 < book.equity
            book.equity = equity
            book.equities.append(equity)

    # The gate.

    def broken(self, symbol: Symbol, before: Json, bar: Json) -> bool:
        """Whether bars were missing before this one, other than in a usual break of the market."""
        missing = bar["ts_event"] - before["ts_event"] - bar["interval_ns"]
        if missing <= self.config["risk"]["stale_after_intervals"] * bar["interval_ns"]:
            return False
        began, known = before["ts_event"] % DAY_NS, symbol.breaks[-24:]
        apart = [(abs(began - other), length) for other, length in known]
        alike = [length for each, length in apart if min(each, DAY_NS - each) <= HOUR_NS]
        usual = len(alike) >= 2 and 3 * len(alike) >= len(known) and 2 * missing <= 3 * sorted(alike)[-2]
        symbol.breaks.append((began, missing))
        self.seen["usual breaks" if usual else "missing data"] += 1
        return not usual

    def orders(self, bars: dict[str, Json], orders: list[Json], refusals: list[Json]) -> None:
        wanted: dict[tuple[str, str], int] = {}
        for order in orders:
            name, bar, symbol = order["symbol"], bars[order["symbol"]], self.symbols[order["symbol"]]
            key, stop = (order["book"], name), order["kind"] == "stop"
            self.same(name, "order_id", order["order_id"], f"{key[0]}/{name}/{bar.get('seq', 0)}" + "/stop" * stop)
            self.same(name, "order ts", order["ts"], bar["ts_event"])
            if stop:
                self.same(name, "stop quantity", order["quantity"], -wanted[key])
                beyond = (order["stop_price"] - bar["close"]) * order["quantity"]
                self.holds(name, "a stop lies beyond the close", beyond > 0, order["stop_price"])
            else:
                pending = any(left["book"] == key[0] and left["kind"] == "market" for left in symbol.waiting)
                self.holds(name, "one market order at a time", not pending, order)
                wanted[key] = self.books[key[0]].positions[name].held + order["quantity"]
                self.gate(order, bar, wanted[key])
            symbol.waiting.append(order)
        for refusal in refusals:
            missing = any("intervals old" in reason for reason in refusal["reasons"])
            self.holds(
                refusal["symbol"], "refused for missing data", not missing or self.symbols[refusal["symbol"]].stale, refusal
            )

    def follow(self, decision: Json, volatilities: Json) -> None:
        """The orders of a book that follows the combined signal have its side and size; a signal to be flat closes."""
        book = "combined" if self.config["execution"]["entry_rule"] == "signal" else "signal"
        for signal in decision.get("signals", ()) if book in self.books else ():
            name, side = signal["symbol"], signal["direction"]
            position, waiting = self.books[book].positions[name].held, self.symbols[name].waiting
            ours = [order for order in waiting if order["book"] == book]
            if side == 0.0:
                self.holds(name, "flat is flat", bool(ours) or not position, position)
            for order in (order for order in ours if order["signal_id"] == signal["signal_id"]):
                if order["kind"] == "stop":
                    away = math.copysign(self.config["execution"]["stop_volatilities"] * volatilities[name], order["quantity"])
                    self.near(name, "stop price", order["stop_price"], self.symbols[name].bars[-1]["close"] * (1.0 + away))
                elif after := position + order["quantity"]:
                    self.holds(name, "a position is on its signal's side", after * side > 0, after)
                    self.sized(order, side, volatilities[name])

    def sized(self, order: Json, direction: float, volatility: float) -> None:
        """The fraction brings the target volatility, within the symbol's share and what the others leave of the limit."""
        name, bars, limit = order["symbol"], self.symbols[order["symbol"]].bars, self.config["risk"]["max_position_fraction"]
        a_year = (len(bars) - 1) * YEAR_NS / (bars[-1]["ts_event"] - bars[0]["ts_event"])
        plain = abs(direction) * self.config["execution"]["target_volatility"] / (volatility * math.sqrt(a_year))
        learned = self.books["combined"].positions[name].sums["trades"] >= LOTS_BEFORE_SCALING
        book, fraction = self.books[order["book"]], abs(order["fraction"])
        left = limit - book.gross(name) / book.equity
        least, most = (
            min(left, min(plain * quality, limit) / len(self.symbols)) for quality in ((0.5, 1.5) if learned else (1.0, 1.0))
        )
        kept = least * (1 - 1e-9) <= fraction <= most * (1 + 1e-9)
        self.holds(name, "the fraction brings the target volatility", kept, (fraction, least, most))

    def gate(self, order: Json, bar: Json, after: int) -> None:
        """What may be ordered at this close."""
        name, risk, book = order["symbol"], self.config["risk"], self.books[order["book"]]
        symbol = self.symbols[name]
        held, quantity, close = after - order["quantity"], order["quantity"], bar["close"]
        least, value = symbol.units["min_order"], self.money(name, abs(quantity), close)

        def rule(what: str, kept: bool, *found: object) -> None:
            self.holds(name, f"{order['book']}: {what}", kept, found)

        rule("an order trades whole lots", quantity != 0 and quantity % symbol.units["lot"] == 0, quantity)
        rule("no order is dust", after == 0 or value >= least, value, least)
        rule("no position is dust", after == 0 or self.money(name, abs(after), close) >= least, after, least)
        if held * quantity < 0 <= held * after:
            return
        self.seen["entries"] += 1
        gross = self.money(name, abs(after), close) + book.gross(name)
        most = Fraction(risk["max_position_fraction"]) * book.equity
        rule("all positions are within their limit", gross <= most + 1, gross, float(most))
        rule("the order is within its limit", value <= Fraction(risk["max_order_fraction"]) * book.equity + 1, value)
        share = risk["max_position_fraction"] / len(self.symbols)
        if order["book"] != "buy_and_hold":
            rule(
                "a symbol gets its share of the equity", abs(order["fraction"]) <= share * (1 + 1e-12), order["fraction"], share
            )
        rule("the fraction has the position's side", order["fraction"] * after > 0, order["fraction"], after)
        part = Fraction(close) * self.minor / Fraction(10) ** symbol.units["quantity_decimals"]
        most = min(Fraction(abs(order["fraction"])) * book.equity, most - book.gross(name)) / part
        missed = most - abs(after)
        rule(
            "the position is its fraction",
            -most * ROUNDING <= missed <= symbol.units["lot"] + most * ROUNDING,
            after,
            float(most),
        )
        loss, least = book.day_start - book.equity, round(Fraction(risk["max_daily_loss_fraction"]) * book.day_start)
        rule("the daily loss is within its limit", loss <= 0 or loss < least, loss, least)
        rule("no entry after missing data", not symbol.stale)
        rule("no entry at a frozen price", symbol.still < risk["frozen_after_bars"], symbol.still)


def _copy(lot: OpenLot) -> OpenLot:
    other = OpenLot(lot.fill, lot.value)
    other.used = lot.used
    return other


def check(config: Json, steps: Iterable[tuple[int, Json, Json]], result: Json | None) -> Checker:
    """Recount a run: its configuration; the time, record and decision of each step; and its result."""
    checker = Checker(config)
    for seq, (ts, record, decision) in enumerate(steps):
        checker.row(seq, ts, record, decision)
    if result is not None:
        check_report(checker, result)
    return checker
