"""The column ``ts`` of a file, turned into nanoseconds UTC; a time that is not certain is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alpha_pulse.core.errors import ConfigError, DataError

EXPECTED = "a time such as 2017-01-03T10:00:00Z (without an offset, name its zone with --tz)"
_DATE, _CLOCK, _FRACTION = "([0-9]{4}-[0-9]{2}-[0-9]{2})", "([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)", "(?:[.,]([0-9]{1,9}))?"
_ISO = rf"^{_DATE}(?:[T ]{_CLOCK}{_FRACTION})?\s?(Z|UTC|[+-][0-9]{{2}}:?[0-9]{{2}})?$"
_YEAR_2200 = 7_258_118_400
_FACTOR = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
# From 1980 to 2200, but seconds only to 2031: from 1,950,000,000 on, a number may be a date written YYYYMMDDHH.
_EPOCHS = {"s": (315_532_800, 1_950_000_000)} | {
    unit: (315_532_800 * 1_000_000_000 // _FACTOR[unit], _YEAR_2200 * 1_000_000_000 // _FACTOR[unit])
    for unit in ("ms", "us", "ns")
}


def to_utc_ns(column: pl.Series, tz: str | None, where: str) -> NDArray[np.int64]:
    """Nanoseconds since the Unix epoch (UTC) of each time, shape (n,).

    Parameters
    ----------
    column
        Datetimes, dates, ISO 8601 text, or whole numbers since the epoch (s, ms, us or ns, told by their size).
    tz
        The zone of times that do not state one, such as ``America/New_York``; None refuses them.
    where
        The file, for the error.

    Raises
    ------
    DataError
        Naming the first row whose time is empty, unreadable, naive without ``tz``, ambiguous or inexistent there, or
        outside 1970 .. 2200.
    ConfigError
        ``tz`` is not a zone.

    >>> int(to_utc_ns(pl.Series("ts", ["1970-01-02 01:00:00"]), "Europe/Paris", "x.csv")[0]) // 10**9
    86400
    """
    if tz is not None:
        _refuse_unknown_zone(tz)
    if column.null_count():
        raise _refusal(where, int(column.is_null().arg_max() or 0), "is empty")
    kind = column.dtype
    if kind == pl.String:
        column = column.str.strip_chars()
        if column.str.contains("^[0-9]+$").all():
            return _from_epoch(column.cast(pl.Int64, strict=False).fill_null(-1), where)
        return _from_text(column, tz, where)
    if kind == pl.Date:
        kind = pl.Datetime("us")
        column = column.cast(kind)
    if isinstance(kind, pl.Datetime):
        places = np.arange(len(column), dtype=np.int64)
        if kind.time_zone is None:
            column = _localise(column, tz, where, places)
        return _nanoseconds(column, kind.time_unit, where, places)
    if kind.is_integer():
        return _from_epoch(column.cast(pl.Int64, strict=False).fill_null(-1), where)
    raise DataError(f"{where}: column 'ts' holds {kind}; expected {EXPECTED}, or whole numbers since 1970")


def _refusal(where: str, at: int, found: str, expected: str = EXPECTED) -> DataError:
    return DataError(f"{where}, row {at + 1}: column 'ts' {found}, but {expected} is expected; mend the row")


def _from_epoch(column: pl.Series, where: str) -> NDArray[np.int64]:
    numbers = column.to_numpy().astype(np.int64)
    for unit, (low, high) in _EPOCHS.items():
        if low <= numbers[0] < high:
            outside = ~((numbers >= low) & (numbers < high))
            if outside.any():
                at = int(np.argmax(outside))
                raise _refusal(where, at, f"is {numbers[at]}", f"a number of {unit} since 1970, as in row 1,")
            return numbers * np.int64(_FACTOR[unit])
    raise _refusal(where, 0, f"is {numbers[0]}", f"a clear number of s, ms, us or ns since 1970, or {EXPECTED},")


def _from_text(column: pl.Series, tz: str | None, where: str) -> NDArray[np.int64]:
    parts = column.to_frame("ts").select(pl.col("ts").str.extract_groups(_ISO)).unnest("ts")
    parts.columns = ["date", "time", "fraction", "offset"]
    clock = pl.col("time").fill_null("00:00")
    full = pl.when(clock.str.len_chars() == 5).then(clock + ":00").otherwise(clock)
    offset = pl.col("offset").str.replace(":", "")
    minutes = offset.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + offset.str.slice(3, 2).cast(pl.Int64, strict=False)
    signed = pl.when(offset.is_in(["Z", "UTC"])).then(0).when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    parsed = parts.select(
        naive=(pl.col("date") + "T" + full).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False),
        fraction=pl.col("fraction").fill_null("0").str.pad_end(9, "0").cast(pl.Int64),
        minutes=signed,
    )
    if parsed["naive"].null_count():
        at = int(parsed["naive"].is_null().arg_max() or 0)
        raise _refusal(where, at, f"is {column[at]!r}")
    stated = parsed["minutes"].is_not_null().to_numpy()
    utc = np.empty(len(column), dtype=np.int64)
    if stated.any():
        rows = parsed.filter(stated)
        shift = rows["minutes"].to_numpy().astype(np.int64) * np.int64(60_000_000_000)
        utc[stated] = _nanoseconds(rows["naive"], "us", where, np.flatnonzero(stated)) - shift
    if not stated.all():
        places = np.flatnonzero(~stated)
        utc[~stated] = _nanoseconds(_localise(parsed.filter(~stated)["naive"], tz, where, places), "us", where, places)
    fraction: NDArray[np.int64] = parsed["fraction"].to_numpy().astype(np.int64)
    return utc + fraction


def _refuse_unknown_zone(tz: str) -> None:
    """Also where every time states its offset: a slip must not go unnoticed."""
    try:
        known = bool(tz) and pl.Series([], dtype=pl.Datetime).dt.replace_time_zone(tz) is not None
    except pl.exceptions.PolarsError:
        known = False
    if not known:
        raise ConfigError(f"time zone {tz!r} is not known; expected a name such as UTC or America/New_York")


def _localise(naive: pl.Series, tz: str | None, where: str, places: NDArray[np.int64]) -> pl.Series:
    """Give naive times their zone. ``places`` are their rows, from 0."""
    if tz is None:
        raise _refusal(where, int(places[0]), f"is {naive[0]}, which states no zone", "a zone, given with --tz (such as UTC),")
    certain = naive.dt.replace_time_zone(tz, ambiguous="null", non_existent="null")
    if certain.null_count():
        at = int(certain.is_null().arg_max() or 0)
        exists = naive[at : at + 1].dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null").null_count() == 0
        why = "happens twice" if exists else "does not exist"
        raise _refusal(where, int(places[at]), f"is {naive[at]}, which {why} in {tz} (clocks change)", "a time with its offset")
    return certain


def _nanoseconds(column: pl.Series, unit: str, where: str, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Datetimes of a ``unit`` as nanoseconds. ``places`` are their rows, from 0."""
    factor = _FACTOR[unit]
    numbers = column.to_physical().to_numpy().astype(np.int64)
    outside = ~((numbers >= 0) & (numbers < _YEAR_2200 * 1_000_000_000 // factor))
    if outside.any():
        at = int(np.argmax(outside))
        raise _refusal(where, int(places[at]), f"is {column[at]}", "a time from 1970 to 2199")
    return numbers * np.int64(factor)
