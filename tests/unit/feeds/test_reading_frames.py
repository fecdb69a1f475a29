"""Frames of Python programs are read by the code that reads files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.data import read

TIMES = [datetime(2024, 1, 2, 9, tzinfo=UTC) + timedelta(hours=at) for at in range(4)]
NUMBERS = {"Open": [10.0, 11, 12, 13], "High": [12.0, 13, 14, 15], "Low": [9.0, 10, 11, 12], "Close": [11.0, 12, 13, 14]}
WANTED = [12.0, 13, 14, 15]


@pytest.mark.parametrize(
    "frame",
    [
        {"time": TIMES, **NUMBERS},
        {"time": np.array([time.replace(tzinfo=None) for time in TIMES], dtype="datetime64[ns]"), **NUMBERS},
        {"time": [int(time.timestamp()) for time in TIMES], **{name: np.array(values) for name, values in NUMBERS.items()}},
        {"time": [time.isoformat() for time in TIMES], **NUMBERS},
        pl.DataFrame({"time": TIMES, **NUMBERS}),
        pl.DataFrame({"time": TIMES, **NUMBERS}).lazy(),
    ],
)
def test_frames_are_read(frame: Any, tmp_path: Path) -> None:
    data = read(frame, symbol="ABC", tz="UTC")
    assert data.bars.symbols == ("ABC",)
    assert data.bars.interval_ns == HOUR_NS
    assert data.bars.high.tolist() == WANTED
    assert data.bars.ts_start[0] == int(TIMES[0].timestamp()) * 10**9
    path = tmp_path / "ABC.parquet"
    pl.DataFrame({"time": TIMES, **NUMBERS}).write_parquet(path)
    again = read([path])
    for name, array in again.bars.arrays().items():
        np.testing.assert_array_equal(array, data.bars.arrays()[name])


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (5, "the frame is int, but a polars frame, a pandas frame, or a dict of arrays"),
        ({}, "the frame has no header that names its columns"),
        (
            {"time": [1, 2], "open": [1]},
            "the frame has columns of different lengths (1 and 2 rows); give columns of equal length",
        ),
        ({"time": 5}, "column 'time' has the shape ()"),
        ({"time": TIMES, **NUMBERS, "Low": [9.0, 10, -1, 12]}, "the frame, row 3: column 'Low' is -1"),
        (
            {"time": [time.replace(tzinfo=None) for time in TIMES], **NUMBERS},
            "row 1: column 'time' is 2024-01-02 09:00:00, which",
        ),
    ],
)
def test_what_cannot_be_read_is_named(frame: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read(frame)
    assert says in str(caught.value)


def test_options_are_those_of_files() -> None:
    assert read({"time": TIMES, **NUMBERS}, symbol="A").bars.symbols == ("A",)
    with pytest.raises(ConfigError, match=r"an option of read cannot be used: .*stamp"):
        read({"time": TIMES, **NUMBERS}, stamp="middle")  # type: ignore[arg-type]
