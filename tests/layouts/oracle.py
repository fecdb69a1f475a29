"""Checks how a reader handled a damaged text: each bar against the cells of its row, each refusal against the row it names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from alpha_pulse.feeds.columns import BarColumns
from layouts.numbers import number
from layouts.schema import PRICES, Cells, Schema, cells
from layouts.table import DAY, HOUR

LARGEST = {"volume": 1e18}
LARGEST_PRICE = 1e14
EARLIEST, LATEST = 315_532_800 * 10**9, 7_258_118_400 * 10**9
MISSING = ("", "nan", "null", "none", "na", "n/a", "-", "nat", "#n/a")
NEAR = 1e-6
"""How far, as a part of the price, a high may lie below a body and still count as rounded."""

Bar = tuple[str, int, float, float, float, float, float | None]


class Fault(msgspec.Struct, frozen=True):
    """Something wrong with a row: the words that a sentence may use for its columns; any where there are none."""

    row: int
    kind: str
    columns: frozenset[str] = frozenset()


class Reading(msgspec.Struct):
    """What the cells of a text say."""

    bars: list[Bar]
    times: list[tuple[int, str, int]]
    """The row, the symbol and the start of each bar whose time can be read, whatever its numbers."""
    doubtful: set[int]
    """Places of the bars that a reader may leave out or refuse: rows of empty cells, or with cells too few or too many."""
    faults: list[Fault]


def reading(schema: Schema, text: str, interval: int, symbol: str, footer: Sequence[str]) -> Reading:
    """The bars and the faults of a text whose header is whole."""
    rows = cells(text, schema.separator)
    names = _names(rows[: schema.skip], schema)
    found = Reading([], [], set(), [])
    at = 0
    for row in _without_preamble(schema, rows[schema.skip :]):
        at += 1
        if all(cell.strip().lower() in MISSING for cell in row[: schema.width]):
            if len(row) > 1:
                found.faults.append(Fault(at, "empty"))
            continue
        if footer and row == list(footer):
            continue
        _read_row(schema, row, at, symbol, names, found)
    _order(found, interval, names)
    return found


def _without_preamble(schema: Schema, rows: Cells) -> Cells:
    """Without lines of text above the first row of a file without a header; they are not counted."""
    if schema.skip:
        return rows
    first = next((at for at, row in enumerate(rows) if len(row) > 2 and any(number(cell) is not None for cell in row)), 0)
    return rows[first:] if any(len(row) > 1 or any(row) for row in rows[:first]) else rows


def _names(header: Cells, schema: Schema) -> dict[str, frozenset[str]]:
    """How a sentence may call the column of a field: by the header's names, ours, or its number."""

    def at(place: int) -> set[str]:
        return {row[place].strip() for row in header if place < len(row)} | {f"column {place + 1}", str(place + 1)}

    named = {field: frozenset({field} | at(place)) for field, place in schema.columns.items()}
    times = {"ts", "time", "timestamp", "date", " ".join(header[-1][place] for place in schema.times) if header else "ts"}
    named["time"] = frozenset(times.union(*(at(place) for place in schema.times)))
    named["symbol"] = frozenset({"symbol"} | (at(schema.symbol) if schema.symbol is not None else set()))
    return named


