"""pandas is not a dependency: its frames are read without it, and every table can become one where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

import alpha_pulse as ap
from alpha_pulse.evaluation.streams.generated import sea
from alpha_pulse.feeds.synthetic import random_walk

LEAN: dict[str, Any] = {"batch": {"enabled": False}, "store": "memory://", "progress": False, "symbol": "WALK"}
COLUMNS = random_walk(300, seed=1).columns
PRICES = {name: getattr(COLUMNS, name) for name in ("open", "high", "low", "close")}
TIMES = pd.DatetimeIndex(COLUMNS.ts_start.astype("M8[ns]"))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"time": TIMES.tz_localize("UTC"), **PRICES}),
        pd.DataFrame(PRICES, index=TIMES.tz_localize("UTC")),
        pd.DataFrame(PRICES, index=TIMES.tz_localize("UTC").tz_convert("Asia/Tokyo").rename("Date")),
        pd.DataFrame({"timestamp": COLUMNS.ts_start // 10**6, **PRICES}),
        pd.DataFrame({"time": TIMES.strftime("%Y-%m-%dT%H:%M:%SZ"), **PRICES}),
    ],
    ids=["column", "index", "zone", "milliseconds", "text"],
)
def test_a_pandas_frame_gives_the_same_run_as_arrays(frame: pd.DataFrame) -> None:
    run, same = ap.replay(frame, **LEAN), ap.replay({"time": COLUMNS.ts_start, **PRICES}, **LEAN)
    assert run.result is not None
    assert same.result is not None
    assert run.result.decisions_sha256 == same.result.decisions_sha256


def test_times_without_a_zone_are_refused_with_the_option() -> None:
    with pytest.raises(ap.AlphaPulseError, match=r"the frame.*tz"):
        ap.replay(pd.DataFrame(PRICES, index=TIMES), **LEAN)
    run = ap.replay(pd.DataFrame(PRICES, index=TIMES), **LEAN, tz="UTC")
    assert run.metrics["bars"] == 300


def test_tables_become_pandas_frames() -> None:
    run = ap.replay({"time": COLUMNS.ts_start, **PRICES}, **LEAN)
    equity = run.equity.to_pandas()
    assert equity["equity_cash"].tolist() == run.equity["equity_cash"].to_list()
    assert str(equity["open_time"].dt.tz) == "UTC"
    for table in ("lots", "fills", "predictions", "labels", "features", "adaptations", "models"):
        assert run.table(table).to_pandas().columns.tolist() == run.table(table).columns


def test_examples_may_be_pandas_frames_and_series() -> None:
    stream = sea(600)
    features = pd.DataFrame(stream.features, columns=["a", "b", "c"], index=pd.date_range("2020", periods=600))
    labels = pd.Series(np.where(stream.labels == 1, "up", "down"), index=features.index)
    expected = ap.evaluate("logistic", stream.features, stream.labels, progress=False).evaluation.models[0].state_sha256
    for X, y in ((features, labels), (features.assign(kind=labels), "kind")):
        assert ap.evaluate("logistic", X, y, progress=False).evaluation.models[0].state_sha256 == expected
