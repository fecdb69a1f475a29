"""Every number of the page can be computed again from the files of an export, by other code.

Except these, each left out by name below where it is compared:

- The speed of the process, requests for predictions (they leave no trace), and the name and length of the data, of which only
  the bars so far are part of the run.
- The state of detectors: the blocks that a drift detector holds, and the regime detector's probabilities at the newest bar,
  which are recorded only with a change of regime. `alpha-pulse journal rebuild` computes both.
- The settings of the store, which are not part of a run.
- The trade-quality model's name, size and age, which are those of the program, and the scores of external sessions, whose
  predictions are not recorded.
- Intervals of differences between members, which depend on a bootstrap's draws; those of P&L are computed again.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import export_recount as recount
from alpha_pulse.core.config import Config, StoreConfig
from alpha_pulse.gateway.protocol import ALL, Page
from alpha_pulse.journal.export import export
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.memory import MemoryStore
from export_recount import TARGETS, Files
from flow.eventful import run_eventful
from flow.runs import INDICES, again, begun, bundled_feed

EVERYTHING = Page(limit=10_000)


class Shown(NamedTuple):
    """A run as the page shows it, and the files of its export."""

    page: LocalGateway
    files: Files


@pytest.fixture(scope="module", params=["eventful", "indices"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A run in which everything happens, and one with two symbols."""
    folder: Path = tmp_path_factory.mktemp("recount") / "tables"
    store = MemoryStore(StoreConfig())
    if request.param == "eventful":
        system = run_eventful(store)
    else:
        system = begun(again(bundled_feed(INDICES)).cut(1_900), None, store)
        while system.advance(64) == 64:
            pass
    gateway = LocalGateway(system, "made up")
    for _ in gateway.read_back():
        pass
    export(store, folder)
    return Shown(gateway, Files(folder))


class Compared:
    """Compares what is shown with what was computed; ``but`` are the fields that cannot be computed from an export."""

    def __init__(self, *but: str) -> None:
        self._left = set(but)
        self._but = but

    def same(self, response: Any, found: Any) -> None:
        self._same(msgspec.to_builtins(response), found, "")
        assert not self._left, f"{self._left} is not shown"

    def _same(self, real: Any, found: Any, where: str) -> None:
        if where in self._but:
            self._left.discard(where)
        elif isinstance(real, dict):
            missing = {f"{where}.{name}".lstrip(".") for name in set(real) ^ set(found)}
            assert missing <= set(self._but), (where, missing)
            self._left -= missing
            for name in set(real) & set(found):
                self._same(real[name], found[name], f"{where}.{name}".lstrip("."))
        elif isinstance(real, list | tuple):
            assert len(real) == len(found), where
            for number, (one, other) in enumerate(zip(real, found, strict=True)):
                self._same(one, other, where if isinstance(one, dict) else f"{where}[{number}]")
        elif isinstance(real, float) and found is not None:
            assert math.isclose(real, found, rel_tol=1e-9, abs_tol=2e-6), (where, real, found)
        else:
            assert real == found, (where, real, found)


def test_bars(shown: Shown) -> None:
    for symbol in shown.files.symbols:
        Compared().same(shown.page.bars(symbol, EVERYTHING), recount.bars(shown.files, symbol))
        Compared().same(shown.page.bars(symbol, Page(max_points=70)), recount.bars_in_buckets(shown.files, symbol, 70))


def test_equity(shown: Shown) -> None:
    Compared().same(shown.page.equity(EVERYTHING), recount.equity(shown.files))


def test_predictions(shown: Shown) -> None:
    for symbol in shown.files.symbols:
        for target in TARGETS:
            page = shown.page.predictions(symbol, target, EVERYTHING)
            Compared().same(page, recount.predictions(shown.files, symbol, target))


def test_scores_over_time(shown: Shown) -> None:
    for symbol in shown.files.symbols:
        for target in TARGETS:
            page = shown.page.metrics_history(symbol, target, EVERYTHING)
            Compared().same(page, recount.metrics_history(shown.files, symbol, target))
            page = shown.page.metrics_history(symbol, target, EVERYTHING, 70)
            Compared().same(page, recount.metrics_history(shown.files, symbol, target, 70))
            Compared().same(shown.page.reliability(symbol, target), recount.reliability(shown.files, symbol, target))


def test_fills_and_trades(shown: Shown) -> None:
    Compared().same(shown.page.fills(None, ALL, EVERYTHING), recount.fills(shown.files))
    Compared().same(shown.page.trades(None, ALL, EVERYTHING), recount.trades(shown.files))


def test_positions_and_books(shown: Shown) -> None:
    Compared().same(shown.page.positions(), recount.positions(shown.files))


def test_adaptations(shown: Shown) -> None:
    Compared().same(shown.page.adaptations(), recount.adaptations(shown.files))


