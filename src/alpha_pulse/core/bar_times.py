"""Lengths of bars, and the display of a bar's time: the time of its open; for bars of a day or longer only the date."""

from __future__ import annotations

from datetime import UTC, datetime

from alpha_pulse.core.durations import DAY_NS, HOUR_NS, SECOND_NS, WEEK_NS

MONTH_NS = 2_629_746 * SECOND_NS
"""Represents one calendar month, and its multiples represent several: the mean month, a twelfth of 365.2425 days."""
LONGEST_NS = 366 * DAY_NS
"""No bar is longer than a year."""
DATE_SHIFT_NS = 9 * HOUR_NS
"""A bar that opens at 15:00 UTC or later belongs to the next date: midnight in zones from UTC+1 to UTC+9, evening sessions."""


def months_of(interval_ns: int) -> int:
    """The number of calendar months that an interval represents; 0 for a fixed length of time.

    >>> months_of(3 * MONTH_NS), months_of(30 * DAY_NS)
    (3, 0)
    """
    months, rest = divmod(interval_ns, MONTH_NS)
    return months if rest == 0 else 0


def leeway_ns(interval_ns: int) -> int:
    """The calendar tolerance for the length of bars (ns).

    Months have 28 to 31 days, weeks may be stamped by their first day of trading, and clocks change by an hour.
    """
    if months_of(interval_ns) or interval_ns % WEEK_NS == 0:
        return 3 * DAY_NS
    return HOUR_NS if interval_ns >= 4 * HOUR_NS and interval_ns % HOUR_NS == 0 else 0


def bar_label(open_ns: int, end_ns: int) -> str:
    """A bar's time as shown in tables: its open (UTC); for bars of about a day or longer only the date.

    >>> friday = 1_704_412_800 * SECOND_NS
    >>> bar_label(friday, friday + DAY_NS), bar_label(friday, friday + HOUR_NS)
    ('2024-01-05', '2024-01-05 00:00')
    """
    if end_ns - open_ns >= DAY_NS - HOUR_NS:
        return f"{datetime.fromtimestamp((open_ns + DATE_SHIFT_NS) // SECOND_NS, tz=UTC):%Y-%m-%d}"
    open_time = datetime.fromtimestamp(open_ns // SECOND_NS, tz=UTC)
    return f"{open_time:%Y-%m-%d %H:%M}" if open_time.second == 0 else f"{open_time:%Y-%m-%d %H:%M:%S}"
