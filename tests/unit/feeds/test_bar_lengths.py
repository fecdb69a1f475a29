"""No bar is known before it is over: bars of another length, and ends that are too early, are refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from alpha_pulse.core.durations import DAY_NS, HOUR_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.feeds.market_data import MarketData, ReadOptions
from alpha_pulse.feeds.reading import read

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
START = 1_704_067_200


def table(*stretches: tuple[int, int], start: int = START) -> str:
    """Bars in stretches of a step (s) and a number of them."""
    rows, at = ["time,open,high,low,close"], start
    for step, count in stretches:
        for _ in range(count):
            rows.append(f"{at},10,11,9,10")
            at += step
    return "\n".join(rows) + "\n"


def both(folder: Path, first: str, second: str, **options: object) -> MarketData:
    paths = [folder / "A_x.csv", folder / "B.csv"]
    for path, text in zip(paths, (first, second), strict=True):
        path.write_text(text.replace("time,", "time,symbol,").replace(",10,11", ",A,10,11"), encoding="utf-8")
    return read(paths, ReadOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (((HOUR, 50),), ((DAY, 50),), "B.csv, row 1: from 2024-02-10 00:00:00 UTC on, bars of A are 1d apart"),
        (((HOUR, 50),), ((DAY, 4),), "1d apart, but other bars last 1h"),
        (((HOUR, 50),), ((MINUTE, 50),), "1h apart, but other bars last 1m"),
        (((DAY, 40),), ((WEEK, 10),), "1w apart, but other bars last 1d"),
    ],
)
def test_files_of_bars_of_two_lengths_are_not_joined(
    tmp_path: Path, first: tuple[tuple[int, int]], second: tuple[tuple[int, int]], says: str
) -> None:
    texts = table(*first), table(*second, start=START + 40 * DAY)
    with pytest.raises(DataError, match=says):
        both(tmp_path, *texts)
    stated = both(tmp_path, *texts, interval="1m" if "1m" in says else "1h")
    assert [note.kind for note in stated.notes if note.kind == "short_interval"] == ["short_interval"]


@pytest.mark.parametrize(
    "stretches",
    [((DAY, 30), (HOUR, 300)), ((HOUR, 300), (DAY, 30), (HOUR, 300)), ((WEEK, 30), (DAY, 300)), ((30 * DAY, 24), (DAY, 300))],
)
def test_a_long_stretch_of_longer_bars_in_one_file_is_refused(tmp_path: Path, stretches: tuple[tuple[int, int], ...]) -> None:
    path = tmp_path / "A.csv"
    path.write_text(table(*stretches), encoding="utf-8")
    with pytest.raises(DataError, match="read them separately, or state the length of all bars with --interval"):
        read([path])


def test_a_few_bars_far_apart_are_gaps_and_no_longer_bars(tmp_path: Path) -> None:
    gaps = table((HOUR, 50)), table((37 * HOUR, 2), (5 * HOUR, 3), (HOUR, 2), (9 * HOUR, 3), start=START + 40 * DAY)
    assert both(tmp_path, *gaps).bars.interval_ns == HOUR_NS
    weekend = table((DAY, 5)), table((3 * DAY, 1), (DAY, 3), (4 * DAY, 1), start=START + 11 * DAY)
    assert both(tmp_path, *weekend).bars.interval_ns == DAY_NS


def ended(first: str, length: int, path: Path) -> Path:
    frame = pl.DataFrame({"ts": [START + HOUR * at for at in range(9)]})
    starts = pl.col("ts") * 1_000_000_000
    frame = frame.select(
        starts.cast(pl.Datetime("ns", "UTC")).alias("ts"),
        (starts + length).cast(pl.Datetime("ns", "UTC")).alias("ts_end"),
        *(
            pl.lit(value).alias(name)
            for name, value in {"symbol": "A", "open": 1.0, "high": 2.0, "low": 1.0, "close": 1.5}.items()
        ),
    )
    frame.write_parquet(path) if first == "parquet" else frame.write_csv(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_stated_end_is_not_believed_where_the_bar_is_not_over(kind: str, tmp_path: Path) -> None:
    for early in (1, HOUR_NS // 2, HOUR_NS - 10**9):
        with pytest.raises(DataError, match=r"row 1: column 'ts_end' is 2024-01-01 00:.* lasts until 2024-01-01 01:00"):
            read([ended(kind, early, tmp_path / f"A.{kind}")])
    bars = read([ended(kind, HOUR_NS, tmp_path / f"A.{kind}")]).bars
    assert (bars.ends() - bars.ts_start == HOUR_NS).all()
