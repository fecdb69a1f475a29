"""Reads the rows of one table: selects symbols, drops rows without prices, and converts cells to numbers and times."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.arrays import Floats, Integers, Mask
from alpha_pulse.feeds.cells.cells import MISSING, is_missing
from alpha_pulse.feeds.cells.column_choice import Choice, column_name
from alpha_pulse.feeds.cells.local_times import TimeContext
from alpha_pulse.feeds.cells.number_cells import read_numbers
from alpha_pulse.feeds.cells.symbols import check_names, encode_symbols, symbol_names
from alpha_pulse.feeds.cells.times import TimeOptions, Times, read_times
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.notes import PLACES, Note
from alpha_pulse.feeds.refusals import RefusedRowsError, collected, raise_together
from alpha_pulse.feeds.tables import Kind, Loaded, Table

_LOWEST_SCALED_PRICE = 1e-3
"""The lowest price that may be stored as a scaled whole number."""
_SIDES = tuple(f"{side}_{price}" for side in ("bid", "ask") for price in PRICES)
_NUMBERS = (*PRICES, "volume", "more_volume", "adj_close", *_SIDES)


class TableRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one table, in its order: times as written (UTC), numbers by our column name, and row numbers from 1.

    ``ends`` are the ends of bars, where a table has them as well as the starts. ``names`` are the sorted symbols; ``code`` is
    each row's index in them.
    """

    table: Table
    choice: Choice
    times: Times
    ends: Integers | None
    names: tuple[str, ...]
    code: Integers
    numbers: dict[str, Floats]
    row_numbers: Integers
    notes: tuple[Note, ...]


def read_rows(table: Table, choice: Choice, options: ReadOptions, name: str) -> TableRows | None:
    """Read the rows of the selected symbols; None where there are none.

    Parameters
    ----------
    name
        The symbol of all rows, where no column contains it.

    Raises
    ------
    DataError
        A cell cannot be used; the error names its row and column.
    """
    loaded = table.load(_column_kinds(choice, options))
    if loaded.frame.height == 0:
        raise DataError(f"{table.where}: there are no rows; at least one bar is needed")
    frame, row_numbers, text = _select_symbols(loaded, table, choice, options)
    if frame.height == 0:
        return None
    frame, row_numbers, text, notes = _drop_rows_without_prices(frame, row_numbers, text, table, choice)
    if frame.height == 0:
        raise DataError(f"{table.where}: no row has a price; at least one bar is needed")
    refused: list[RefusedRowsError] = []
    with collected(refused):
        _check_row_lengths(loaded, row_numbers, table)
    names: tuple[str, ...] = (name,)
    if text is None:
        code = np.zeros(frame.height, dtype=np.int64)
    else:
        check_names(text, row_numbers, table.where)
        names, code = encode_symbols(text)
    ours = "ts" if "ts" in choice.indices else "ts_end"
    both = "ts" in choice.indices and "ts_end" in choice.indices
    with collected(refused):
        times = _read_time_column(frame, row_numbers, code, table, choice, options, ours)
    with collected(refused):
        ends = _read_time_column(frame, row_numbers, code, table, choice, options, "ts_end").ns if both else None
    with collected(refused):
        numbers, number_notes = _read_number_columns(frame, row_numbers, table, choice)
    raise_together(refused)
    return TableRows(
        table=table,
        choice=choice,
        times=times,
        ends=ends,
        names=names,
        code=code,
        numbers=numbers,
        row_numbers=row_numbers,
        notes=(*notes, *number_notes),
    )


def _column_kinds(choice: Choice, options: ReadOptions) -> dict[int, Kind]:
    """The kind of each column that is read, by its index."""
    kinds: dict[int, Kind] = {}
    for ours, index in choice.indices.items():
        if ours == "adj_close" and not options.adjusted:
            continue
        kinds[index] = "number" if ours in _NUMBERS else "text"
    for ours in ("ts", "ts_end"):
        if ours in choice.indices and "clock" not in choice.indices:
            kinds[choice.indices[ours]] = "time"
    return kinds


