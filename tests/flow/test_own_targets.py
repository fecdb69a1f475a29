"""Own targets in a run: predicted, labelled from later bars only, learned and scored, and the same for all sizes of blocks."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import alpha_pulse as ap
from alpha_pulse.core.errors import ConfigError, FeatureError, StoreError
from alpha_pulse.core.user_code.names import path_of
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.journal.export import frames
from alpha_pulse.reporting.report import make_report
from alpha_pulse.reporting.tearsheet import read_run
from alpha_pulse.reporting.tearsheet.sheet import make_tear_sheet
from alpha_pulse.runtime.local_gateway import LocalGateway
from alpha_pulse.stores.memory import MemoryStore
from flow.runs import LEAN, Done, begun, finished, late_and_with_holes, run, with_future
from own_targets import HORIZONS, Row, barriers, column, naive_label

BARS = 420
OWN = {**LEAN, "targets.own": [f"own_targets:{name}" for name in HORIZONS], "store.checkpoint_steps": 50}


def market() -> ReplayFeed:
    """Two symbols; one begins late, the other has holes."""
    both = Market(symbols=("EARLY", "LATE"), volatility=0.02, has_volume=True)
    return late_and_with_holes(random_walk(BARS, 5, both), late=60)


@cache
def whole() -> Done:
    return run(market(), OWN)


def test_each_label_is_that_of_the_bars_after_its_prediction() -> None:
    bars: dict[str, list[Row]] = {"EARLY": [], "LATE": []}
    numbers: dict[tuple[str, int], int] = {}
    seen = {name: [0, 0, 0] for name in HORIZONS}
    for record in whole().records:
        for bar in record.bars:
            optional = [math.nan if value is None else value for value in (bar.volume, bar.bid, bar.ask)]
            bars[bar.symbol].append((bar.ts_event, bar.open, bar.high, bar.low, bar.close, *optional))
            numbers[bar.symbol, bar.seq] = len(bars[bar.symbol])
        for label in record.labels:
            if label.target in HORIZONS:
                symbol, name, seq = label.prediction_id.split("/")
                number = numbers[symbol, int(seq)]
                assert len(bars[symbol]) == number + HORIZONS[name]
                assert label.label == naive_label(name, bars[symbol], number), label
                assert label.value == pytest.approx(math.log(bars[symbol][-1][4] / bars[symbol][number - 1][4]))
                assert label.weight == 1.0
                seen[name][2 if label.label is None else label.label] += 1
    assert all(min(count[:2]) > 40 for count in seen.values()), seen
    assert min(seen[name][2] for name in ("column", "calmer")) > 40


def divided(sizes: Iterable[int], stop: int) -> Done:
    """The run in blocks of these sizes, over and over; at slice ``stop`` another system goes on with it."""
    store, each = MemoryStore(), itertools.cycle(sizes)
    system = begun(market(), OWN, store)
    while system.feed.position < stop:
        system.advance(min(next(each), stop - system.feed.position))
    return finished(begun(market(), OWN, store, resume=True), sizes)


@settings(max_examples=5)
@given(st.lists(st.one_of(st.integers(1, 12), st.integers(1, BARS)), min_size=1, max_size=6), st.integers(1, BARS - 1))
def test_any_division_leads_to_the_same(sizes: list[int], stop: int) -> None:
    done = divided(sizes, stop)
    assert done.steps == whole().steps
    assert done.state == whole().state


def test_the_future_changes_nothing_before() -> None:
    feed = random_walk(300, 3)
    wanted = run(feed, OWN).steps[:200]
    assert run(with_future(random_walk(300, 3), 200, seed=1), OWN).steps[:200] == wanted


def test_they_are_scored_exported_and_change_no_trade() -> None:
    done, plain = whole(), run(market(), LEAN)
    assert done.fills == plain.fills
    assert [p for p in done.predictions if p.target not in HORIZONS] == plain.predictions
    labels = frames.tables(done.system.store)["labels"]
    assert set(labels["target"].unique()) == {"volatility", "direction", *HORIZONS}
    assert LocalGateway(done.system, "own").status().targets == ("volatility", "direction", *HORIZONS)
    session = done.system.learning.session("EARLY", "pays")
    known = [label for label in done.labels if (label.symbol, label.target) == ("EARLY", "pays") and label.label is not None]
    assert (session.labels_used, session.spec.horizon) == (len(known), 5)


def test_the_tear_sheet_of_an_unfinished_run_scores_them_too() -> None:
    system = whole().system
    assert system.store.result() is None
    sheet, result = make_tear_sheet(read_run(system.store)), make_report(system)
    assert list(sheet.scores) == ["volatility", "direction", *HORIZONS]
    assert sheet.scores == result.metrics
    assert sheet.reliability == result.reliability


def test_functions_are_passed_and_the_result_contains_their_scores() -> None:
    stored = ap.replay(
        "eurusd_1h_2017", targets={"own": [barriers, column]}, batch={"enabled": False}, store="memory://", progress=False
    )
    assert stored.config.targets.own == ("own_targets:barriers", "own_targets:column")
    assert {"barriers", "column"} <= set(stored.labels["target"].unique())
    assert stored.metrics["barriers.served.labels"] == stored.labels.filter(target="barriers", status="scored").height


MODULE = """
import alpha_pulse as ap

