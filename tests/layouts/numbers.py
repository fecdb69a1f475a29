"""What a cell of text says as a number or a time: an independent reading, without the product's code."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

SECOND = 10**9
LAST_SECOND = 1_950_000_000
"""From here on, a number may be a date and an hour."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SPACED = re.compile(r"[+-]?\d{1,3}([ '_\u2019]\d{3})+([.,]\d*)?", re.ASCII)
_SUFFIX = {"K": 3, "M": 6, "B": 9, "T": 12}


def number(cell: str, decimal: str = ".", thousands: str = "", units: bool = True) -> float | None:
    """The nearest double of what the cell says, with ``units`` also 1.5K; None where it is no number."""
    text = cell.strip().lstrip("$")
    power = 0
    if units and text[-1:].upper() in _SUFFIX and text[:-1]:
        text, power = text[:-1], _SUFFIX[text[-1].upper()]
    if _SPACED.fullmatch(text):
        text = re.sub(r"[ '_\u2019]", "", text)
    if thousands and re.fullmatch(rf"[+-]?\d{{1,3}}(\{thousands}\d{{2,3}})*\{thousands}\d{{3}}(\{decimal}\d*)?", text):
        text = text.replace(thousands, "")
    if decimal != ".":
        if "." in text:
            return None
        text = text.replace(decimal, ".", 1)
    if not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    return float(Decimal(text).scaleb(power)) if power else float(text)


Clock = Callable[[str], int | None]
"""Nanoseconds since 1970 of a text, or None."""


def epoch(unit: int) -> Clock:
    """Whole numbers of ``unit`` nanoseconds."""

    def read(text: str) -> int | None:
        digits = text.strip()
        if not re.fullmatch(r"\d{1,20}", digits, re.ASCII) or (unit == SECOND and int(digits) >= LAST_SECOND):
            return None
        return int(digits) * unit

    return read


def _short(text: str) -> str:
    """Without the zeros that some leave out."""
    return re.sub(r"\b0(\d)(?=[-./ ])", r"\1", text)


def pattern(form: str, zone: str) -> Clock:
    """Texts of strptime's form, in ``zone`` where they state no offset; those that a clock shows twice or never are none."""

    def read(text: str) -> int | None:
        if not text.isascii() or re.search(r"[-./]\s", text):
            return None
        try:
            when = datetime.strptime(text.strip(), form)  # noqa: DTZ007 (the zone comes below)
        except ValueError:
            return None
        again = when.strftime(form)
        if again != text and ("%m%d" in form or _short(again) != _short(text)):  # strptime takes more than the form shows
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=ZoneInfo(zone))
            if when.utcoffset() != when.replace(fold=1).utcoffset():
                return None
        since = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since // timedelta(microseconds=1)) * 1_000

    return read


_ISO = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?=[^\d]|$))?)(?:(?<=:\d\d:\d\d)[.,](\d{1,9}))?)?\s?"
    r"(?:GMT)?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)


_STRICT_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}|)?)?", re.ASCII)


def strict_iso(zone: str) -> Clock:
    """ISO 8601 as it is usually written."""
    read = iso(zone)
    return lambda text: read(text) if _STRICT_ISO.fullmatch(text) else None


def iso(zone: str | None) -> Clock:
    """ISO 8601, in ``zone`` where no offset stands."""

    def read(text: str) -> int | None:
        match = _ISO.fullmatch(text.strip())
        if match is None or (match[4] is None and zone is None):
            return None
        clock = match[2] or "00:00"
        offset = {"Z": "+0000", "UTC": "+0000", None: ""}.get(match[4], (match[4] or "").replace(":", "").ljust(5, "0"))
        if offset and (int(offset[1:3]) > 14 or int(offset[3:]) % 15):
            return None
        form = "%Y-%m-%dT%H:%M" + (":%S" if clock.count(":") == 2 else "") + ("%z" if offset else "")
        whole = pattern(form, zone or "UTC")(f"{match[1]}T{clock}{offset}")
        return None if whole is None else whole + int((match[3] or "0").ljust(9, "0"))

    return read


FORMS = (
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S GMT%z",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%m/%d/%y",
    "%b %d, %Y",
    "%d-%b-%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d %H%M%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
)


def clocks(zone: str) -> list[Clock]:
    """Every way to read a time that this module knows."""
    return [strict_iso(zone), *(epoch(unit) for unit in (SECOND, 10**6, 10**3, 1)), *(pattern(form, zone) for form in FORMS)]


def any_clock(text: str, zone: str) -> int | None:
    """What the text says in the first way that fits, whichever it is."""
    if re.fullmatch(r"(19|20)\d{12}", text):
        return pattern("%Y%m%d%H%M%S", zone)(text)
    part = re.search(r"(?<=:\d\d)[.,](\d{1,9})(?=\s*GMT|$)", text)
    if part:
        whole = any_clock(text[: part.start()] + text[part.end() :], zone)
        return None if whole is None else whole + int(part[1].ljust(9, "0"))
    text = re.sub(r"(?<![.:\d])(\d)(?=[-./ :,T])", r"0\1", text)
    text = re.sub(r"(?<=\D)(?<!:)(\d)(?=[-./ :,T]|$)", r"0\1", text)
    if text[-1:] in ("z", "Z") and text[-2:-1].isdigit():
        return any_clock(text[:-1], "UTC")
    text = re.sub(r"Z(?=[+-])", "", re.sub(r"(\d)T(\d)", r"\1 \2", " ".join(text.split())))
    joined = re.sub(r"\b(\d{2})(\d{2})(\d{2})?$", _colons, text) if re.search(r"[-./]", text) else text
    parts = joined.split(" ")
    day = re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", parts[0])
    variants = (text, joined, " ".join([day, *parts[1:]]), re.sub(r"[./]", "-", joined))
    readers = [iso(zone), *clocks(zone)]
    return next((found for each in variants for read in readers if (found := read(each)) is not None), None)


def _colons(match: re.Match[str]) -> str:
    return ":".join(part for part in match.groups() if part)
