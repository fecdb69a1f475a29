"""The time of each bar, turned into nanoseconds UTC; a time that is not certain is refused."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.bar_times import DAY_NS, SECOND_NS
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
"""Times the usual step by which seconds before 1980 may be apart."""
_HOURS = ("hour", "hours", "hora", "heure", "stunde")
"""Names of columns whose whole numbers are hours."""
_COMPACT = {8: 19_000_101, 12: 190_001_010_000, 14: 19_000_101_000_000}
"""Digits of a date written YYYYMMDD, with hours and minutes, and with seconds; and the least such number."""


class TimeOptions(msgspec.Struct, frozen=True):
    """The zone of times that state none.

    Parameters
    ----------
    tz
        As given by --tz, or as the source is known to have it; None refuses times that are no plain dates.
    day_first
        Whether 01/02/2024 is the first of February; None: as the other rows say, or refused.
    dates
        The order of day, month and year as stated: ``dmy``, ``mdy`` or ``ymd``.
    """

    tz: str | None = None
    day_first: bool | None = None
    dates: str | None = None


class Times(msgspec.Struct, frozen=True):
    """Nanoseconds since the Unix epoch (UTC), shape (n,).

    ``unit`` is ``s``, ``ms``, ``us`` or ``ns`` of numbers since 1970, else ``text``, ``date`` or ``datetime``. ``zone`` says
    how they came to UTC. ``dates``: whether all are days without a time of the day.
    """

    ns: Integers
    unit: str
    zone: str
    dates: bool = False


def read_times(column: pl.Series, clock: pl.Series | None, zone: TimeOptions, place: TimeContext) -> Times:
    """The times in a column of datetimes, dates, text, or numbers since the epoch (told by their size).

    Parameters
    ----------
    clock
        The time of the day, where the column holds the day alone.

    Raises
    ------
    DataError
        Naming the first row whose time is empty, unreadable, naive without a zone, ambiguous or inexistent there, or
        outside 1970 .. 2199.
    ConfigError
        ``zone.tz`` is not a zone.

    >>> place = TimeContext("file x.csv", "ts", np.array([1]))
    >>> int(read_times(pl.Series(["1970-01-02 01:00:00"]), None, TimeOptions("Europe/Paris"), place).ns[0]) // 10**9
    86400
    """
    if zone.tz is not None:
        check_zone(zone.tz)
    if clock is None and (matrix := _uniform_bytes(column)) is not None:
        return _from_text(column, zone, place, matrix)
    column = _strip(column)
    _check_present(column, place)
    if clock is not None:
        clock = _strip(clock)
        _check_present(clock, place)
        return _from_text(_as_text(column) + " " + _clock_text(clock, place), zone, place)
    kind = column.dtype
    if isinstance(kind, pl.Decimal) or kind.is_float():
        return _from_floats(column.cast(pl.Float64), zone, place)
    if kind.is_integer():
        return _from_integers(column.cast(pl.Int64, strict=False).fill_null(-1), zone, place)
    if kind == pl.Date:
        return _from_dates(column.cast(pl.Datetime("us")), zone, place)
    if isinstance(kind, pl.Datetime):
        return _from_datetimes(column, zone, place)
    if kind == pl.String:
        whole = column.str.len_bytes().max()
        digits = isinstance(whole, int) and whole <= 21 and str(column[0])[:5].isdigit()
        if digits and column.str.contains(r"^[0-9]{5,19}(?:\.0+)?$").all():
            column = column.str.replace(r"\.0+$", "")
            return _from_integers(column.cast(pl.Int64, strict=False).fill_null(-1), zone, place)
        _check_all_numbers(column, place)
        return _from_text(column, zone, place)
    expected = f"{EXPECTED}, or whole numbers since 1970"
    raise DataError(f"{place.where}: column '{place.column}' holds {kind}; expected {expected}; convert the column")


def _check_all_numbers(column: pl.Series, place: TimeContext) -> None:
    """Refuse what is no whole number where most times are one: that row is wrong, and not the first."""
    whole = column.str.contains("^[0-9]{9,19}$")
    if 2 * int(whole.sum()) > len(column):
        at, other = int((~whole).arg_max() or 0), place.rows[int(whole.arg_max() or 0)]
        raise place.refusal(at, f"is {column[at]!r}", f"a whole number since 1970, as in row {other},")


def _strip(column: pl.Series) -> pl.Series:
    """Text without the blanks around it; categories as text."""
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


def _clock_text(clock: pl.Series, place: TimeContext) -> pl.Series:
    """The time of the day as text; of numbers such as 930 with the zeros they lack, and of hours with their minutes."""
    text = clock.dt.to_string("%H:%M:%S%.9f") if clock.dtype == pl.Time else _as_text(clock)
    if not text.str.contains("^[0-9]+$").all():
        return text
    longest = text.str.len_bytes().max()
    if longest in (1, 2):
        if plain(clock.name) in _HOURS:
            return text.str.pad_start(2, "0") + "00"
        if text.cast(pl.Int64).is_between(1, 23).any() and not (text.cast(pl.Int64) > 23).any():
            doubt = f"holds {shown(text[0])} and other numbers below 24, which may be hours or minutes"
            raise DataError(
                f"{place.where}: column '{clock.name}' {doubt}; write the time of the day as 09:00, or name it hour"
            )
    return text.str.pad_start(4 if isinstance(longest, int) and longest <= 4 else 6, "0")


def _check_present(column: pl.Series, place: TimeContext) -> None:
    missing = column.is_null()
    if column.dtype == pl.String:
        missing |= column == ""
    if missing.any():
        raise place.refusal(int(missing.arg_max() or 0), "is empty")


def _from_integers(column: pl.Series, zone: TimeOptions, place: TimeContext) -> Times:
    """By the unit or form that most of them have, or half of them and the first; the first that has it not is wrong."""
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
            return _from_text(column.cast(pl.String), zone, place)
        if 2 * int(fits.sum()) + int(fits[0]) > fits.size:
            at = int(np.argmin(fits))
            raise place.refusal(at, f"is {numbers[at]}", f"{what}, as in row {place.rows[int(np.argmax(fits))]},")
    if is_excel_day(str(numbers[0])):
        raise place.refusal(0, f"is {numbers[0]}, {EXCEL_DAY}", "a date", "format the cells as dates and export again")
    raise place.refusal(0, f"is {numbers[0]}", f"a clear number of s, ms, us or ns since 1970, or {EXPECTED},")


def _seconds_before_1980(numbers: Integers, low: int, high: int) -> Mask:
    """Which numbers are seconds before 1980, since they lead up to later ones in steps as theirs."""
    early: Mask = (numbers > 0) & (numbers < low)
    steps = np.diff(np.sort(numbers))  # numpy's unique hashes each number, which takes most of the time of reading
    steps = steps[steps > 0]
    turns = np.diff(numbers)
    ordered = bool((turns >= 0).all() or (turns <= 0).all())
    if not (ordered and steps.size and low <= int(numbers.max()) < high and steps.max() <= _LONGEST_STEP * np.median(steps)):
        early[:] = False
    return early


def _from_floats(column: pl.Series, zone: TimeOptions, place: TimeContext) -> Times:
    """Whole numbers as such; fractions are those of seconds, to the microsecond."""
    numbers = column.to_numpy()
    wrong = ~np.isfinite(numbers) | (np.abs(numbers) >= 2.0**53)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise place.refusal(at, f"is {numbers[at]:g}", "a whole number that is stored as one")
    if (numbers == np.floor(numbers)).all():
        return _from_integers(pl.Series(numbers.astype(np.int64)), zone, place)
    low, high = _EPOCHS["s"]
    outside = ~((numbers >= low) & (numbers < high))
    if outside.any():
        at = int(np.argmax(outside))
        raise place.refusal(at, f"is {float(numbers[at])!r}", "a number of seconds since 1970")
    whole = np.floor(numbers)
    fraction = np.round((numbers - whole) * 1e6).astype(np.int64)
    return Times(whole.astype(np.int64) * SECOND_NS + fraction * 1_000, "s", "UTC")


def _from_dates(naive: pl.Series, zone: TimeOptions, place: TimeContext) -> Times:
    """Days: those of trading, whatever the zone, unless one is given."""
    ns = _nanoseconds(localise(naive, zone.tz or "UTC", place), "us", place)
    return Times(ns, "date", zone.tz or "dates", dates=True)


def _from_datetimes(column: pl.Series, zone: TimeOptions, place: TimeContext) -> Times:
    kind = column.dtype
    assert isinstance(kind, pl.Datetime)
    if kind.time_zone is not None:
        return Times(_nanoseconds(column, kind.time_unit, place), "datetime", "stated")
    ns = _nanoseconds(column, kind.time_unit, place)
    if zone.tz is None and not (ns % DAY_NS).any():
        return Times(ns, "date", "dates", dates=True)
    return Times(_nanoseconds(localise(column, zone.tz, place), kind.time_unit, place), "datetime", str(zone.tz))


def _uniform_bytes(column: pl.Series) -> Bytes | None:
    """The bytes of times that are all written alike, with nothing to strip; None of any other column."""
    first = str(column[0]) if column.dtype == pl.String and len(column) else ""
    return None if column.null_count() or first.isdigit() or not matches_time(first) else same_layout_bytes(column)


def _from_text(column: pl.Series, zone: TimeOptions, place: TimeContext, matrix: Bytes | None = None) -> Times:
    read = parse_time_text(column, zone.day_first, place, matrix, dates=zone.dates)
    if not read.naive.size:
        return Times(_check_years(read.ns, column, place), "text", "stated")
    ns = read.ns
    if read.place:
        zone = msgspec.structs.replace(zone, tz=read.place)
        try:
            check_zone(read.place)
        except ConfigError:
            raise place.refusal(0, f"is {shown(column[0])}", "a zone that is known") from None
    if zone.tz is None and not read.stated and not (ns % DAY_NS).any():
        return Times(_check_years(ns, column, place), "date", "dates", dates=True)
    if zone.tz == "UTC":
        return Times(_check_years(ns, column, place), "text", "UTC", dates=read.dates)
    naive = _check_years(ns[read.naive], column.gather(read.naive), _context_of_rows(place, read.naive))
    local = pl.Series(naive // 1_000).cast(pl.Datetime("us"))
    certain = localise(local, zone.tz, _context_of_rows(place, read.naive), column.gather(read.naive))
    ns[read.naive] = certain.to_physical().to_numpy() * np.int64(1_000) + naive % 1_000
    return Times(_check_years(ns, column, place), "text", str(zone.tz), dates=read.dates)


def _context_of_rows(place: TimeContext, rows: Integers) -> TimeContext:
    code = None if place.code is None else place.code[rows]
    return TimeContext(place.where, place.column, place.rows[rows], code)


def _check_years(ns: Integers, column: pl.Series, place: TimeContext) -> Integers:
    outside = ~((ns >= 0) & (ns < YEAR_2200 * SECOND_NS))
    if outside.any():
        at = int(np.argmax(outside))
        raise place.refusal(at, f"is {shown(column[at])}", "a time from 1970 to 2199", "correct or drop the row")
    return ns


def _nanoseconds(column: pl.Series, unit: str, place: TimeContext) -> Integers:
    """Datetimes of a ``unit`` as nanoseconds."""
    factor = _FACTOR[unit]
    numbers = column.to_physical().to_numpy().astype(np.int64)
    outside = ~((numbers >= 0) & (numbers < YEAR_2200 * SECOND_NS // factor))
    if outside.any():
        at = int(np.argmax(outside))
        far = abs(int(numbers[at])) * factor > 10**20  # beyond year 5000, of which polars shows none
        found = f"{numbers[at]} {unit} since 1970" if far else column[at]
        raise place.refusal(at, f"is {found}", "a time from 1970 to 2199")
    return numbers * np.int64(factor)
