"""Lengths of time in nanoseconds, the unit of all times in this program."""

from __future__ import annotations

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000 * MILLISECOND_NS
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS
YEAR_NS = 31_557_600 * SECOND_NS
"""A Julian year: 365.25 days."""