def _read_row(
    schema: Schema, row: Sequence[str], at: int, symbol: str, names: dict[str, frozenset[str]], found: Reading
) -> None:
    if len(row) != schema.width:
        found.faults.append(Fault(at, "width"))
        if len(row) <= max((*schema.columns.values(), *schema.times, schema.symbol or 0)):
            return
        found.doubtful.add(len(found.bars))
    values: dict[str, float | None] = {}
    for field in schema.columns:
        value = values[field] = schema.value(row, field)
        low = 0.0 if field == "volume" else math.ulp(0.0)
        if value is None:
            found.faults.append(Fault(at, "number", names[field]))
        elif not low <= value <= LARGEST.get(field, LARGEST_PRICE):
            found.faults.append(Fault(at, "range", names[field]))
    start = schema.start(row)
    if start is None:
        start = schema.start_written_otherwise(row)
        if start is not None:
            found.doubtful.add(len(found.bars))
        found.faults.append(Fault(at, "time", names["time"]))
    elif not EARLIEST <= start < LATEST:
        found.faults.append(Fault(at, "time range", names["time"]))
    own = symbol if schema.symbol is None else row[schema.symbol].strip()
    if not own or not own.isprintable():
        found.faults.append(Fault(at, "symbol", names["symbol"]))
    if start is not None:
        found.times.append((at, own, start))
    prices = [values[name] for name in PRICES]
    if start is None or None in prices:
        return
    opened, high, low_price, closed = (price for price in prices if price is not None)
    top, bottom = max(opened, closed), min(opened, closed)
    if top > high >= top * (1 - NEAR):
        high = top
    if bottom < low_price <= bottom * (1 + NEAR):
        low_price = bottom
    if high < top or low_price > bottom:
        found.faults.append(Fault(at, "shape", names["high"] | names["low"]))
    found.bars.append((own, start, opened, high, low_price, closed, values.get("volume")))


def _order(found: Reading, interval: int, names: dict[str, frozenset[str]]) -> None:
    """Duplicates, bars that overlap (or follow one that does), and times of which some rise and others fall."""
    least = interval - HOUR if interval % DAY == 0 else interval
    last: dict[str, tuple[int, int]] = {}
    directions, short = set(), False
    for at, symbol, start in found.times:
        if symbol in last:
            before, step = last[symbol][0], start - last[symbol][1]
            directions.add(step > 0)
            if abs(step) < least or short:
                found.faults += [Fault(row, "overlap", names["time"]) for row in (before, at)]
            short = abs(step) < least
        last[symbol] = at, start
    counts = Counter((symbol, start) for _, symbol, start in found.times)
    for at, symbol, start in found.times:
        if counts[symbol, start] > 1:
            found.faults.append(Fault(at, "duplicate", names["time"]))
        if len(directions) > 1:
            found.faults.append(Fault(at, "order", names["time"]))


def list_bars(bars: BarColumns) -> list[Bar]:
    """The bars that were read, as `reading` lists them."""
    volumes = [None] * bars.code.size if bars.volume is None else bars.volume.tolist()
    codes = [bars.symbols[code] for code in bars.code.tolist()]
    prices = (getattr(bars, name).tolist() for name in PRICES)
    return list(zip(codes, bars.ts_start.tolist(), *prices, volumes, strict=True))


def wrong_refusal(schema: Schema, found: Reading, sentence: str, rows: Cells) -> str | None:
    """What is wrong with a refusal that names a row; None where a fault of the text bears it out.

    ``rows`` are those after the header.
    """
    row = re.search(r", rows? (\d+)", sentence)
    rows = _without_preamble(schema, rows)
    if row is None or _of_another_kind(schema, sentence, rows, rows[int(row[1]) - 1] if int(row[1]) <= len(rows) else []):
        return None
    column = re.search(r"column '([^']*)'", sentence)
    if len(rows) < 4:  # too few to tell what the columns hold
        return None
    # a first row that is cut off, or a header that stands there twice, may count as a line above the rows
    cut = (
        len(rows[0]) < schema.width
        if not schema.skip
        else all(schema.value(rows[0], name) is None for name in _held(schema, rows[0]))
    )
    here = [fault for fault in found.faults if int(row[1]) <= fault.row <= int(row[1]) + cut]
    if not here:
        return "nothing is wrong with that row"
    if column and not any(not fault.columns or column[1] in fault.columns for fault in here):
        return f"nothing is wrong with that column, but {here}"
    return None


