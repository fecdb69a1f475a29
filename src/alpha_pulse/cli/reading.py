"""The bars of ``--data``: which files, how they are to be read, and what is shown of how they were understood."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.data import DEFAULT, bundled
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.market_data import FileReport, ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed

_MOST_FILES = 5


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a command that reads bars, as given."""

    data: Sequence[str] | None
    interval: str | None
    tz: str | None
    symbol: Sequence[str] | None
    stamp: str | None
    duplicates: str
    dates: str | None
    adjusted: bool

    def files(self) -> list[Path]:
        """The files that ``--data`` names; the bundled one if it is not given. Raises DataError for what names none."""
        return expand(self.data) if self.data else [bundled()[DEFAULT]]

    def options(self) -> ReadOptions:
        """What the options say of reading.

        Raises
        ------
        ConfigError
            One of them is none of its words.
        """
        if self.stamp not in (None, "open", "close"):
            raise ConfigError(f"--stamp is {self.stamp!r}; expected open or close: what a bar's time in the file stands for")
        if self.duplicates not in ("refuse", "first", "last"):
            raise ConfigError(f"--duplicates is {self.duplicates!r}; expected refuse, first or last")
        if self.dates not in (None, "dmy", "mdy", "ymd"):
            raise ConfigError(f"--dates is {self.dates!r}; expected dmy, mdy or ymd: the order of day, month and year")
        fields = {name: getattr(self, name) for name in ("interval", "tz", "stamp", "duplicates", "dates", "adjusted")}
        return msgspec.convert({**fields, "symbols": self.symbol or ()}, ReadOptions)

    def words(self) -> list[str]:
        """The same as words of a command line."""
        words = [word for path in self.data or () for word in ("--data", path)]
        for flag, value in (("--interval", self.interval), ("--tz", self.tz), ("--stamp", self.stamp), ("--dates", self.dates)):
            words += [] if value is None else [flag, value]
        words += [] if self.duplicates == "refuse" else ["--duplicates", self.duplicates]
        words += ["--adjusted"] if self.adjusted else []
        return words + [word for name in self.symbol or () for word in ("--symbol", name)]


def read_feed(given: Given, files: Sequence[Path]) -> ReplayFeed:
    """The bars of the files. Raises DataError and ConfigError, see `alpha_pulse.feeds.reading.read`."""
    return ReplayFeed.from_data(read(files, given.options()))


def name_of(files: Sequence[Path]) -> str:
    """What people call the data.

    >>> name_of([Path("a/btc.csv"), Path("eth.csv")])
    'btc and 1 more'
    """
    return files[0].stem if len(files) == 1 else f"{files[0].stem} and {len(files) - 1} more"


def show_files(feed: ReplayFeed, warnings: Sequence[str]) -> None:
    """Print, on standard error, how files of other layouts than our own were understood, then notes, then warnings."""
    foreign = [file for file in feed.files if not _is_ours(file)]
    for file in foreign[:_MOST_FILES]:
        print(_line(file, feed.interval_ns), file=sys.stderr)
    if len(foreign) > _MOST_FILES:
        print(f"... and {len(foreign) - _MOST_FILES} more files", file=sys.stderr)
    for note in feed.notes:
        if note.text not in warnings:
            print(f"note: {note.text}", file=sys.stderr)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _is_ours(file: FileReport) -> bool:
    """Whether a file says all by itself: it has our names of columns, the time being that of the open."""
    return file.source in ("generic", "alpha_pulse") and all(file.used.get(name) == name for name in ("ts", "symbol", *PRICES))


def _line(file: FileReport, interval_ns: int) -> str:
    symbols = ", ".join(file.symbols[:3]) + ("" if len(file.symbols) <= 3 else f" and {len(file.symbols) - 3} more")
    zone = {"stated": "zone stated", "dates": "days"}.get(file.tz, file.tz)
    return (
        f"{file.path}: {file.title} ({file.format}); {symbols} by {file.symbol_from}, {file.rows:,} bars of "
        f"{show_interval(interval_ns)}, stamped by the {file.stamp} ({file.stamp_from}), {zone}"
    )


def with_files(result: bytes, feed: ReplayFeed) -> bytes:
    """A result as JSON, with how the files were understood and what was noticed in them."""
    content = msgspec.json.decode(result)
    by_symbol = content.pop("by_symbol")
    content |= {"files": feed.files, "notes": feed.notes, "by_symbol": by_symbol}
    return msgspec.json.encode(content)
