"""The bars of ``--data`` and ``--demo``: find the files and read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.data import DEFAULT, bundled
from alpha_pulse.data.demos import DEMOS, DRIFT, drift
from alpha_pulse.feeds.files.paths import expand
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed


def files_of(options: DataOptions) -> list[Path]:
    """The files that ``--data`` names, or the bundled file without it. Raises DataError when a name matches no file."""
    return expand(options.data) if options.data else [bundled()[DEFAULT]]


def reader_options(options: DataOptions) -> ReadOptions:
    """The options of the reader.

    Raises
    ------
    ConfigError
        An option has a value that is not allowed.
    """
    if options.stamp not in (None, "open", "close"):
        raise ConfigError(f"--stamp is {options.stamp!r}; expected open or close, the instant that a bar's time states")
    if options.duplicates not in ("refuse", "first", "last"):
        raise ConfigError(f"--duplicates is {options.duplicates!r}; expected refuse, first or last")
    if options.dates not in (None, "dmy", "mdy", "ymd"):
        raise ConfigError(f"--dates is {options.dates!r}; expected dmy, mdy or ymd: the order of day, month and year")
    fields = {name: getattr(options, name) for name in ("interval", "tz", "stamp", "duplicates", "dates", "adjusted")}
    return msgspec.convert({**fields, "symbols": options.symbol or ()}, ReadOptions)


class ChosenBars:
    """The bars of a run: those of ``--demo``, else those of ``--data``, else the bundled file.

    Raises
    ------
    UnknownNameError
        There is no such demo.
    ConfigError
        ``--data`` was given beside ``--demo``, or an option of the reader beside a demo that is not read from a file.
    DataError
        ``--data`` matches no file.

    >>> ChosenBars(DataOptions(None), "drift").words()
    ['--demo', 'drift']
    """

    def __init__(self, options: DataOptions, demo: str | None) -> None:
        self._options, self._demo = options, demo
        if demo is not None:
            _check_demo(demo, options)
        self.is_synthetic = demo == DRIFT
        self.files: Sequence[Path] = () if self.is_synthetic else files_of(options)

    @property
    def name(self) -> str:
        """A short name of the data."""
        if self.is_synthetic:
            return f"{DRIFT} (synthetic)"
        first = self.files[0].stem
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"

    def words(self) -> list[str]:
        """The choice as arguments of a command line."""
        return [*(() if self._demo is None else ("--demo", self._demo)), *self._options.words()]

    def read(self) -> ReplayFeed:
        """The feed. Raises DataError and ConfigError, see `alpha_pulse.feeds.reading.read`."""
        if self.is_synthetic:
            return drift()
        return ReplayFeed.from_data(read(self.files, reader_options(self._options)))


def _check_demo(demo: str, options: DataOptions) -> None:
    """Raises for a demo that does not exist, and for options beside it that would have no effect."""
    if demo not in DEMOS:
        raise UnknownNameError(f"--demo is {demo!r}{did_you_mean(demo, DEMOS)}")
    words = options.words()
    if options.data or (demo == DRIFT and words):
        raise ConfigError(
            f"--demo {demo} and {words[0]} were both given, but the bars of a demo are fixed; give only one of them"
        )


def with_files(result: bytes, feed: ReplayFeed) -> bytes:
    """A result as JSON, with the reports about the files and the notes added."""
    content = msgspec.json.decode(result)
    by_symbol = content.pop("by_symbol")
    content |= {"files": feed.files, "notes": feed.notes, "by_symbol": by_symbol}
    return msgspec.json.encode(content)
