"""Converts local times to instants by their zone; in the repeated hour of a clock change, by the order of the rows."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.feeds.arrays import Integers
from alpha_pulse.feeds.option_names import option
from alpha_pulse.feeds.refusals import RefusedRowsError
from alpha_pulse.feeds.runs import runs

EXPECTED = "a time such as 2017-01-03T10:00:00Z (without an offset, name its zone with the option tz)"


class TimeContext(msgspec.Struct, frozen=True):
    """Where times come from, for errors: the file, the column, and the number of each row, from 1.

    ``code`` is the index of each row's symbol; None if all rows are of one symbol.
    """

    where: str
    column: str
    row_numbers: Integers
    code: Integers | None = None

    def refusal(
        self, index: int, value: str, expected: str = EXPECTED, fix: str = "correct the row", wrong: Integers | None = None
    ) -> RefusedRowsError:
        """The error about the time at ``index``, from 0; ``wrong``: the indices of all times that are refused with it."""
        text = f"column '{self.column}' {value}, but {expected} is expected; {fix}"
        rows = () if wrong is None else self.row_numbers[wrong]
        return RefusedRowsError(self.where, self.row_numbers[index], text, rows)


def is_zone(tz: str) -> bool:
    """Whether a name is that of a time zone.

    >>> is_zone("America/New_York"), is_zone("EDT")
    (True, False)
    """
    try:
        return bool(tz) and pl.Series([], dtype=pl.Datetime).dt.replace_time_zone(tz) is not None
    except pl.exceptions.PolarsError:
        return False


def check_zone(tz: str) -> None:
    """Refuse a name that is not a time zone, also where every time states its offset, so that a typing error is noticed.

    Raises
    ------
    ConfigError
        The name is not that of a time zone.
    """
    if not is_zone(tz):
        raise ConfigError(f"time zone {tz!r} is not known; expected a name such as UTC or America/New_York")


def localise(naive: pl.Series, tz: str | None, context: TimeContext, shown: pl.Series | None = None) -> pl.Series:
    """Assign the zone to naive times; in an hour that occurs twice, the order of the rows decides.

    Raises
    ------
    DataError
        A time is ambiguous or does not exist; the error names the first such row.
    """
    shown = naive if shown is None else shown
    if tz is None:
        fix = f"set it with {option('tz', 'UTC')}, for example"
        raise context.refusal(0, f"is {shown[0]}, which has no time zone", "a time zone", fix)
    if tz == "UTC":
        return naive
    certain = naive.dt.replace_time_zone(tz, ambiguous="null", non_existent="null")
    if certain.null_count():
        certain = _by_order(naive, certain, tz, context.code)
    if certain.null_count():
        index = int(certain.is_null().arg_max() or 0)
        exists = naive[index : index + 1].dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null").null_count() == 0
        why = "occurs twice" if exists else "does not exist"
        raise context.refusal(index, f"is {shown[index]}, which {why} in {tz} (clocks change)", "a time with its offset")
    return certain


def _by_order(naive: pl.Series, certain: pl.Series, tz: str, code: Integers | None) -> pl.Series:
    """Resolve times that occur twice, where a symbol's rows go back once in that hour: 2:00, 2:30, 2:00, 2:30."""
    first, second = (naive.dt.replace_time_zone(tz, ambiguous=which, non_existent="null") for which in ("earliest", "latest"))
    twice = (certain.is_null() & first.is_not_null()).to_numpy()
    numbers = naive.to_physical().to_numpy()
    symbol_code = np.zeros(len(naive), dtype=np.int64) if code is None else code
    order = np.argsort(symbol_code, kind="stable")
    changes = np.diff(symbol_code[order], prepend=-1) != 0
    later, known = (np.zeros(len(naive), dtype=np.bool_) for _ in range(2))
    for begin, count in zip(*runs(twice[order], changes), strict=True):
        rows = order[begin : begin + count]
        rows_of_symbol = order[symbol_code[order] == symbol_code[rows[0]]]
        if numbers[rows_of_symbol[-1]] < numbers[rows_of_symbol[0]]:
            rows = rows[::-1]
        back = np.flatnonzero(np.diff(numbers[rows]) <= 0)
        if back.size == 1:
            known[rows] = True
            later[rows[back[0] + 1 :]] = True
    frame = pl.DataFrame([certain.alias("certain"), first.alias("first"), second.alias("second")])
    chosen = pl.when(pl.Series(later)).then(pl.col("second")).when(pl.Series(known)).then(pl.col("first"))
    return frame.select(chosen.otherwise(pl.col("certain")).alias("ts")).to_series()
