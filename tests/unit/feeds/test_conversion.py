"""What is imported reads back as what was read: the same bars, to the last bit, and nothing left to guess."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpha_pulse.core.bar_times import MONTH_NS
from alpha_pulse.core.durations import DAY_NS, HOUR_NS, MINUTE_NS, WEEK_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.bar_times import regular_starts
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.files.conversion import file_names, to_parquet
from alpha_pulse.feeds.files.provenance import KEY, Provenance, SourceFile, fingerprint, provenance_of
from alpha_pulse.feeds.interval import show_interval
from alpha_pulse.feeds.market_data import ReadOptions
from alpha_pulse.feeds.notes import Note
from alpha_pulse.feeds.quality.warnings import find_warnings
from alpha_pulse.feeds.reading import read
from alpha_pulse.feeds.replay import ReplayFeed
from layouts.all import LAYOUTS

NAMES = (
    "BTC/USDT",
    "EURUSD",
    "^GSPC",
    "ES 03-17",
    "a",
    "A",
    "Ünï",
    "con",
    "-x",
    ".hidden",
    "S&P 500",
    "x" * 150,
    "=1+1",
    "100",
)


def provenance(symbol: str, own: BarColumns) -> Provenance:
    source = SourceFile(name="a.csv", bytes=3, sha256="00", source="generic", title="a table of bars")
    note = Note(kind="gap", text="3 bars are missing", count=3, places=("A at 1970-01-01",))
    return Provenance(
        version="1",
        interval=show_interval(own.interval_ns),
        interval_ns=own.interval_ns,
        symbol=symbol,
        bars=own.code.size,
        files=(source,),
        options=ReadOptions(tz="UTC"),
        notes=(note,),
    )


def imported(bars: BarColumns, folder: Path) -> list[Path]:
    bars, names = bars.sorted_by_symbol(), file_names(bars.symbols, bars.interval_ns)
    for symbol, part in bars.symbol_slices():
        own = bars.pick(part)
        (folder / names[symbol]).write_bytes(to_parquet(own, provenance(symbol, own)))
    return sorted(folder.iterdir())


@st.composite
def tables(draw: st.DrawFn) -> BarColumns:
    """Bars of one to three symbols of any names, prices of any size, with gaps, and optionally volume and quotes."""
    symbols = tuple(sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3))))
    interval = draw(st.sampled_from([MINUTE_NS, HOUR_NS, 4 * HOUR_NS, DAY_NS, WEEK_NS, MONTH_NS]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = int(rng.integers(0, 1_500_000_000)) * 10**9 if interval < WEEK_NS else int(rng.integers(0, 2_000)) * WEEK_NS
    code, starts = [], []
    for place in range(len(symbols)):
        count = draw(st.integers(1, 40))
        slots = np.sort(rng.choice(2 * count, count, replace=False))
        code.append(np.full(count, place))
        starts.append(regular_starts(first, 2 * count, interval)[slots])
    size = sum(map(len, starts))
    low = np.exp(rng.uniform(-12, 12, size))
    high = low * (1 + rng.uniform(0, 0.1, size))
    inside = [low + (high - low) * rng.uniform(0, 1, size) for _ in range(2)]
    quotes = draw(st.booleans())
    return BarColumns(
        symbols=symbols,
        interval_ns=interval,
        code=np.concatenate(code).astype(np.int64),
        ts_start=np.concatenate(starts),
        open=np.clip(inside[0], low, high),
        high=high,
        low=low,
        close=np.clip(inside[1], low, high),
        volume=rng.uniform(0, 1e18, size) if draw(st.booleans()) else None,
        bid=np.clip(inside[1], low, high) * 0.999 if quotes else None,
        ask=np.clip(inside[1], low, high) * 1.001 if quotes else None,
    )


@settings(max_examples=60, deadline=None)
@given(tables())
def test_import_then_read_is_read(bars: BarColumns) -> None:
    with TemporaryDirectory() as place:
        data = read(imported(bars, Path(place)))
    assert data.interval_inferred is False
    assert ReplayFeed.from_data(data).identity == ReplayFeed(bars).identity


@pytest.mark.parametrize("name", sorted(LAYOUTS)[::6])
def test_what_tools_write_is_imported_as_it_is_read_and_has_nothing_odd(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    path = tmp_path / layout.file
    layout.write(layout.tables(), path)
    data = read([path], ReadOptions(**layout.options()))
    folder = tmp_path / "imported"
    folder.mkdir()
    assert ReplayFeed.from_data(read(imported(data.bars, folder))).identity == ReplayFeed.from_data(data).identity
    assert [note.kind for note in find_warnings(data.bars) if note.kind != "no_volume"] == []


@settings(max_examples=20, deadline=None)
@given(tables())
def test_equal_bars_give_equal_bytes_that_say_where_they_come_from(bars: BarColumns) -> None:
    symbol, part = list(bars.symbol_slices())[-1]
    own = bars.pick(part)
    content = to_parquet(own, provenance(symbol, own))
    assert content == to_parquet(own, provenance(symbol, own))
    with TemporaryDirectory() as place:
        path = Path(place, "x.parquet")
        path.write_bytes(content)
        assert provenance_of(path, "file x") == provenance(symbol, own)


def test_names_of_files_are_safe_and_differ() -> None:
    names = file_names(NAMES, HOUR_NS)
    assert len({name.lower() for name in names.values()}) == len(NAMES)
    for name in names.values():
        assert name.isascii()
        assert len(name) < 130
        assert not set(name) & set('/\\:*?"<>| \t')
        assert name[0] not in ".-"
        assert name.endswith("_1h.parquet")
    assert names["BTC/USDT"] == "BTC_USDT_1h.parquet"
    assert names["A"] != "A_1h.parquet"  # there is an "a" too
    assert names["con"].startswith("_")
    assert file_names(["BTC/USDT", "BTC_USDT"], DAY_NS)["BTC_USDT"].startswith("BTC_USDT-")


def test_a_parquet_of_others_has_no_provenance_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert provenance_of(path, "file x") is None
    pl.DataFrame({"a": [1]}).write_parquet(path, metadata={KEY: '{"interval": 5}'})
    with pytest.raises(DataError, match="import the bars again with this version"):
        provenance_of(path, "file x")


def test_a_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    found = fingerprint(path, "generic", "a table of bars")
    assert (found.name, found.bytes) == ("a.csv", 3)
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
