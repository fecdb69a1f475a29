"""The golden runs: a market, settings, and what is to be seen in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from alpha_pulse.feeds.replay import ReplayFeed
from flow.runs import EURUSD, Done, again, bundled_feed, run

from . import markets

ADAPTIVE = {
    "batch.train_bars": 1_500,
    "adaptation.drift_threshold": 0.3,
    "adaptation.boost_labels": 150,
    "adaptation.cooldown_labels": 50,
}
"""Training, alarms, trials and their ends all happen within a few thousand bars."""


class GoldenRun(msgspec.Struct, frozen=True):
    """``happens``: the kinds of events (see `golden.tables`) that the run must show, or it proves little."""

    feed: Callable[[], ReplayFeed]
    settings: dict[str, Any]
    happens: tuple[str, ...] = ()

    def finish(self, sizes: Iterable[int] = (1,)) -> Done:
        """From the first bar to the last, in blocks of these sizes, over and over."""
        return run(self.feed(), self.settings, sizes=sizes)


def _eurusd() -> ReplayFeed:
    return again(bundled_feed(EURUSD))


RUNS = {
    "eurusd": GoldenRun(_eurusd, {}, ("model", "regime")),
    "restless": GoldenRun(markets.restless, ADAPTIVE, ("model", "alarm", "opened", "accepted", "rolled_back")),
    "champion": GoldenRun(
        markets.champion,
        {**ADAPTIVE, "serving.strategy": "champion_challenger", "serving.calibration": "beta", "adaptation.on_regime": "boost"},
        ("model", "alarm", "opened"),
    ),
    "several": GoldenRun(markets.several, {**ADAPTIVE, "learning.label_entry": "next_open"}, ("model", "alarm")),
    "quotes": GoldenRun(
        markets.quotes,
        {**ADAPTIVE, "execution.entry_rule": "cost_aware", "learning.label_tolerance_bars": 40, "learning.min_move_bps": 5.0},
        ("model", "expired"),
    ),
    "jumps": GoldenRun(
        markets.jumps,
        {
            **ADAPTIVE,
            "batch.enabled": False,
            "execution.initial_cash": 1_000.0,
            "execution.target_volatility": 20.0,
            "risk.max_position_fraction": 4.0,
            "risk.max_order_fraction": 8.0,
            "risk.max_daily_loss_fraction": 1.0,
        },
        ("refusal",),
    ),
    "levels": GoldenRun(
        markets.levels,
        {**ADAPTIVE, "batch.enabled": False, "adaptation.on_regime": "reset", "learning.model": "logistic"},
        ("regime", "opened"),
    ),
}
QUICK = "jumps"
"""The one that every test run makes again."""
