"""Random ways to write bars: separators, decimal signs, names and order of columns, clocks, packing."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from layouts.table import DAY, Row, Table

SPELLINGS = {
    "open": ("open", "Open", "OPEN", "o", "<OPEN>", "Open Price", "price_open", "open_price"),
    "high": ("high", "High", "HIGH", "h", "<HIGH>", "High Price", "price_high", "high_price"),
    "low": ("low", "Low", "LOW", "l", "<LOW>", "Low Price", "price_low", "low_price"),
    "close": ("close", "Close", "CLOSE", "c", "<CLOSE>", "Close Price", "price_close", "close_price"),
    "volume": ("volume", "Volume", "VOLUME", "v", "<VOL>", "Vol", "volume_traded", "base_volume"),
    "symbol": ("symbol", "Symbol", "SYMBOL", "ticker", "<TICKER>", "Ticker", "instrument", "pair"),
}
TIMES = ("ts", "time", "Time", "timestamp", "Timestamp", "datetime", "Datetime", "date", "Date", "open_time", "Open time")
EXTRAS = ("RSI", "note", "vwap", "trades", "EMA 20", "comment")
PRICES = ("open", "high", "low", "close")
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
CLOCKS = {
    "Z": "%Y-%m-%dT%H:%M:%SZ",
    "naive": "%Y-%m-%d %H:%M:%S",
    "naive_T": "%Y-%m-%dT%H:%M:%S",
    "dotted": "%Y.%m.%d %H:%M",
    "german": "%d.%m.%Y %H:%M:%S",
    "american": "%m/%d/%Y %H:%M",
    "compact": "%Y%m%d %H%M%S",
    "slashes": "%Y/%m/%d %H:%M:%S",
}
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo")


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How a table is written as lines of cells.

    Parameters
    ----------
    columns
        What each column holds, in order: a field, ``date`` and ``clock``, or ``extra``.
    names
        The header's cells; empty without a header.
    clock
        A key of `UNITS` or `CLOCKS`, ``offset``, ``date`` or ``two``.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    clock: str
    zone: str
    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    quoted: bool = False
    mark: bool = False
    end: str = "\n"
    above: tuple[str, ...] = ()
    blanks: bool = False
    last_end: bool = True
    descending: bool = False
    pack: str = ""

    @property
    def needs_tz(self) -> bool:
        return self.clock in {"date", "two", *CLOCKS} - {"Z"}

    def when(self, row: Row) -> str:
        """The bar's time in one cell."""
        if self.clock in UNITS:
            return str(row.start // UNITS[self.clock])
        local = row.at(self.zone)
        if self.clock == "offset":
            return local.isoformat(" ")
        return local.strftime({**CLOCKS, "date": "%Y-%m-%d"}[self.clock])

    def number(self, text: str) -> str:
        whole, point, part = text.partition(".")
        if self.thousands:
            whole = f"{int(whole):,}".replace(",", self.thousands)
        return whole + (self.decimal if point else "") + part

    def cell(self, table: Table, row: Row, column: str) -> str:
        if column == "symbol":
            return table.symbol
        if column == "extra":
            return "7"
        if column in ("date", "clock"):
            return row.at(self.zone).strftime({"date": "%Y-%m-%d", "clock": "%H:%M:%S"}[column])
        return self.when(row) if column == "time" else self.number(getattr(row, column))


@st.composite
def styles(draw: st.DrawFn, interval: int, stacked: bool, named: bool) -> Style:
    """A style for bars of ``interval``; ``stacked`` and ``named`` ask for a column of symbols."""
    header = stacked or named or draw(st.booleans())
    clocks = [*UNITS, *CLOCKS, "offset", *(["date"] if interval >= DAY else []), *(["two"] if header else [])]
    clock = draw(st.sampled_from(clocks))
    columns = ["date", "clock"] if clock == "two" else ["time"]
    columns += [*PRICES, *(["volume"] if draw(st.booleans()) else [])]
    if header:
        columns += ["symbol"] if stacked or named else []
        columns += ["extra"] * draw(st.integers(0, 2))
        columns = list(draw(st.permutations(columns))) if draw(st.booleans()) else columns
    separator = draw(st.sampled_from((",", ";", "\t", "|")))
    quoted = draw(st.booleans())
    decimal = "," if separator != "," and draw(st.booleans()) else "."
    thousands = draw(st.sampled_from(("", "", "", "'", " ", "." if decimal == "," else ",")))
    if thousands == separator and not quoted:
        thousands = ""
    return Style(
        columns=tuple(columns),
        names=tuple(_names(draw, columns)) if header else (),
        clock=clock,
        zone=draw(st.sampled_from(ZONES)) if clock not in ("Z", "date") else "UTC",
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        quoted=quoted,
        mark=draw(st.booleans()),
        end=draw(st.sampled_from(("\n", "\r\n"))),
        above=draw(st.sampled_from(((), (), ("https://example.com/prices",), ("# made by a script", "#")))) if header else (),
        blanks=draw(st.booleans()),
        last_end=draw(st.booleans()),
        descending=draw(st.booleans()),
        pack=draw(st.sampled_from(("", "", "gz", "zip"))),
    )


def _names(draw: st.DrawFn, columns: list[str]) -> list[str]:
    spelling = draw(st.integers(0, len(SPELLINGS["open"]) - 1))
    extras = list(draw(st.permutations(EXTRAS)))
    own = {
        "time": draw(st.sampled_from(TIMES)),
        "date": draw(st.sampled_from(("Date", "date", "<DATE>"))),
        "clock": draw(st.sampled_from(("Time", "time", "<TIME>"))),
    }
    return [
        own[column] if column in own else extras.pop() if column == "extra" else SPELLINGS[column][spelling]
        for column in columns
    ]
