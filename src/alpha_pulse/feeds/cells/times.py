"""Converts the time of each bar to nanoseconds UTC; an ambiguous time is refused."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.durations import DAY_NS, SECOND_NS
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.core.numbers import shown
from alpha_pulse.feeds.arrays import Bytes, Integers, Mask
from alpha_pulse.feeds.cells.column_names import plain
from alpha_pulse.feeds.cells.local_times import EXPECTED, TimeContext, check_zone, localise
from alpha_pulse.feeds.cells.time_parts import EXCEL_DAY, is_excel_day, parse_time_text
from alpha_pulse.feeds.cells.time_text import matches_time, same_layout_bytes

YEAR_2200 = 7_258_118_400
_FACTOR = {"s": SECOND_NS, "ms": 1_000_000, "us": 1_000, "ns": 1}
# From 1980 to 2200, but seconds only to 2031: from 1,950,000,000 on, a number may be a date written YYYYMMDDHH.
_EPOCHS = {"s": (315_532_800, 1_950_000_000)} | {
    unit: (315_532_800 * SECOND_NS // _FACTOR[unit], YEAR_2200 * SECOND_NS // _FACTOR[unit]) for unit in ("ms", "us", "ns")
}
_LONGEST_STEP = 40
"""The largest distance between two times in seconds before 1980, in usual steps."""
_HOURS = ("hour", "hours", "hora", "heure", "stunde")
"""Names of columns whose whole numbers are hours."""
_COMPACT = {8: 19_000_101, 12: 190_001_010_000, 14: 19_000_101_000_000}
"""The number of digits of a date written YYYYMMDD, also with hours and minutes, or with seconds; and the least such number."""


class TimeOptions(msgspec.Struct, frozen=True):
    """How to read times that lack a zone or an unambiguous date.

    Parameters
    ----------
    tz
        The zone of naive times, from --tz or the source; None refuses naive times that are not plain dates.
    day_first
        Whether 01/02/2024 is 1 February; None: inferred from the other rows, or refused.
    dates
        The order of day, month and year from --dates: ``dmy``, ``mdy`` or ``ymd``.
    """

    tz: str | None = None
    day_first: bool | None = None
    dates: str | None = None


class Times(msgspec.Struct, frozen=True):
    """Nanoseconds since the Unix epoch (UTC), shape (n,).

    ``unit`` is ``s``, ``ms``, ``us`` or ``ns`` for numbers since 1970, else ``text``, ``date`` or ``datetime``. ``zone`` is
    the zone from which they were converted to UTC. ``dates``: whether all are days without a time of day.
    """

    ns: Integers
    unit: str
    zone: str
    dates: bool = False


def read_times(column: pl.Series, clock: pl.Series | None, options: TimeOptions, context: TimeContext) -> Times:
    """The times in a column of datetimes, dates, text, or numbers since the epoch (whose size shows the unit).

    Parameters
    ----------
    clock
        The time of day, where the column contains only the day.

    Raises
    ------
    DataError
        A time is empty, unreadable, naive without a zone, ambiguous or non-existent in its zone, or outside 1970 .. 2199; the
        error names the first such row.
    ConfigError
        ``options.tz`` is not a time zone.

    >>> context = TimeContext("file x.csv", "ts", np.array([1]))
    >>> int(read_times(pl.Series(["1970-01-02 01:00:00"]), None, TimeOptions("Europe/Paris"), context).ns[0]) // 10**9
    86400
    """
    if options.tz is not None:
        check_zone(options.tz)
    if clock is None and (matrix := _uniform_bytes(column)) is not None:
        return _from_text(column, options, context, matrix)
    column = _strip(column)
    _check_present(column, context)
    if clock is not None:
        clock = _strip(clock)
        _check_present(clock, context)
        return _from_text(_as_text(column) + " " + _clock_text(clock, context), options, context)
    kind = column.dtype
    if isinstance(kind, pl.Decimal) or kind.is_float():
        return _from_floats(column.cast(pl.Float64), options, context)
    if kind.is_integer():
        return _from_integers(column.cast(pl.Int64, strict=False).fill_null(-1), options, context)
    if kind == pl.Date:
        return _from_dates(column.cast(pl.Datetime("us")), options, context)
    if isinstance(kind, pl.Datetime):
        return _from_datetimes(column, options, context)
    if kind == pl.String:
        whole = column.str.len_bytes().max()
        digits = isinstance(whole, int) and whole <= 21 and str(column[0])[:5].isdigit()
        if digits and column.str.contains(r"^[0-9]{5,19}(?:\.0+)?$").all():
            column = column.str.replace(r"\.0+$", "")
            return _from_integers(column.cast(pl.Int64, strict=False).fill_null(-1), options, context)
        _check_all_numbers(column, context)
        return _from_text(column, options, context)
    expected = f"{EXPECTED}, or whole numbers since 1970"
    raise DataError(f"{context.where}: column '{context.column}' has the type {kind}; expected {expected}; convert the column")


def _check_all_numbers(column: pl.Series, context: TimeContext) -> None:
    """Refuse a time that is not a whole number where most times are: that row is wrong, not the first one."""
    whole = column.str.contains("^[0-9]{9,19}$")
    if 2 * int(whole.sum()) > len(column):
        index, other = int((~whole).arg_max() or 0), context.row_numbers[int(whole.arg_max() or 0)]
        others = (~whole).arg_true().to_numpy()
        raise context.refusal(index, f"is {column[index]!r}", f"a whole number since 1970, as in row {other},", wrong=others)


def _strip(column: pl.Series) -> pl.Series:
    """Text without surrounding whitespace; categories as text."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        return column
    return (
        column.str.strip_chars().str.replace_all("[\u00a0\u202f]", " ") if not _is_ascii(column) else column.str.strip_chars()
    )


