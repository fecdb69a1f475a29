from __future__ import annotations

import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.cli.reading import ChosenBars
from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.core.config import BatchConfig, Config, ExecutionConfig
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.data.demos import ABOUT, BARS, STRENGTH, drift
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.pages.run_page import run_page
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.reporting.tearsheet import make_tear_sheet, read_run
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore
from benchmarks.demo_drift import response

TUTORIAL = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
IDENTITY = "ea207e20110be94a232f840930e0a4738cf26a144f3ccd46c0d9bdfae666f9d9"


def test_the_bars_are_the_same_on_every_machine() -> None:
    assert (drift().identity, drift().total_bars) == (IDENTITY, BARS)


def test_the_returns_change_where_and_as_the_demo_says() -> None:
    feed = drift()
    returns = np.diff(np.log(feed.columns.close))
    edges = (0, *feed.change_points, BARS)
    for number, (start, end) in enumerate(pairwise(edges)):
        inside = returns[start : end - 1]
        correlation = float(np.corrcoef(inside[1:], inside[:-1])[0, 1])
        assert correlation == pytest.approx(STRENGTH * (-1) ** number, abs=0.08)
    assert feed.effects[:3] == ("moves begin to reverse", "moves begin to continue", "moves begin to reverse")


def test_a_result_says_that_the_bars_are_synthetic() -> None:
    assert check_data(Config(), drift()) == [ABOUT]
    assert check_data(Config(), random_walk(BARS, seed=1)) == []


def test_a_page_before_the_end_says_that_the_bars_are_synthetic() -> None:
    store, checks = MemoryStore(), iter(range(10))
    settings = Config(execution=ExecutionConfig(shadow_books=False), batch=BatchConfig(enabled=False))
    replay(settings, drift(), store, "demo", stopped=lambda: next(checks) > 0)
    content = read_run(store)
    assert content.result is None
    assert make_tear_sheet(content).warnings == [ABOUT]
    assert ABOUT[1:] in unescape(run_page(content))


def test_the_tutorial_says_what_follows_each_change() -> None:
    feed = drift()
    result = replay(Config(execution=ExecutionConfig(shadow_books=False)), feed, MemoryStore(), "demo")
    assert result is not None
    report = decode_report(result)
    assert report.warnings == [ABOUT]
    told: list[tuple[int | None, str | None]] = []
    for bar in feed.change_points:
        [row] = re.findall(rf"^\| [0-9:]+ \| {bar:,} \| (.*) \|$", TUTORIAL, re.MULTILINE)
        delay = re.search(r"[Aa]larm after (\d+) bars", row)
        outcome = re.search(r"accepted|\*\*rolled back\*\*", row)
        told.append((int(delay[1]) if delay else None, outcome[0].strip("*").replace(" ", "_") if outcome else None))
    found = response(feed, report)
    # The row of the first change is followed by one for its alarm and one for its verdict.
    assert told[0] == (None, None)
    assert found[0] == (166, "accepted")
    assert "**Alarm**, 166 bars later" in TUTORIAL
    assert told[1:] == found[1:]


@pytest.mark.parametrize(
    ("options", "demo", "words"),
    [
        (DataOptions(None), "drfit", "--demo is 'drfit'; did you mean 'drift'?"),
        (DataOptions(["x.csv"]), "eurusd", "--demo eurusd and --data were both given"),
        (DataOptions(None, tz="UTC"), "drift", "--demo drift and --tz were both given"),
    ],
)
def test_what_a_demo_cannot_be_is_refused(options: DataOptions, demo: str, words: str) -> None:
    with pytest.raises(AlphaPulseError) as caught:
        ChosenBars(options, demo)
    assert words in str(caught.value)


def test_the_bundled_year_is_a_demo_too() -> None:
    chosen = ChosenBars(DataOptions(None), "eurusd")
    assert chosen.read().identity == ChosenBars(DataOptions(None), None).read().identity
    assert (chosen.name, chosen.words()) == ("eurusd_1h_2017", ["--demo", "eurusd"])
