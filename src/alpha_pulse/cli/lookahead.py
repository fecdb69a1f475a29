"""The command ``alpha-pulse check lookahead``: check own features on the bars of each symbol, and show the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from threading import Event

import msgspec
import numpy as np

from alpha_pulse.cli.reading import ChosenBars
from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.features.lookahead import LookaheadReport, check_lookahead, explain
from alpha_pulse.features.own import Bars
from alpha_pulse.features.own_columns import feature_at
from alpha_pulse.feeds.columns import PRICES, BarColumns
from alpha_pulse.feeds.notes import show_time
from alpha_pulse.library.progress import Phases

PAUSE_S = 1.1
"""Seconds between the two times at which a value is asked for, so that a clock in seconds has moved on."""


class CheckedFeature(msgspec.Struct, frozen=True):
    """The JSON of one feature on the bars of one symbol."""

    feature: str
    symbol: str
    ok: bool
    report: LookaheadReport


def check_features(paths: Sequence[str], options: DataOptions, *, json: bool) -> bool:
    """Check features on the bars of ``--data``, print the results, and return whether no look-ahead was found.

    Parameters
    ----------
    paths
        Of the features, as ``module:name``.
    options
        The files of bars, and how they are read.
    json
        Print JSON instead of text.

    Raises
    ------
    AlphaPulseError
        There is no such feature, it violates its contract, or there are too few bars.
    """
    features = [feature_at(path) for path in paths]
    markets = list(_markets(ChosenBars(options, None).read().columns))
    checked, total = list[CheckedFeature](), len(paths) * len(markets)
    with closing(Phases()) as phases:
        for path, feature in zip(paths, features, strict=True):
            for symbol, bars in markets:
                if total > 1:
                    phases.show("checking features", total, "checks", len(checked))
                try:
                    report = check_lookahead(feature, bars, pause=lambda: Event().wait(PAUSE_S))
                except AlphaPulseError as error:
                    raise type(error)(f"own feature {path!r} on the bars of {symbol}: {error}") from error
                checked.append(CheckedFeature(path, symbol, report.ok, report))
    if json:
        print(msgspec.json.encode(checked).decode())
    else:
        for each in checked:
            _show(each)
    return all(each.ok for each in checked)


def _markets(columns: BarColumns) -> Iterator[tuple[str, Bars]]:
    """The bars of each symbol."""
    columns = columns.sorted_by_symbol()
    ends, missing = columns.ends(), np.full(len(columns.code), np.nan)
    optional = [missing if column is None else column for column in (columns.volume, columns.bid, columns.ask)]
    prices = np.array([*(getattr(columns, name) for name in PRICES), *optional])
    for symbol, rows in columns.symbol_slices():
        yield symbol, Bars.of(ends[rows].copy(), prices[:, rows].copy())


def _show(checked: CheckedFeature) -> None:
    report = checked.report
    print(f"{checked.feature} on {report.bars:,} bars of {checked.symbol}, warm-up {report.warmup:,} bars")
    futures = [peek for peek in report.peeks if peek.reason != "repeated"]
    for peek in [peek for peek in report.peeks if peek not in futures[1:]]:
        print(f"  NOT OK  {explain(peek)}; first at bar {peek.bar:,}, which ends at {show_time(peek.ts)}")
    if report.ok:
        newest = "it returns the newest value only, so it receives no later bar"
        found = newest if report.whole is None else "no look-ahead found"
        print(f"  ok      {found}; {report.compared} values were asked for twice and were equal")
    for note in _notes(report):
        print(f"  note    {note}")


def _notes(report: LookaheadReport) -> Iterator[str]:
    if report.missing:
        yield f"{report.missing} of {report.compared} values are missing (NaN)"
    if report.clipped:
        yield f"{report.clipped} of {report.compared} values are beyond +-10 and would be clipped; divide by a typical size"
    if report.ok and report.whole:
        yield (
            f"over the whole history its values differ from those of a run by up to {report.whole:.6g}: a run passes only the "
            f"newest {report.warmup:,} bars"
        )
