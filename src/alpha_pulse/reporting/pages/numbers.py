"""How numbers are written on a page; what is undefined is a dash."""

from __future__ import annotations

from datetime import UTC, datetime

from alpha_pulse.core.bar_times import bar_label
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.metrics.intervals import Interval
from alpha_pulse.reporting.words import duration
from alpha_pulse.venues.money import cash_text

DASH = "–"
NARROW_SPACE = "\u202f"
"""Between a number and its unit: no line break, and narrower than a space."""


def number(value: float | None, style: str = "z,.2f") -> str:
    """A number in a format of Python, with a minus sign as long as the plus sign, and none before 0.

    >>> number(-1234.5), number(None), number(-0.001, "+z.2f")
    ('−1,234.50', '–', '0.00')
    """
    if value is None:
        return DASH
    text = format(value, style).replace("-", "−")
    return text if any(digit in text for digit in "123456789") else text.lstrip("+−")


def percent(fraction: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A fraction in per cent.

    >>> percent(-0.0421, signed=True)
    '−4.2\\u202f%'
    """
    if fraction is None:
        return DASH
    style = f"{'+' if signed else ''}z,.{digits}f"
    return f"{number(100.0 * fraction, style)}{NARROW_SPACE}%"


def money(cash: float | None, *, signed: bool = False) -> str:
    """An amount of cash.

    >>> money(-1234.5, signed=True), money(None)
    ('−1,234.50', '–')
    """
    return DASH if cash is None else cash_text(cash, signed=signed).replace("-", "−")


def interval(bounds: Interval | None, style: str = "+z,.1f", unit: str = "", factor: float = 1.0) -> str:
    """Both bounds of an interval.

    >>> interval(Interval(-0.01, 0.02), unit="%", factor=100.0)
    '−1.0 to +2.0\\u202f%'
    """
    if bounds is None:
        return DASH
    low, high = (number(factor * bound, style) for bound in (bounds.low, bounds.high))
    return f"{low} to {high}" + (f"{NARROW_SPACE}{unit}" if unit else "")


def time_span(seconds: float | None) -> str:
    """A length of time.

    >>> time_span(200_000.0), time_span(None)
    ('2.3\\u202fd', '–')
    """
    return DASH if seconds is None else duration(seconds).replace(" ", NARROW_SPACE)


def day(ns: int) -> str:
    """The date (UTC) of an instant, in words.

    >>> day(1_483_308_000 * SECOND_NS)
    '1 January 2017'
    """
    when = datetime.fromtimestamp(ns // SECOND_NS, tz=UTC)
    return f"{when.day} {when:%B %Y}"


def bar_time(open_ns: int | None, end_ns: int) -> str:
    """A bar's time as in tables."""
    return bar_label(end_ns if open_ns is None else open_ns, end_ns)