def _select_symbols(
    loaded: Loaded, table: Table, choice: Choice, options: ReadOptions
) -> tuple[pl.DataFrame, Integers, pl.Series | None]:
    """The rows of the selected symbols, their numbers from 1, and their symbols."""
    frame = loaded.frame
    row_numbers = np.arange(1, frame.height + 1, dtype=np.int64) + loaded.blank_lines
    if "symbol" not in choice.indices:
        return frame, row_numbers, None
    named = choice.name(table, "symbol")
    text = symbol_names(frame[str(choice.indices["symbol"])].alias(named), table.where)
    if not options.symbols:
        return frame, row_numbers, text
    wanted = text.is_in(list(options.symbols))
    return frame.filter(wanted), row_numbers[wanted.to_numpy()], text.filter(wanted)


def _drop_rows_without_prices(
    frame: pl.DataFrame, row_numbers: Integers, text: pl.Series | None, table: Table, choice: Choice
) -> tuple[pl.DataFrame, Integers, pl.Series | None, list[Note]]:
    """Drop rows without any price: blank rows, footers, and times without trades. A note reports those that are not blank."""
    prices = [str(choice.indices[name]) for name in (*PRICES, *_SIDES) if name in choice.indices]
    empty = _empty_rows(frame, prices)
    if not empty.any():
        return frame, row_numbers, text, []
    blank = _empty_rows(frame, frame.columns)
    kept = ~empty
    dropped = empty & ~blank
    notes = []
    if dropped.any():
        count = int(dropped.sum())
        first = frame.filter(pl.Series(dropped)).row(0)
        shown = next(str(cell) for cell in first if cell is not None and not is_missing(str(cell)))
        verb = "row without a price was" if count == 1 else "rows without a price were"
        places = tuple(f"{table.where}, row {row}" for row in row_numbers[dropped][:PLACES])
        sentence = f"{table.where}: {count:,} {verb} dropped; the first is row {row_numbers[dropped][0]} ({shown[:60]!r})"
        notes.append(Note(kind="no_price", text=sentence, count=count, places=places))
    mask = pl.Series(kept)
    return frame.filter(mask), row_numbers[kept], None if text is None else text.filter(mask), notes


def _empty_rows(frame: pl.DataFrame, columns: Sequence[str]) -> Mask:
    """Which rows are empty in all of these columns."""
    empty = np.ones(frame.height, dtype=np.bool_)
    for name in columns:
        column = frame[name]
        if isinstance(column.dtype, pl.Categorical | pl.Enum):
            column = column.cast(pl.String)
        if column.dtype.is_float():
            missing = column.is_null() | column.is_nan()
        elif column.dtype == pl.String:
            missing = column.is_null() | column.str.strip_chars().str.to_lowercase().is_in(list(MISSING))
        else:
            missing = column.is_null()
        empty &= missing.fill_null(value=True).to_numpy()
        if not empty.any():
            break
    return empty


def _check_row_lengths(loaded: Loaded, row_numbers: Integers, table: Table) -> None:
    ragged = np.intersect1d([index + 1 for index in loaded.ragged], row_numbers).tolist() if loaded.ragged else []
    if ragged:
        names = f"but the header names {table.width} columns" if table.header else f"but other rows have {table.width}"
        cells = loaded.ragged[ragged[0] - 1]
        raise RefusedRowsError(table.where, ragged[0], f"the row has {cells} values, {names}; correct or drop the row", ragged)


def _read_time_column(
    frame: pl.DataFrame, row_numbers: Integers, code: Integers, table: Table, choice: Choice, options: ReadOptions, ours: str
) -> Times:
    context = TimeContext(table.where, choice.name(table, ours), row_numbers, code)
    time_options = TimeOptions(
        options.tz or table.metadata.get("tz") or choice.source.tz, choice.source.day_first, options.dates
    )
    clock = frame[str(choice.indices["clock"])].alias(choice.name(table, "clock")) if "clock" in choice.indices else None
    return read_times(frame[str(choice.indices[ours])], clock, time_options, context)


