"""Maps the columns of a table to ours: by the declaration of the source, by usual names, or by the shape of the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.cells.cells import is_number, is_time
from alpha_pulse.feeds.cells.column_names import candidate_indices, plain
from alpha_pulse.feeds.cells.headerless import TIMES
from alpha_pulse.feeds.cells.time_column import time_indices, unambiguous_column
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.sources import SOURCES, recognise
from alpha_pulse.feeds.sources.base import Source
from alpha_pulse.feeds.sources.generic import Generic
from alpha_pulse.feeds.tables import Table

_QUOTES = ("usd", "usdt", "usdc", "busd", "tusd", "eur", "gbp", "jpy", "quote", "currency")
_ZERO = ("0", "0.0", "")
_VOLUME_OF = re.compile(r"^(?:vol|volume)_([a-z0-9]+)$|^([a-z0-9]+)_(?:vol|volume)$")


class Choice(msgspec.Struct, frozen=True):
    """The source, and the index of each of our columns: ts or ts_end, clock, symbol, the prices, volume, bid_close ...

    ``sides``: ``mid`` where prices are midpoints of bids and asks, ``bid`` or ``ask`` where they are one side, else empty.
    """

    source: Source
    indices: dict[str, int]
    sides: str = ""

    def name(self, table: Table, ours: str) -> str:
        """The file's name of one of our columns; its number, from 1, where the table has no header."""
        return column_name(table, self.indices[ours])

    def time_name(self, table: Table) -> str:
        """The file's name of the column of times: of opens, or of closes where there are no opens."""
        return self.name(table, "ts" if "ts" in self.indices else "ts_end")


def column_name(table: Table, index: int) -> str:
    """The name of a column in errors: from the header, or its number, from 1."""
    name = table.header[index].strip() if index < len(table.header) else ""
    return name or str(index + 1)


def choose_columns(table: Table) -> Choice:
    """Recognise a table and find its columns.

    Raises
    ------
    DataError
        Columns are missing, or two columns could be the same one of ours.
    """
    source = recognise(table)
    if not table.header:
        return _choose_by_shape(table, source)
    candidates = candidate_indices(["" if plain(name) in source.unused else name for name in table.header])
    indices: dict[str, int] = {}
    for ours, name in source.columns.items():
        indices[ours] = [plain(each) for each in table.header].index(name)
    _choose_summed_volumes(source, table.header, indices)
    indices = time_indices(table, candidates) | indices
    sides = ""
    for price in PRICES:
        if price not in indices and price in candidates:
            indices[price] = unambiguous_column(table, candidates[price], price)
    if not any(price in indices for price in PRICES):
        sides = _choose_bid_ask_prices(table, candidates, indices)
    symbol = [index for index in candidates.get("symbol", []) if index not in indices.values()]
    if symbol:
        indices["symbol"] = unambiguous_column(table, symbol, "symbol")
    _choose_volume(table, candidates, indices)
    _choose_quotes(table, candidates, indices, sides)
    if candidates.get("adj_close"):
        indices["adj_close"] = candidates["adj_close"][0]
    _check_complete(table, indices)
    return Choice(source, indices, sides)


def _choose_by_shape(table: Table, source: Source) -> Choice:
    shape = source.shape or (source.shape_of(table) if isinstance(source, Generic) else ())
    if not shape:
        shown = ", ".join(table.sample[0][:7]) if table.sample else ""
        raise DataError(
            f"{table.where} has no header that names its columns, and its first row ({shown}) has no known shape; add a header "
            "such as time,open,high,low,close,volume"
        )
    ours = ("clock", "symbol", *PRICES, "volume")
    indices = {name: index for index, name in enumerate(shape) if name in ours}
    time = next(index for index, name in enumerate(shape) if name in TIMES)
    _check_other_shapes(table, source, shape)
    if "zero" in shape:
        indices["volume"] = shape.index("zero")
    return Choice(source, {"ts": time, **indices})


