"""One pass through the journal of a finished run, which collects the inputs of its report in arrays."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import AdaptationAction, AlarmResponse, Bar, DriftAlarm, Fill, MemberPrediction, Signal
from alpha_pulse.engine.journal import Abstention
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.feedback.labels import Label
from alpha_pulse.kernels.base.scores import RECORD
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.reporting.ml_pnl import MlEarnings
from alpha_pulse.reporting.model_freshness import Freshness
from alpha_pulse.stores.base import JournalRow, Store

BLOCK = 8_192
"""Labels that are collected as Python numbers before they are packed."""
VALUE, NEXT_OPEN_RETURN = RECORD, RECORD + 1
_WIDTH = RECORD + 2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class _Served(msgspec.Struct):
    """The part of a prediction that a report needs."""

    prediction_id: str
    confidence: float | None = None
    members: tuple[MemberPrediction, ...] = ()


class _Read(msgspec.Struct):
    """The part of a journal row that a report needs."""

    bars: tuple[Bar, ...] = ()
    fills: list[Fill] = msgspec.field(default_factory=list)
    labels: list[Label] = msgspec.field(default_factory=list)
    alarms: list[DriftAlarm] = msgspec.field(default_factory=list)
    alarm_responses: list[AlarmResponse] = msgspec.field(default_factory=list)
    adaptations: list[AdaptationAction] = msgspec.field(default_factory=list)
    models: list[ModelReady] = msgspec.field(default_factory=list)
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    abstentions: list[Abstention] = msgspec.field(default_factory=list)
    predictions: list[_Served] = msgspec.field(default_factory=list)
    equity: dict[str, int] = msgspec.field(default_factory=dict)


class _Decided(msgspec.Struct):
    """The part of a decision line that a report needs."""

    signals: list[Signal] = msgspec.field(default_factory=list)


_read = msgspec.json.Decoder(_Read).decode
_decided = msgspec.json.Decoder(_Decided).decode


class LabelTable:
    """One target's scored labels in the journal's order; ties have no scores and are not in it.

    After `pack`: ``scores`` float64 of shape (n, RECORD), laid out as in `kernels.base.scores`; ``value`` (the number from
    which the label was computed), ``next_open_return`` (log return; NaN where there is none), ``ts``, ``seq`` (number of the
    bar at which the prediction was made) and ``symbol`` (index in the run's symbols), each of shape (n,).

    >>> table = LabelTable()
    >>> scores = [0.6, None, 0.5, 0.6, 0.5, 1.0, 0.5]
    >>> table.add(Label("X/direction/7", 1, 9, symbol="X", target="direction", value=0.01, scores=scores), 9, 0)
    >>> table.pack()
    >>> table.seq.tolist(), table.ts.tolist(), table.scores.shape
    ([7], [9], (1, 7))
    """

    def __init__(self) -> None:
        self._numbers: list[list[float | None]] = []
        self._counts: list[tuple[int, int, int]] = []
        self._packed: list[tuple[Floats, Integers]] = []
        self.pack()

    def add(self, label: Label, ts: int, symbol: int) -> None:
        """Add one label."""
        if not label.scores:
            return
        self._numbers.append([*label.scores[:RECORD], label.value, label.next_open_return])
        self._counts.append((ts, int(label.prediction_id.rpartition("/")[2]), symbol))
        if len(self._counts) == BLOCK:
            self._pack_block()

    def _pack_block(self) -> None:
        if self._counts:
            self._packed.append((np.array(self._numbers, dtype=np.float64), np.array(self._counts, dtype=np.int64)))
            self._numbers, self._counts = [], []

    def pack(self) -> None:
        """Create the arrays from all rows so far."""
        self._pack_block()
        numbers = np.concatenate([np.zeros((0, _WIDTH)), *(block for block, _ in self._packed)])
        counts = np.concatenate([np.zeros((0, 3), dtype=np.int64), *(block for _, block in self._packed)])
        self.scores: Floats = numbers[:, :RECORD]
        self.value: Floats = numbers[:, VALUE]
        self.next_open_return: Floats = numbers[:, NEXT_OPEN_RETURN]
        self.ts: Integers = counts[:, 0]
        self.seq: Integers = counts[:, 1]
        self.symbol: Integers = counts[:, 2]


class Confidences:
    """The confidence of one (symbol, target) at each bar's number."""

    def __init__(self) -> None:
        self._bars = array("q")
        self._stated = array("d")

    def add(self, bar: int, confidence: float) -> None:
        """Add the confidence of the prediction at a bar."""
        self._bars.append(bar)
        self._stated.append(confidence)

    def at(self, bars: Integers) -> Floats:
        """By number of bar; NaN without a confidence."""
        known = np.array(self._bars, dtype=np.int64)
        stated = np.full(max(int(known.max(initial=0)), int(bars.max(initial=0))) + 1, np.nan)
        stated[known] = self._stated
        confidences: Floats = stated[bars]
        return confidences


class SymbolCounts:
    """One symbol's bars (their numbers in the feed), decisions, and orders that were not sent."""

    def __init__(self) -> None:
        self.bars: list[int] = []
        self.decisions = 0
        self.ml_decisions = 0
        self.refusals = 0
        self.abstentions = 0


class RunSummary:
    """The result of one pass. ``actions``: the last record of each adaptation; ``responses``: the newest one to each alarm.

    ``earnings``: the contribution of each slice to the P&L by ML, float64 of shape (n, 2), see `reporting.ml_pnl`.
    ``freshness`` and ``confidences`` are by (symbol, target).

    Parameters
    ----------
    symbols
        The symbols of the run, in the order of the feed.
    targets
        The targets with labels in the journal.
    """

    def __init__(self, symbols: tuple[str, ...], targets: tuple[str, ...]) -> None:
        self.symbols = {symbol: SymbolCounts() for symbol in symbols}
        self.tables = {target: LabelTable() for target in targets}
        self.alarms: list[DriftAlarm] = []
        self.responses: dict[str, AlarmResponse] = {}
        self.actions: dict[str, AdaptationAction] = {}
        self.models: list[ModelReady] = []
        self.freshness = {(symbol, target): Freshness() for symbol in symbols for target in targets}
        self.confidences = {(symbol, target): Confidences() for symbol in symbols for target in targets}
        self.earnings: Floats = np.zeros((0, 2))
        self._earnings = MlEarnings()
        self._earned = array("d")
        self.slices = 0
        self.decision_lines = 0
        self.decisions_sha256 = ""
        self._places = {symbol: index for index, symbol in enumerate(symbols)}

    def take(self, row: JournalRow) -> None:
        """Read one row."""
        read = _read(row.payload)
        if read.bars:
            self.slices += 1
            self._earned.extend(self._earnings.step(read.equity, read.fills) or ())
        for bar in read.bars:
            self.symbols[bar.symbol].bars.append(bar.seq)
        for label in read.labels:
            self.tables[label.target].add(label, row.ts_event, self._places[label.symbol])
        for served in read.predictions:
            name, _, number = served.prediction_id.rpartition("/")
            symbol, _, target = name.rpartition("/")
            self.freshness[symbol, target].add(served.members)
            if served.confidence is not None:
                self.confidences[symbol, target].add(int(number), served.confidence)
        self.alarms.extend(read.alarms)
        self.responses.update((response.alarm_id, response) for response in read.alarm_responses)
        self.models.extend(read.models)
        for action in read.adaptations:
            self.actions[action.action_id] = action
        for refusal in read.refusals:
            self.symbols[refusal.symbol].refusals += 1
        for abstention in read.abstentions:
            self.symbols[abstention.symbol].abstentions += 1
        if row.decision is not None:
            self.decision_lines += 1
            for signal in _decided(row.decision).signals:
                counts = self.symbols[signal.symbol]
                counts.decisions += 1
                counts.ml_decisions += signal.ml_part is not None

    def pack(self) -> None:
        """Create the arrays from all rows so far."""
        self.earnings = np.array(self._earned).reshape(-1, 2)
        for table in self.tables.values():
            table.pack()


def summarise(
    store: Store, symbols: tuple[str, ...], targets: tuple[str, ...], write_decision: Callable[[bytes], object] | None = None
) -> RunSummary:
    """Read the whole journal once.

    Parameters
    ----------
    store
        The store of the run.
    symbols, targets
        The symbols and targets of the run.
    write_decision
        Called with each decision line, newline included; ``decisions_sha256`` is the hash of these bytes.

    Raises
    ------
    StateError
        A row is damaged or missing.
    """
    summary = RunSummary(symbols, targets)
    digest = hashlib.sha256()
    for row in store.rows():
        summary.take(row)
        if row.decision is not None:
            line = row.decision + b"\n"
            digest.update(line)
            if write_decision is not None:
                write_decision(line)
    summary.decisions_sha256 = digest.hexdigest()
    summary.pack()
    return summary
