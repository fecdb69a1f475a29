"""Makes the stores in this folder with whatever version of the program is on the path; see README.md."""

from __future__ import annotations

import lzma
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np

from alpha_pulse.core.config import Config
from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.types import Lot, TradeOutcome
from alpha_pulse.engine.system import System
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import START_NS, Market, planted_signal
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.reporting.report import encode_report, make_report
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import SCHEMA_VERSION

BARS, SLICES, STOPPED_AT = 360, 310, 130
PRICES = ("open", "high", "low", "close")
SETTINGS = {
    "adaptation": {"drift_threshold": 0.3, "boost_labels": 40, "cooldown_labels": 20},
    "execution": {"target_volatility": 0.4},
    "store": {"checkpoint_steps": 5_000},
}


def config() -> Config:
    """The settings of both runs."""
    return msgspec.convert(SETTINGS, Config)


def feed() -> ReplayFeed:
    """Two symbols with volume; a signal that can be learned turns round, and one symbol lacks bars."""
    market = Market(symbols=("LEFT", "RIGHT"), has_volume=True)
    columns: BarColumns = planted_signal(BARS, 29, [180], market, strength=0.9).columns
    rounded = {name: np.round(getattr(columns, name), 3) for name in PRICES}
    assert columns.volume is not None
    columns = msgspec.structs.replace(columns, volume=np.round(columns.volume), **rounded)
    kept = ~((columns.code == 1) & (np.tile(np.arange(BARS), 2) % 50 == 7))
    return ReplayFeed(columns.pick(np.flatnonzero(kept))).cut(SLICES)


def commands() -> dict[int, list[Command]]:
    """Commands by the number of slices before them."""
    opened, closed, signal = START_NS + 288 * HOUR_NS, START_NS + 290 * HOUR_NS, "combined/LEFT/286"
    lot = Lot("mine-1", "external", "LEFT", -900, opened, closed, 97.6, 97.5, 9_000, 400, 8_600, "mine-1", "mine-1", signal)
    outcome = TradeOutcome(lot, signal, None, 8_600, 0.001, closed, closed - opened)
    examples = [LabelledExample(str(number), [0.5, -float(number)], number % 2) for number in range(3)]
    return {
        120: [Command("start", "MINE/direction", model_type="logistic", horizon=1, n_features=2)],
        121: [Command("update", "MINE/direction", examples=examples)],
        200: [Command("set", "*", setting="adaptation.accuracy_threshold", value=0.55)],
        240: [Command("adapt", "RIGHT/direction", drift_type="performance")],
        290: [Command("outcome", "LEFT/trade_quality", outcome=outcome)],
    }


def advance(system: System, slices: int) -> None:
    """Process slices and the commands between them up to that many slices in all."""
    planned = {position: due for position, due in commands().items() if system.feed.position < position <= slices}
    for position in [*planned, slices]:
        system.advance(position - system.feed.position)
        if position in planned:
            system.command(planned[position])


def make(path: Path, *, finish: bool) -> None:
    """One store."""
    with closing(open_store(str(path), config().store)) as store:
        system = System(config(), feed(), store)
        system.begin("fixture", resume=False)
        advance(system, SLICES if finish else STOPPED_AT)
        if finish:
            store.finish(encode_report(make_report(system)))


if __name__ == "__main__":
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        for name in ("finished", "stopped"):
            path = Path(folder, f"{name}.db")
            make(path, finish=name == "finished")
            for ending in ("", ".head"):
                content = Path(f"{path}{ending}").read_bytes()
                target = here / f"version{SCHEMA_VERSION}_{name}.db{ending}.xz"
                target.write_bytes(lzma.compress(content))
                print(target.name, len(content), target.stat().st_size, file=sys.stderr)
