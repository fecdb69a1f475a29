"""The views of an SQLite store show what the journal holds: each column, on a run in which everything happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.types import (
    AdaptationAction,
    AlarmResponse,
    Bar,
    DriftAlarm,
    Fill,
    Lot,
    Order,
    Prediction,
    RegimeChange,
    Signal,
    Units,
)
from alpha_pulse.engine.journal import Abstention, AdaptationRequest, DecisionRecord, ScoredTrade, StepRecord
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.stores import open_store
from alpha_pulse.stores.schema import VIEWS
from flow.outside import elsewhere, give, newest_signal
from flow.runs import RESTLESS, begun, restless

ELEMENTS: dict[str, type[msgspec.Struct]] = {
    "abstentions": Abstention,
    "adaptations": AdaptationAction,
    "alarm_responses": AlarmResponse,
    "alarms": DriftAlarm,
    "bars": Bar,
    "commands": Command,
    "expired": Expired,
    "fills": Fill,
    "labels": Label,
    "lots": Lot,
    "models": ModelReady,
    "orders": Order,
    "predictions": Prediction,
    "refusals": Refusal,
    "regimes": RegimeChange,
    "requests": AdaptationRequest,
    "scored_trades": ScoredTrade,
    "signals": Signal,
    "units": Units,
}
OF_THE_STEP = {"ts", "ts_event", "seq"}
NO_LISTS = {"ts", "features", "masked", "volatilities", "equity"}
EVENTFUL = {
    **RESTLESS,
    "learning.label_tolerance_bars": 5,
    "risk.max_order_fraction": 0.7,
    "execution.stop_volatilities": 3.0,
    "venue.tick_size": 0.001,
    "execution.min_order_fraction": 0.3,
}


def eventful() -> ReplayFeed:
    """The restless market with volumes, quotes, a hole, and a fall that leaves an order of bar 1,914 too small to trade."""
    columns = restless().columns
    size = columns.close.size
    level = np.where(np.arange(size) < 1_915, 1.0, 0.5)
    prices = {name: getattr(columns, name) * level for name in ("open", "high", "low", "close")}
    close = prices["close"]
    columns = msgspec.structs.replace(columns, **prices, volume=np.full(size, 100.0), bid=close * 0.9999, ask=close * 1.0001)
    return ReplayFeed(columns.pick(np.delete(np.arange(size), slice(2_000, 2_040))))


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("views") / "run.db"
    store = open_store(str(path), StoreConfig())
    system = begun(eventful(), EVENTFUL, store)
    while system.step():
        if system.feed.position == 600:
            system.command([Command("start", "MINE/direction", "logistic", 1, 2)])
            system.command([Command("update", "MINE/direction", examples=[LabelledExample("a", [0.5, 1.0], 1)])])
            system.command([Command("adapt", "SYN/direction", drift_type="performance")])
            system.serving.serving_strategy = "champion_challenger"
        if system.feed.position == 700:
            trade = newest_signal(system)
            assert give(system, trade, elsewhere(trade, 25))
    store.close()
    with closing(sqlite3.connect(path)) as db:
        yield db


def test_there_is_a_view_for_every_list() -> None:
    keys = {field.name for kind in (StepRecord, DecisionRecord) for field in msgspec.structs.fields(kind)}
    assert set(VIEWS) == set(ELEMENTS) == keys - NO_LISTS
    decided = {field.name for field in msgspec.structs.fields(DecisionRecord)}
    assert all((view.column == "decision") == (name in decided) for name, view in VIEWS.items())


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_has_the_fields_of_its_elements(name: str) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(ELEMENTS[name])}
    assert set(VIEWS[name].fields) == set(fields) - OF_THE_STEP
    if ELEMENTS[name].__struct_config__.omit_defaults:
        nothing = (None, msgspec.NODEFAULT)
        known = {
            field.name
            for field in fields.values()
            if field.default not in nothing or field.default_factory is not msgspec.NODEFAULT
        }
        assert set(VIEWS[name].left_out) == known - OF_THE_STEP
    else:
        assert not VIEWS[name].left_out


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_column_shows_something(name: str, journal: sqlite3.Connection) -> None:
    fields = (*VIEWS[name].fields, *VIEWS[name].more)
    filled = journal.execute(f"SELECT {', '.join(f'count({field})' for field in fields)} FROM {name}").fetchone()
    assert [field for field, count in zip(fields, filled, strict=True) if not count] == []


def test_what_the_journal_leaves_out_is_shown(journal: sqlite3.Connection) -> None:
    lists = ("labels", "scores"), ("labels", "trial"), ("scored_trades", "trial"), ("signals", "contributions")
    for name, field in (*lists, ("labels", "weight"), ("predictions", "quarantined")):
        assert journal.execute(f"SELECT count(*) FROM {name} WHERE {field} IS NULL").fetchone() == (0,), (name, field)


def test_names_lead_from_view_to_view(journal: sqlite3.Connection) -> None:
    served, labelled, late = (
        {name for (name,) in journal.execute(f"SELECT prediction_id FROM {view}")}
        for view in ("predictions", "labels", "expired")
    )
    assert labelled | late < served
    assert not labelled & late
    reason = journal.execute("SELECT json_extract(reasons, '$[0]') FROM refusals LIMIT 1").fetchone()
    assert isinstance(reason[0], str)
