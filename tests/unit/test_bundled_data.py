from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.data import DEFAULT, bundled
from alpha_pulse.feeds.replay import ReplayFeed

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {
    "eurusd_1h_2017": ("8eda5f1c5276d219a54231d550b1a89e0917c55500017a79aab59f1284bae9c8", 6_225, 6_225),
    "sp500_nasdaq_1d_1999_2018": ("edf36d5bdb076183c1e4d0dfd92313e6bd01d89ef0daa41ea4779989752091d2", 10_062, 5_031),
}


def test_what_is_bundled_is_small_and_known() -> None:
    assert set(bundled()) == set(KNOWN)
    assert DEFAULT in bundled()
    assert sum(path.stat().st_size for path in bundled().values()) <= 2_000_000


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_bundled_file_is_what_it_was(name: str) -> None:
    feed = ReplayFeed.from_file(bundled()[name])
    assert (feed.identity, feed.total_bars, feed.total_slices) == KNOWN[name]
    assert feed.has_volume
    assert not feed.has_quotes
    bars = feed.columns
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_bundled_file_is_attributed_and_described(name: str) -> None:
    for page in ("NOTICE", "docs/how-to/read-your-data.md"):
        assert f"{name}.parquet" in (ROOT / page).read_text(encoding="utf-8")


def test_the_documented_facts_hold() -> None:
    indices = ReplayFeed.from_file(bundled()["sp500_nasdaq_1d_1999_2018"]).columns
    nasdaq, sp500 = (indices.pick(np.flatnonzero(indices.code == place)) for place in (0, 1))
    assert int(np.sum(sp500.open[1:] == sp500.close[:-1])) == 2_004
    assert nasdaq.volume is not None
    days = nasdaq.ts_start[nasdaq.volume == 0].astype("datetime64[ns]").astype("datetime64[D]")
    assert [str(day) for day in days] == ["2015-05-12", "2018-01-09"]
