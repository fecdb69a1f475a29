"""The declaration of a source: the layout of the files that one tool or vendor writes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from alpha_pulse.feeds.cells.column_names import plain
from alpha_pulse.feeds.cells.headerless import SPECIAL, matches_shape
from alpha_pulse.feeds.market_data import Stamp
from alpha_pulse.feeds.tables import Table


class LayoutExample(msgspec.Struct, frozen=True):
    """A file as the source writes it, for docs and tests; ``symbol`` is its symbol."""

    name: str
    text: str
    symbol: str
    tz: str | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The layout of the files of one source.

    Parameters
    ----------
    id, title
        A name for programs, and one for people.
    header
        Names of columns (as `alpha_pulse.feeds.cells.column_names.plain` writes them) that all its files have.
    lacks
        Names that none of them has.
    shape
        For files without a header: the meaning of each column, see `alpha_pulse.feeds.cells.headerless`.
    file_name
        A pattern that the file's name, without its ending, must match wholly; its groups ``symbol``, and
        where they are there ``quote`` and ``settle``, name the symbol (``BTC/USDT:USDT``).
    file_name_needed
        Whether a file whose name does not match belongs to another source.
    columns
        Our column (``ts``, ``ts_end``, ``clock``, ``open``, ``high``, ``low``, ``close``, ``volume``, ``symbol``, ...) and its
        plain name in these files, where the usual spellings do not find it.
    volumes
        Plain names of columns whose sum is the volume.
    stamp
        Whether times are the open or the close of bars; None where it is not known.
    tz
        The zone of naive times, where it is the same in all files.
    day_first
        Whether dates such as 01/02/2024 have the day first.
    above
        A pattern found in a line above the header of its files.
    levels
        Whether its header has two lines, of prices and of tickers.
    format
        A word that the table's format must contain, such as ``JSON``.
    unused
        Plain names of columns whose content differs from their name.
    price_scale
        The factor by which prices that are written as whole numbers are scaled; 0: prices are not scaled.
    """

    id: str
    title: str
    examples: tuple[LayoutExample, ...]
    header: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    file_name: str = ""
    file_name_needed: bool = False
    columns: Mapping[str, str] = {}
    volumes: tuple[str, ...] = ()
    stamp: Stamp | None = None
    tz: str | None = None
    day_first: bool | None = None
    above: str = ""
    levels: bool = False
    format: str = ""
    unused: tuple[str, ...] = ()
    price_scale: int = 0

    def strength(self, table: Table) -> float:
        """How well a table matches this source; 0 where it does not. The source with the greatest value is chosen."""
        named = bool(self.file_name) and re.fullmatch(self.file_name, stem(table.name), re.IGNORECASE) is not None
        if self.file_name_needed and not named:
            return 0.0
        name = 25.0 if self.file_name_needed else 5.0 * named
        if self.format not in table.format:
            return 0.0
        if self.levels and "levels" not in table.metadata:
            return 0.0
        if self.above and not any(re.search(self.above, line, re.IGNORECASE) for line in table.preamble):
            return 0.0
        if table.header:
            short = {plain(name) for name in table.header}
            if not self.header or not short.issuperset(self.header) or short.intersection(self.lacks):
                return 0.0
            return 10.0 * len(self.header) + name + 30.0 * (self.levels + bool(self.above))
        if not self.shape or not matches_shape(self.shape, table.sample):
            return 0.0
        return 10.0 * len(self.shape) + name + sum(meaning in SPECIAL for meaning in self.shape)

    def symbol_of(self, name: str) -> str | None:
        """The symbol in a file's name, where the pattern has one."""
        if not self.file_name:
            return None
        match = re.fullmatch(self.file_name, stem(name), re.IGNORECASE)
        if match is None or "symbol" not in match.groupdict():
            return None
        groups = match.groupdict()
        quote, settle = groups.get("quote"), groups.get("settle")
        return match["symbol"] + (f"/{quote}" if quote else "") + (f":{settle}" if settle else "")


_ENDINGS = re.compile(
    r"(?:\.(?:csv|txt|tsv|json|jsonl|ndjson|parquet|pq|feather|ft|arrow|ipc|prn|gz|zip|bz2|xz|zst|zstd|dat|asc))+$",
    re.IGNORECASE,
)


def stem(name: str) -> str:
    """A file's name without its endings.

    >>> stem("BTC_USDT-1h.json.gz"), stem("aapl.us.txt")
    ('BTC_USDT-1h', 'aapl.us')
    """
    return _ENDINGS.sub("", name)