def _read_number_columns(
    frame: pl.DataFrame, row_numbers: Integers, table: Table, choice: Choice
) -> tuple[dict[str, Floats], list[Note]]:
    columns: dict[str, pl.Series] = {}
    notes = []
    for ours in _NUMBERS:
        index = choice.indices.get(ours)
        if index is None or str(index) not in frame.columns:
            continue
        column = frame[str(index)].alias(column_name(table, index))
        if ours == "volume" and (why := _why_no_volume(column, frame, str(index), row_numbers)):
            text = f"{table.where}: column '{column.name}' is {why}, so the volume is not used and there are no volume features"
            notes.append(Note(kind="no_volume", text=text))
            continue
        columns[ours] = column
    read = read_numbers(columns, row_numbers, table.where)
    numbers = read.values
    more = numbers.pop("more_volume", None)
    if more is not None and "volume" in numbers:
        numbers["volume"] = numbers["volume"] + more
    if choice.sides:
        notes += _prices_from_quotes(numbers, choice, table)
    price_scale = choice.source.price_scale
    if price_scale and _check_scaled(numbers, row_numbers, table, choice):
        for price in PRICES:
            numbers[price] = numbers[price] / price_scale
        unit, title = f"1e-{len(str(price_scale)) - 1}", choice.source.title
        text = f"{table.where}: prices are whole numbers and were read in units of {unit}, as in {title}"
        notes.append(Note(kind="units", text=text))
    return numbers, notes


def _why_no_volume(column: pl.Series, frame: pl.DataFrame, name: str, row_numbers: Integers) -> str:
    """Why a column of volumes cannot be used; empty where it can."""
    empty = _empty_rows(frame, [name])
    if empty.all():
        return "empty in all rows"
    if empty.any():
        return f"empty in {int(empty.sum()):,} of {len(empty):,} rows, first in row {row_numbers[int(np.argmax(empty))]}"
    # Interactive Brokers and others write -1 where there is no volume.
    return "-1 in all rows" if column.cast(pl.Float64, strict=False).eq_missing(-1.0).all() else ""


def _check_scaled(numbers: dict[str, Floats], row_numbers: Integers, table: Table, choice: Choice) -> bool:
    """Whether prices are scaled whole numbers. Where most prices are, one that is not is refused."""
    price_scale = choice.source.price_scale
    with np.errstate(invalid="ignore"):  # prices that are not finite are refused later
        if "volume" in numbers and 2 * int(np.count_nonzero(numbers["volume"] % 1)) > row_numbers.size:
            return False  # most volumes are fractions of coins, whose prices are not scaled
        whole = np.stack(
            [(numbers[price] >= _LOWEST_SCALED_PRICE * price_scale) & (numbers[price] % 1 == 0) for price in PRICES]
        )
    if 2 * int(whole.sum()) <= whole.size:
        return False
    if not whole.all():
        wrong = ~whole.all(axis=0)
        index = int(np.argmax(wrong))
        price = PRICES[int(np.argmin(whole[:, index]))]
        value, column = numbers[price][index], choice.name(table, price)
        text = (
            f"column '{column}' is {value:.12g}, but a whole number in units of 1e-{len(str(price_scale)) - 1}, as in most "
            "rows, is expected; correct or drop the row"
        )
        raise RefusedRowsError(table.where, row_numbers[index], text, row_numbers[wrong])
    return True


def _prices_from_quotes(numbers: dict[str, Floats], choice: Choice, table: Table) -> list[Note]:
    """Prices from bids and asks: the midpoint, or the one side that the table has."""
    for price in PRICES:
        if choice.sides == "mid":
            numbers[price] = (numbers[f"bid_{price}"] + numbers[f"ask_{price}"]) / 2
        else:
            numbers[price] = numbers.pop(f"{choice.sides}_{price}")
    for price in PRICES[:3]:
        numbers.pop(f"bid_{price}", None)
        numbers.pop(f"ask_{price}", None)
    prices = "the midpoint of bid and ask" if choice.sides == "mid" else f"{choice.sides} prices, since the table has no others"
    return [Note(kind="quote_prices", text=f"{table.where}: prices are {prices}")]