def _is_ascii(column: pl.Series) -> bool:
    return bool((column.str.len_bytes() == column.str.len_chars()).all())


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        column = column.cast(pl.Int64, strict=False)
    elif column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d")
    return column.cast(pl.String)


def _clock_text(clock: pl.Series, context: TimeContext) -> pl.Series:
    """The time of day as text; numbers such as 930 are padded with zeros, and hours get minutes."""
    text = clock.dt.to_string("%H:%M:%S%.9f") if clock.dtype == pl.Time else _as_text(clock)
    if not text.str.contains("^[0-9]+$").all():
        return text
    longest = text.str.len_bytes().max()
    if longest in (1, 2):
        if plain(clock.name) in _HOURS:
            return text.str.pad_start(2, "0") + "00"
        if text.cast(pl.Int64).is_between(1, 23).any() and not (text.cast(pl.Int64) > 23).any():
            doubt = f"contains {shown(text[0])} and other numbers below 24, which may be hours or minutes"
            raise DataError(
                f"{context.where}: column '{clock.name}' {doubt}; write the time of day as 09:00, or name the column hour"
            )
    return text.str.pad_start(4 if isinstance(longest, int) and longest <= 4 else 6, "0")


def _check_present(column: pl.Series, context: TimeContext) -> None:
    missing = column.is_null()
    if column.dtype == pl.String:
        missing |= column == ""
    if missing.any():
        raise context.refusal(int(missing.arg_max() or 0), "is empty", wrong=missing.arg_true().to_numpy())


def _from_integers(column: pl.Series, options: TimeOptions, context: TimeContext) -> Times:
    """Read whole numbers in the unit or form of most of them, or of half of them and the first; refuse the first other one."""
    numbers = column.to_numpy().astype(np.int64)
    forms = {unit: (low, high, f"a number of {unit} since 1970") for unit, (low, high) in _EPOCHS.items()}
    forms |= {str(digits): (low, 10**digits, "a date such as 20240102") for digits, low in _COMPACT.items()}
    for form, (low, high, what) in forms.items():
        fits = (numbers >= low) & (numbers < high)
        if form == "s" and not fits.all():
            fits |= _seconds_before_1980(numbers, low, high)
        if fits.all():
            if form in _FACTOR:
                return Times(numbers * np.int64(_FACTOR[form]), form, "UTC")
            return _from_text(column.cast(pl.String), options, context)
        if 2 * int(fits.sum()) + int(fits[0]) > fits.size:
            index = int(np.argmin(fits))
            expected = f"{what}, as in row {context.row_numbers[int(np.argmax(fits))]},"
            raise context.refusal(index, f"is {numbers[index]}", expected, wrong=np.flatnonzero(~fits))
    if is_excel_day(str(numbers[0])):
        raise context.refusal(0, f"is {numbers[0]}, {EXCEL_DAY}", "a date", "format the cells as dates and export again")
    raise context.refusal(0, f"is {numbers[0]}", f"a number of s, ms, us or ns since 1970, or {EXPECTED},")


def _seconds_before_1980(numbers: Integers, low: int, high: int) -> Mask:
    """Which numbers are seconds before 1980: those that continue to later seconds in similar steps."""
    early: Mask = (numbers > 0) & (numbers < low)
    steps = np.diff(np.sort(numbers))  # faster than numpy's unique, which hashes each number
    steps = steps[steps > 0]
    turns = np.diff(numbers)
    ordered = bool((turns >= 0).all() or (turns <= 0).all())
    if not (ordered and steps.size and low <= int(numbers.max()) < high and steps.max() <= _LONGEST_STEP * np.median(steps)):
        early[:] = False
    return early


