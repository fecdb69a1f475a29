from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from alpha_pulse.cli.reading import ChosenBars
from alpha_pulse.cli.reading_options import DataOptions
from alpha_pulse.core.config import Config, ExecutionConfig
from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.data.demos import ABOUT, BARS, PERIOD, STRENGTH, drift
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.reporting.data_checks import check_data
from alpha_pulse.reporting.report import decode_report
from alpha_pulse.runtime.replay import replay
from alpha_pulse.stores.memory import MemoryStore

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


def test_the_first_change_leads_to_an_alarm_and_to_an_accepted_adaptation() -> None:
    config = Config(execution=ExecutionConfig(shadow_books=False))
    bars = drift().cut(PERIOD + 700)
    result = replay(config, bars, MemoryStore(), "demo")
    assert result is not None
    report = decode_report(result)
    [alarm] = [alarm for alarm in report.drift_alarm_list if (alarm.target, alarm.monitored) == ("direction", "errors")]
    assert PERIOD < (alarm.ts - bars.first_ts) // bars.interval_ns < PERIOD + 200
    [action] = report.adaptation_list
    assert (action.cause, action.kind, action.status) == (f"drift:{alarm.alarm_id}", "reset", "accepted")


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
