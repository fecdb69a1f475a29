"""Structs become rows of the tables of a store, and the same structs again."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.types import (
    AdaptationAction,
    AlarmResponse,
    Contribution,
    DriftAlarm,
    Fill,
    Lot,
    Order,
    RegimeChange,
    Signal,
    TradeOutcome,
    Units,
)
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.journal.block import RowCollector
from alpha_pulse.journal.records import AdaptationRequest, ScoredTrade
from alpha_pulse.journal.rows import STRUCTS, MissingReason, from_row, to_row
from alpha_pulse.learning.commands import Command, LabelledExample
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.stores.base import Block
from alpha_pulse.stores.block_checks import check_block
from alpha_pulse.stores.tables import TABLES

OWN = Lot("ml/X/9/f/2", "ml", "X", -40, 1, 2, 1.5, 1.25, 10, 3, 7, "ml/X/4/f", "ml/X/9/f", "ml/X/4", "X/direction/4")
OUTSIDE = msgspec.structs.replace(OWN, lot_id="7", book="broker", open_fill_id="a", close_fill_id="b", net_pnl=5)
OUTCOME = TradeOutcome(OUTSIDE, "ml/X/4", None, 5, 0.25, 2, 1)
SAMPLES: list[tuple[str, msgspec.Struct]] = [
    ("adaptations", AdaptationAction("X/direction/action/1", "boost", "X", "direction", 5, "drift:a", "because")),
    ("adaptations", AdaptationAction("b", "reset", "X", "volatility", 5, "request", "é", "rolled_back", 9, -0.0, 80)),
    ("alarm_responses", AlarmResponse("a", "X", "direction", 5, "acted", "because", "X/direction/action/1")),
    ("alarm_responses", AlarmResponse("a", "X", "direction", 5, "skipped", "because")),
    ("alarms", DriftAlarm("a", "adwin", "X", "direction", 5, 100, 0.25, 70, 3)),
    ("alarms", DriftAlarm("a", "psi", "X", "direction", 5, 100, 0.25, 70, 3, 0.5, "features", ("ret_1", 'say "x"'))),
    ("commands", Command("start", "Y/mine", "logistic", 1, 3)),
    ("commands", Command("update", "Y/mine", examples=[LabelledExample("1", [0.5, -1.0, 2.0], 1)])),
    ("commands", Command("update", "Y/mine", examples=[])),
    ("commands", Command("outcome", "X/trade_quality", outcome=OUTCOME)),
    ("commands", Command("set", "*", setting="serving.strategy", value="ensemble")),
    ("commands", Command("set", "*", setting="adaptation.accuracy_threshold", value=0.55)),
    ("fills", Fill("ml/X/9/f", "ml/X/9", "ml", "X", 5, -40, 1.25, 1.26, 3, 0, "ml/X/9", "X/direction/9")),
    ("fills", Fill("ml/X/9/stop/f", "ml/X/9/stop", "ml", "X", 5, 40, 1.25, 1.26, 3, 0, "rules/X/9")),
    ("fills", Fill("ml/X/9/f", "ml/X/9", "ml", "X", 5, 40, 1.25, 1.26, 3, 0, "ml")),
    ("fills", Fill("given", "by a venue", "ml", "X", 5, 40, 1.25, 1.26, 3, 0, "a signal", "query/3")),
    ("lots", OWN),
    ("lots", msgspec.structs.replace(OWN, open_fill_id="old/f", signal_id="x", prediction_id="query/1")),
    ("lots", msgspec.structs.replace(OWN, lot_id="given/0", close_fill_id="given", prediction_id=None)),
    ("missing", MissingReason("X", "direction", "lightgbm", "one label only")),
    ("models", ModelReady("lightgbm", "X/direction", "ab" * 32, 1_500, 5, 6)),
    ("orders", Order("ml/X/9", "ml", "X", 5, "market", 40, "ml/X/9", "X/direction/9", None, -0.0)),
    ("orders", Order("ml/X/9/stop", "ml", "X", 5, "stop", -40, "ml/X/9", None, 1.125)),
    ("orders", Order("ml/X/9", "ml", "X", 5, "market", 40, "combined/X/9", "query/3", None, 0.5)),
    ("refusals", Refusal("ml", "X", "ml/X/9", ("too large", "too late"))),
    ("refusals", Refusal("ml", "X", "ml/X/9", ("too large",), "ml/X/9")),
    ("regimes", RegimeChange("X/regime/1", "X", 5, "volatility", None, "calm", 0.9, 3, 0.5, (0.9, 0.1, 0.0))),
    ("regimes", RegimeChange("X/regime/2", "X", 5, "trend", "calm", "calm", 0.9, 3, 0.5, ())),
    ("requests", AdaptationRequest("X/direction", "*")),
    ("scored_trades", ScoredTrade("ml/X/9/f/0", "X", 1, [0.5, None, 0.25], [0.5, 0.75])),
    ("scored_trades", ScoredTrade("broker/7", "X", 0, [])),
    ("signals", Signal("mine/X/9", "mine", "X", 5, -0.5, None, -0.5)),
    ("signals", Signal("mine/X/9", "mine", "X", 5, 0.5, 0.9, 0.0, 1.0, "X/direction/9", (Contribution("s", "a", 1.0, 0.5),))),
    ("units", Units("X", 2, 6)),
    ("units", Units("X", 2, 6, 100, 1_000, 0.001)),
]


def test_there_are_samples_of_every_table() -> None:
    assert {table for table, _ in SAMPLES} == set(STRUCTS) == set(TABLES)
    assert all(type(struct) is STRUCTS[table] for table, struct in SAMPLES)


@pytest.mark.parametrize(("table", "struct"), SAMPLES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_store_accepts_the_row_of_a_struct_and_the_struct_comes_back(table: str, struct: msgspec.Struct) -> None:
    row = to_row(7, 3, table, struct)
    assert row[:2] == (7, 3)
    check_block(Block(7, 1, 0, 0, "{}", b"", {table: [row]}), 6, "here")
    again = from_row(table, row)
    assert again == struct
    assert msgspec.json.encode(again) == msgspec.json.encode(struct).replace(b"-0.0", b"0.0")
    assert not any(math.copysign(1.0, value) < 0.0 for value in row if value == 0.0 and isinstance(value, float))


def test_ids_of_the_usual_pattern_are_numbers_alone() -> None:
    for table, struct in SAMPLES[12:15] + SAMPLES[16:17] + SAMPLES[21:23]:
        assert to_row(0, 0, table, struct)[-1] is None


@given(text=st.text(max_size=30) | st.from_regex(r"(ml|X|combined)/X/\d{1,20}(/stop)?(/f)?", fullmatch=True))
def test_any_id_comes_back(text: str) -> None:
    fill = Fill(text, text, "ml", "X", 5, 40, 1.25, 1.26, 3, 0, text, text)
    assert from_row("fills", to_row(0, 0, "fills", fill)) == fill
    lot = msgspec.structs.replace(OWN, lot_id=f"{text}/1", close_fill_id=text, open_fill_id=text, signal_id=text)
    assert from_row("lots", to_row(0, 0, "lots", lot)) == lot
    kind: Literal["market", "stop"] = "stop" if text.endswith("/stop") or not text else "market"
    order = Order(text, "ml", "X", 5, kind, 40, text, text, None, 0.5)
    assert from_row("orders", to_row(0, 0, "orders", order)) == order


def test_positions_count_the_rows_of_a_step_in_each_table() -> None:
    into = RowCollector()
    for seq, table in ((4, "requests"), (4, "requests"), (4, "missing"), (6, "requests"), (6, "missing"), (6, "missing")):
        into.add(table, seq, AdaptationRequest("a", "b") if table == "requests" else MissingReason("a", "b", "c", "d"))
    assert [row[:2] for row in into.rows["requests"]] == [(4, 0), (4, 1), (6, 0)]
    assert [row[:2] for row in into.rows["missing"]] == [(4, 0), (6, 0), (6, 1)]