def _from_floats(column: pl.Series, options: TimeOptions, context: TimeContext) -> Times:
    """Whole numbers as integers; numbers with a fraction as seconds, to the microsecond."""
    numbers = column.to_numpy()
    wrong = ~np.isfinite(numbers) | (np.abs(numbers) >= 2.0**53)
    if wrong.any():
        index = int(np.argmax(wrong))
        raise context.refusal(index, f"is {numbers[index]:g}", "a whole number stored as an integer")
    if (numbers == np.floor(numbers)).all():
        return _from_integers(pl.Series(numbers.astype(np.int64)), options, context)
    low, high = _EPOCHS["s"]
    outside = ~((numbers >= low) & (numbers < high))
    if outside.any():
        index = int(np.argmax(outside))
        raise context.refusal(index, f"is {float(numbers[index])!r}", "a number of seconds since 1970")
    whole = np.floor(numbers)
    fraction = np.round((numbers - whole) * 1e6).astype(np.int64)
    return Times(whole.astype(np.int64) * SECOND_NS + fraction * 1_000, "s", "UTC")


def _from_dates(naive: pl.Series, options: TimeOptions, context: TimeContext) -> Times:
    """Days of trading, without a zone unless --tz names one."""
    ns = _nanoseconds(localise(naive, options.tz or "UTC", context), "us", context)
    return Times(ns, "date", options.tz or "dates", dates=True)


def _from_datetimes(column: pl.Series, options: TimeOptions, context: TimeContext) -> Times:
    kind = column.dtype
    assert isinstance(kind, pl.Datetime)
    if kind.time_zone is not None:
        return Times(_nanoseconds(column, kind.time_unit, context), "datetime", "stated")
    ns = _nanoseconds(column, kind.time_unit, context)
    if options.tz is None and not (ns % DAY_NS).any():
        return Times(ns, "date", "dates", dates=True)
    return Times(_nanoseconds(localise(column, options.tz, context), kind.time_unit, context), "datetime", str(options.tz))


def _uniform_bytes(column: pl.Series) -> Bytes | None:
    """The bytes of times that all have one layout and no surrounding whitespace; None for any other column."""
    first = str(column[0]) if column.dtype == pl.String and len(column) else ""
    return None if column.null_count() or first.isdigit() or not matches_time(first) else same_layout_bytes(column)


def _from_text(column: pl.Series, options: TimeOptions, context: TimeContext, matrix: Bytes | None = None) -> Times:
    parsed = parse_time_text(column, options.day_first, context, matrix, dates=options.dates)
    if not parsed.naive.size:
        return Times(_check_years(parsed.ns, column, context), "text", "stated")
    ns = parsed.ns
    if parsed.zone_name:
        options = msgspec.structs.replace(options, tz=parsed.zone_name)
        try:
            check_zone(parsed.zone_name)
        except ConfigError:
            raise context.refusal(0, f"is {shown(column[0])}", "a known time zone") from None
    if options.tz is None and not parsed.stated and not (ns % DAY_NS).any():
        return Times(_check_years(ns, column, context), "date", "dates", dates=True)
    if options.tz == "UTC":
        return Times(_check_years(ns, column, context), "text", "UTC", dates=parsed.dates)
    naive = _check_years(ns[parsed.naive], column.gather(parsed.naive), _context_of_rows(context, parsed.naive))
    local = pl.Series(naive // 1_000).cast(pl.Datetime("us"))
    certain = localise(local, options.tz, _context_of_rows(context, parsed.naive), column.gather(parsed.naive))
    ns[parsed.naive] = certain.to_physical().to_numpy() * np.int64(1_000) + naive % 1_000
    return Times(_check_years(ns, column, context), "text", str(options.tz), dates=parsed.dates)


def _context_of_rows(context: TimeContext, rows: Integers) -> TimeContext:
    code = None if context.code is None else context.code[rows]
    return TimeContext(context.where, context.column, context.row_numbers[rows], code)


def _check_years(ns: Integers, column: pl.Series, context: TimeContext) -> Integers:
    outside = ~((ns >= 0) & (ns < YEAR_2200 * SECOND_NS))
    if outside.any():
        index = int(np.argmax(outside))
        expected, fix = "a time from 1970 to 2199", "correct or drop the row"
        raise context.refusal(index, f"is {shown(column[index])}", expected, fix, np.flatnonzero(outside))
    return ns


def _nanoseconds(column: pl.Series, unit: str, context: TimeContext) -> Integers:
    """Datetimes of a ``unit`` as nanoseconds."""
    factor = _FACTOR[unit]
    numbers = column.to_physical().to_numpy().astype(np.int64)
    outside = ~((numbers >= 0) & (numbers < YEAR_2200 * SECOND_NS // factor))
    if outside.any():
        index = int(np.argmax(outside))
        far = abs(int(numbers[index])) * factor > 10**20  # polars shows no dates beyond year 5000
        value = f"{numbers[index]} {unit} since 1970" if far else column[index]
        raise context.refusal(index, f"is {value}", "a time from 1970 to 2199", wrong=np.flatnonzero(outside))
    return numbers * np.int64(factor)