def _of_another_kind(schema: Schema, sentence: str, rows: Cells, row: Sequence[str]) -> bool:
    """Whether cells bear out a sentence about a column that is not ours, or a time of which the file says too little."""
    if "no row shows whether the day or the month" in sentence:
        pairs = re.findall(
            r"\b(\d{1,2})/(\d{1,2})/\d{2}", "\n".join(cell for each in rows if len(each) == schema.width for cell in each)
        )
        return bool(pairs) and not any(12 < max(map(int, pair)) <= 31 and min(map(int, pair)) <= 12 for pair in pairs)
    if "a quote is not closed" in sentence:
        return True
    if "is empty, but a number" in sentence:
        return any(not cell.strip() for cell in row)
    if "has no time zone" in sentence:
        said = re.search(r" is (.*?), which has no time zone", sentence)
        return said is not None and not re.search(r"(Z|[+-]\d\d:?\d\d)$", said[1])
    order = re.search(r" is '([^']*)', but one order of day and month \('([^']*)'", sentence)
    if order is not None:
        return order[1] in row and any(order[2] in each for each in rows)
    other = re.search(
        r" is ([^,\s]+), "
        r"(?:but a (?:finite number not below 0|whole number in units of 1e-9)|above ask_close|more than .* away from)",
        sentence,
    )
    if other is not None:
        return any(
            (number(cell) if _float(cell) is None else _float(cell)) == float(other[1]) or cell.strip().lower() == other[1]
            for cell in row
        )
    quoted = re.search(r" is ('[^']*'|\"[^\"]*\"), but a number is expected", sentence)
    return quoted is not None and any(
        repr(cell) == quoted[1] and (number(cell, units=False) is None or not cell.isprintable()) for cell in row
    )


def wrong_file_refusal(schema: Schema, undamaged: Cells, whole: str, text: str, sentence: str) -> str | None:
    """What is wrong with a refusal that names no row; None where the text bears it out.

    ``undamaged`` is the header as it was, and ``whole`` the text.
    """
    rows = cells(text, schema.separator)
    header, body = rows[: schema.skip], [row for row in rows[schema.skip :] if any(cell.strip() for cell in row)]
    names = [cell.strip() for row in rows[: schema.skip + 1] for cell in row]
    if "has no known shape" in sentence or "is not a table of bars" in sentence:
        return None if header or len(body) < 5 or _misfits(schema, body, whole) > 1 else "most rows have the shape"
    if re.search(r" but lacks (.*?);", sentence):
        return None if schema.skip != 1 or header != undamaged or len(body) < 4 else "the header is whole"
    twice = re.search(r"has the column '([^']*)' more than once", sentence)
    if twice:
        bare = [name.rpartition(".")[2].lower() for name in names]  # R's AAPL.Open
        return None if names.count(twice[1].strip()) > 1 or bare.count(twice[1]) > 1 else "that name stands there once"
    if re.search(r"there are no (rows|bars)|is empty;", sentence):
        return None if not body or header != undamaged else "there are rows"
    if "no row has a price" in sentence:
        return None if all(schema.value(row, "open") is None for row in body if len(row) == schema.width) else "one has"
    if "which may be hours or minutes" in sentence:
        return None if header != undamaged else "the header is whole"
    if "cannot be read as CSV" in sentence:
        return None if '"' in text or "\0" in text else "the csv module reads it"
    if "and either could be" in sentence:
        pair = re.search(r"has the columns (.*?) and (.*?), and either", sentence)
        both = pair is not None and {pair[1].strip(), pair[2].strip()} <= set(names)
        return None if both else "these two names do not stand there"
    return "this kind of sentence is not checked"


def _misfits(schema: Schema, body: Cells, whole: str) -> int:
    """How many rows are no rows of the undamaged text."""
    kept = [row for row in cells(whole, schema.separator) if row]
    return sum(row not in kept for row in body)


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _held(schema: Schema, row: Sequence[str]) -> list[str]:
    """The prices whose cells a row has."""
    return [name for name in PRICES if schema.columns[name] < len(row)]