def test_regimes(shown: Shown) -> None:
    """The detector's probabilities at the newest bar are part of its state, and are recorded only with a change of regime."""
    for symbol in shown.files.symbols:
        Compared("method", "probabilities").same(shown.page.regimes(symbol), recount.regimes(shown.files, symbol))


def test_sessions(shown: Shown) -> None:
    """The trade-quality model is a part of the program, of which the journal has only the scores."""
    statuses = {status.session_id: status for status in shown.page.sessions()}
    drifts = {status.session_id: status for status in shown.page.drift()}
    sessions = recount.loop_sessions(shown.files)
    assert {f"{symbol}/{target}" for symbol, target in sessions} == {
        name for name in statuses if statuses[name].source == "loop"
    }
    for symbol, target in sessions:
        name = f"{symbol}/{target}"
        of_trades = target == "trade_quality"
        status = Compared(*(("model_type", "horizon", "n_features") if of_trades else ()))
        status.same(statuses[name], recount.session(shown.files, symbol, target))
        scores = Compared(*(("model_type", "age_mean_s", "age_max_s") if of_trades else ()))
        scores.same(shown.page.session_scores(name), recount.session_scores(shown.files, symbol, target))
        # The blocks that a detector holds are its state.
        Compared("window_blocks").same(drifts[name], recount.drift(shown.files, symbol, target))


def test_the_run(shown: Shown) -> None:
    status = shown.page.status()
    # Requests for predictions leave no trace; a bootstrap's interval has a seed and an order of blocks.
    Compared("queries").same(status.counts, recount.counts(shown.files))
    found = recount.success_metrics(shown.files)
    intervals = [f"online_minus_batch.{target}.{end}" for target in TARGETS for end in ("low", "high")]
    intervals = [name for name in intervals if found["online_minus_batch"][name.split(".")[1]] is not None]
    Compared(*intervals).same(status.success_metrics, found)
    run = shown.files.run
    assert (status.run_id, status.config_hash, status.seq) == (run["run_id"], run["config_hash"], shown.files.seq)
    assert status.feed.bars_done == len(shown.files["bars"])
    newest = shown.files["bars"][-1]
    assert (status.ts_ms, status.bar_open_ms) == (recount.ms(newest["known_at"]), recount.ms(newest["open_time"]))
    assert list(status.books) == shown.files.books
    assert status.initial_cash == shown.files.config["execution"]["initial_cash"]


def test_the_configuration_in_effect(shown: Shown) -> None:
    config: dict[str, Any] = msgspec.json.decode(shown.files.run["config"])
    for command in shown.files.of("commands", kind="set"):
        section, _, key = command["setting"].partition(".")
        config[section][key] = msgspec.json.decode(command["value"])
    # Sections that are left out have their defaults.
    effective = msgspec.convert({**shown.page.config(), "store": {}}, Config)
    assert effective == msgspec.convert(config, Config)


def test_sessions_of_others(shown: Shown) -> None:
    started = shown.files.of("commands", kind="start")
    found = {status.session_id: status for status in shown.page.sessions() if status.source == "api"}
    assert set(found) == {command["session_id"] for command in started}
    for command in started:
        status = found[command["session_id"]]
        sent = [
            example["id"]
            for update in shown.files.of("commands", kind="update", session_id=command["session_id"])
            for example in msgspec.json.decode(update["examples"])
        ]
        names = ("model_type", "horizon", "n_features")
        assert [getattr(status, name) for name in names] == [command[name] for name in names]
        assert status.labels_used == len(sent)


def test_predictions_in_detail(shown: Shown) -> None:
    made = [row["prediction_id"] for row in shown.files["predictions"]]
    refused = [
        f"{row['symbol']}/direction/{recount.number_of(row['order_id'] or row['signal_id'])}" for row in shown.files["refusals"]
    ]
    for prediction_id in {*made[::151], made[-1], *refused[:3]}:
        Compared().same(shown.page.inspect(prediction_id), recount.inspection(shown.files, prediction_id))


def test_decisions_behind_fills(shown: Shown) -> None:
    for fill in shown.files["fills"][::401]:
        page = shown.page.inspect_fill(fill["fill_id"])
        Compared("fill").same(page, recount.inspection(shown.files, page.prediction_id))
        Compared().same(page.fill, recount.fill_out(fill))


def test_messages_of_the_stream(shown: Shown) -> None:
    busy = [row["seq"] for row in shown.files["adaptations"]]
    last = shown.files.seq
    for symbol in shown.files.symbols:
        for first, end in ((last, last), (last - 300, last), *((seq - 2, seq + 2) for seq in busy if seq > last - 1_500)):
            page = shown.page.steps(symbol, first, min(end, last))
            Compared().same(page, recount.step(shown.files, symbol, first, min(end, last)))
