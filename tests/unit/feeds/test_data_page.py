"""What docs/how-to/read-your-data.md says is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.data import bundled
from alpha_pulse.feeds import synthetic
from alpha_pulse.feeds.columns import PRICES
from alpha_pulse.feeds.replay import ReplayFeed

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "read-your-data.md").read_text(encoding="utf-8")


def block(opening: str) -> str:
    found = re.search(rf"```{opening}(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1].strip() + "\n"


def test_the_example_file_is_read_and_the_example_error_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("bars.csv")
    path.write_text(block("csv\n"), encoding="utf-8")
    assert ReplayFeed.from_file(path).total_bars == 2
    path.write_text(block("csv\n").replace("100.9", "99"), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        ReplayFeed.from_file(path)
    assert str(caught.value) == block("\n(?=file bars.csv)").strip()


def test_the_page_names_every_column_file_and_generator() -> None:
    for name in ("ts", "symbol", *PRICES, "volume", "bid_close", "ask_close", "random_walk", "regimes", "planted_signal"):
        assert f"`{name}`" in PAGE
    for name, path in bundled().items():
        feed = ReplayFeed.from_file(path)
        assert f"`{name}.parquet`" in PAGE
        assert f"{feed.total_bars // len(feed.symbols):,}" in PAGE
    assert all(hasattr(synthetic, name) for name in ("random_walk", "regimes", "planted_signal"))