@ap.target(horizon=4)
def up(known, later):
    return {result}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, for a module of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def written(folder: Path, source: str) -> None:
    sys.modules.pop("moving", None)
    (folder / "moving.py").write_text(source, encoding="utf-8")


MOVING = {**LEAN, "targets.own": ["moving:up"]}


def test_a_run_is_not_resumed_with_a_changed_module(folder: Path) -> None:
    written(folder, MODULE.format(result="later.close[-1] > known.close[-1]"))
    store = MemoryStore()
    begun(random_walk(200, 3), MOVING, store).advance(150)
    begun(random_walk(200, 3), MOVING, store, resume=True)
    written(folder, MODULE.format(result="later.close[-1] > known.open[-1]"))
    with pytest.raises(StoreError, match="the configuration differs"):
        begun(random_walk(200, 3), MOVING, store, resume=True)


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("later.close[-1]", "expected 1, 0, or NaN where there is no label"),
        ("later.close[4]", "it raised IndexError"),
        ("later.close", "it returned array(["),
    ],
)
def test_a_violated_contract_names_function_symbol_and_bar(folder: Path, result: str, sentence: str) -> None:
    written(folder, MODULE.format(result=result))
    with pytest.raises(FeatureError, match=r"own target 'moving:up' failed for the prediction at bar 1 of SYN") as caught:
        run(random_walk(200, 3), MOVING)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def up(known, later): return 1", "states no horizon"),
        (
            MODULE.format(result="1").replace("(horizon=4)", ""),
            r"FeatureError: @target above 'up' states no horizon; write @target\(horizon=...\), such as @target\(horizon=12\)",
        ),
        (MODULE.format(result="1").replace("horizon=4", ""), "FeatureError: @target states no horizon"),
        (MODULE.format(result="1").replace("horizon=4", "horizon=0"), "expected 1 to 1,000 bars"),
    ],
)
def test_what_cannot_be_a_target_is_refused(folder: Path, source: str, sentence: str) -> None:
    written(folder, source)
    with pytest.raises(Exception, match=sentence):
        begun(random_walk(200, 3), MOVING)


def test_a_name_of_another_target_is_refused(folder: Path) -> None:
    written(folder, MODULE.format(result="1").replace("def up", "def direction"))
    with pytest.raises(ConfigError, match="the name of another target, 'direction'"):
        begun(random_walk(200, 3), {"targets.own": ["moving:direction"]})


def test_ready_made_targets_refuse_what_they_cannot_use() -> None:
    assert path_of(barriers) == "own_targets:barriers"
    for make in (
        lambda: ap.triple_barrier(upper=0.0, lower=1.0, horizon=5),
        lambda: ap.triple_barrier(upper=1.0, lower=1.0, horizon=5, span=1),
        lambda: ap.return_over_cost(cost_bps=-1.0, horizon=5),
        lambda: ap.target(horizon=1_001),
        lambda: ap.target(horizon=2.5),  # type: ignore[arg-type]
        lambda: ap.feature(warmup="3"),  # type: ignore[arg-type]
    ):
        with pytest.raises(FeatureError):
            make()