def _check_other_shapes(table: Table, source: Source, shape: Sequence[str]) -> None:
    """Refuse rows that also fit the shape of another source with other prices, as where all bars rise or all fall."""
    for other in SOURCES:
        fits_too = bool(other.shape) and not other.file_name_needed and other.strength(table) > 0
        if not fits_too or all(_cells(table, shape, price) == _cells(table, other.shape, price) for price in PRICES):
            continue
        raise DataError(
            f"{table.where} has no header, and its rows have the shape of {source.title} and of {other.title}, whose prices "
            "are in other columns; add a header such as time,open,high,low,close,volume"
        )


def _cells(table: Table, shape: Sequence[str], name: str) -> list[str]:
    return [row[shape.index(name)] for row in table.sample]


def _choose_bid_ask_prices(table: Table, candidates: dict[str, list[int]], indices: dict[str, int]) -> str:
    """Choose bid and ask prices, where a table has no others."""
    sides = [side for side in ("bid", "ask") if all(f"{side}_{price}" in candidates for price in PRICES)]
    for side in sides:
        for price in PRICES:
            indices[f"{side}_{price}"] = unambiguous_column(table, candidates[f"{side}_{price}"], f"{side}_{price}")
    return "mid" if len(sides) == 2 else "".join(sides)


def _choose_quotes(table: Table, candidates: dict[str, list[int]], indices: dict[str, int], sides: str) -> None:
    if sides:
        return
    quotes = [name for name in ("bid_close", "ask_close") if name in candidates]
    if len(quotes) == 1 and quotes[0] in table.header:
        raise DataError(f"{table.where} has only one of the columns bid_close and ask_close; give both or neither")
    if len(quotes) == 2:
        for name in quotes:
            indices[name] = unambiguous_column(table, candidates[name], name)


def _choose_summed_volumes(source: Source, header: Sequence[str], indices: dict[str, int]) -> None:
    short = [plain(name) for name in header]
    if source.volumes:
        indices["volume"], indices["more_volume"] = (short.index(name) for name in source.volumes)


def _choose_volume(table: Table, candidates: dict[str, list[int]], indices: dict[str, int]) -> None:
    """Choose the volume in units of the asset ('Volume BTC' over 'Volume USDT'); the tick volume where the volume is 0."""
    if "volume" in indices:
        return
    if candidates.get("volume"):
        index = unambiguous_column(table, candidates["volume"], "volume")
        ticks = candidates.get("tick_volume", [])
        indices["volume"] = ticks[0] if ticks and all(row[index].strip() in _ZERO for row in table.sample) else index
        return
    units = {}
    for index, name in enumerate(table.header):
        match = _VOLUME_OF.match(plain(name))
        if match is not None and plain(name) != "tick_volume" and (match[1] or match[2]) not in _QUOTES:
            units[index] = match[1] or match[2]
    if len(units) == 1:
        indices["volume"] = next(iter(units))
    elif not units and candidates.get("tick_volume"):
        indices["volume"] = candidates["tick_volume"][0]
    elif len(units) > 1:
        first = [row[indices["symbol"]].lower() for row in table.sample] if "symbol" in indices else []
        base = [index for index, unit in units.items() if first and all(name.startswith(unit) for name in first if name)]
        if len(base) == 1:
            indices["volume"] = base[0]
            return
        names = " and ".join(table.header[index] for index in list(units)[:2])
        raise DataError(f"{table.where} has the columns {names}, and either could be volume; rename one")


def _check_complete(table: Table, indices: dict[str, int]) -> None:
    missing = [] if "ts" in indices or "ts_end" in indices else ["a time"]
    if "bid_close" not in indices or "open" in indices:
        missing += [
            price
            for price in PRICES
            if price not in indices and f"bid_{price}" not in indices and f"ask_{price}" not in indices
        ]
    elif "bid_open" not in indices and "ask_open" not in indices:
        missing += list(PRICES)
    if not missing:
        return
    shown = ", ".join(name for name in table.header if name.strip())
    if all(is_number(name) or is_time(name) for name in table.header):
        raise DataError(
            f"{table.where} has no header: its first line is {shown[:80]}; add one such as time,open,high,low,close,volume"
        )
    raise DataError(
        f"{table.where} has the columns {shown} but lacks {', '.join(missing)}; expected a time, open, high, low, close and "
        "optionally symbol, volume, and bid_close with ask_close; rename or add them"
    )
