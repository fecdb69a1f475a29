"""The history of a run from one record per step: the tables as `runtime.history` fills them from columns, row by row."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import pairwise

from alpha_pulse.core.types import Bar, Fill, MemberPrediction, Prediction
from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.feedback.labels import Label
from alpha_pulse.gateway.trading_messages import BarOut, LabelOut, ServedOut, Step, VolatilityOut
from alpha_pulse.journal.records import StepRecord
from alpha_pulse.kernels.base.scores import RECORD
from alpha_pulse.reporting.ml_pnl import RULES, SIGNS
from alpha_pulse.reporting.model_freshness import Freshness
from alpha_pulse.runtime.history.events import fill_out, trade_out
from alpha_pulse.runtime.history.predictions import COLUMNS, EXPIRED, FIRST, LABELLED, PENDING
from alpha_pulse.runtime.history.run_history import RunHistory
from alpha_pulse.runtime.history.steps import action_out, alarm_out

MS, NAN = 1_000_000, math.nan
RECENT = 2_048


class NaiveHistory:
    """Takes the record of each step into the tables of a `RunHistory`."""

    def __init__(self, symbols: Iterable[str], books: Iterable[str], *, volatility_horizon: int, window: int) -> None:
        self.content = RunHistory(symbols, books, volatility_horizon=volatility_horizon, window=window)
        self.records: list[StepRecord] = []
        self._horizon = volatility_horizon
        self._closes: dict[str, list[float]] = {symbol: [] for symbol in self.content.symbols}
        self._waiting: dict[tuple[str, str], deque[int]] = {
            (symbol, target): deque() for symbol in self.content.symbols for target in TARGETS
        }
        self._ahead = 0

    def take(self, record: StepRecord) -> None:
        """Add the record of the next step."""
        seq = len(self.records)
        self.records.append(record)
        if not record.bars:
            return
        content, bars = self.content, record.bars
        ts_ms = bars[0].ts_event // MS
        content.units.update((units.symbol, units) for units in record.units)
        for bar in bars:
            self._bar(seq, bar)
        for label in record.labels:
            self._label(seq, ts_ms, label)
        for late in record.expired:
            self._settle(late.symbol, late.target, late.prediction_id, {"status": EXPIRED})
        for prediction in record.predictions:
            self._served(seq, ts_ms, prediction, record.volatilities.get(prediction.symbol, NAN))
        content.equity.extend([[seq, ts_ms, bars[0].ts_open // MS, *record.equity.values()]])
        if (earned := self._earned(record.equity, record.fills)) is not None:
            content.earned.extend([[seq, *earned]])
        self._events(seq, record)

    def _bar(self, seq: int, bar: Bar) -> None:
        history = self.content.symbols[bar.symbol]
        volume = NAN if bar.volume is None else bar.volume
        history.bars.extend(
            [[seq, bar.ts_event // MS, bar.ts_open // MS, bar.open, bar.high, bar.low, bar.close, volume, bar.seq]]
        )
        if bar.interval_ns != history.length_ns:
            history.length_ns = bar.interval_ns if history.length_ns is None else 0
        self._closes[bar.symbol].append(bar.close)

    def _realised(self, symbol: str) -> float:
        logs = [math.log(close) for close in self._closes[symbol][-self._horizon - 1 :]]
        if len(logs) <= self._horizon:
            return NAN
        total = 0.0
        for before, after in pairwise(logs):
            total += (after - before) * (after - before)
        return math.sqrt(total)

    def _label(self, seq: int, ts_ms: int, label: Label) -> None:
        values: dict[str, float] = {"status": LABELLED, "label_seq": seq}
        if label.target == "volatility":
            values["volatility_realised"] = self._realised(label.symbol)
        if label.label is not None:
            values["label"] = label.label
        self._settle(label.symbol, label.target, label.prediction_id, values)
        if label.scores:
            scores = self.content.symbols[label.symbol].scores[label.target].table
            given = [NAN if score is None else score for score in label.scores[:RECORD]]
            scores.extend([[seq, ts_ms, *given, *[0.0] * (len(scores.columns) - RECORD - 2)]])

    def _settle(self, symbol: str, target: str, prediction_id: str, values: dict[str, float]) -> None:
        """Labels arrive in order; those of predictions that were never served are left out."""
        number, waiting = int(prediction_id.rpartition("/")[2]), self._waiting[symbol, target]
        while waiting and waiting[0] < number:
            waiting.popleft()
        if waiting and waiting[0] == number:
            waiting.popleft()
            table = self.content.symbols[symbol].predictions[target].table
            (row,) = (table.column("number") == number).nonzero()
            for name, value in values.items():
                table.column(name)[row] = value

    def _served(self, seq: int, ts_ms: int, prediction: Prediction, volatility: float) -> None:
        history = self.content.symbols[prediction.symbol].predictions[prediction.target]
        number = int(prediction.prediction_id.rpartition("/")[2])
        row = [NAN] * len(COLUMNS)
        given = {"seq": seq, "number": number, "ts_ms": ts_ms, "probability": prediction.probability, "status": PENDING}
        if prediction.confidence is not None:
            given["confidence"] = prediction.confidence
        if prediction.target == "volatility":
            given["volatility_forecast"] = volatility * math.sqrt(self._horizon)
        for member in prediction.members:
            given[member.source] = member.probability
            given[f"weight_{member.source}"] = member.weight
        for name, value in given.items():
            row[COLUMNS.index(name)] = value
        history.table.extend([row])
        add_age(history.freshness, prediction.members)
        self._waiting[prediction.symbol, prediction.target].append(number)

    def _earned(self, equity: Mapping[str, int], fills: Iterable[Fill]) -> tuple[float, float] | None:
        """What the slice adds to the difference of the two books, net and before costs; None if one of them is missing."""
        if PRIMARY not in equity or RULES not in equity:
            return None
        ahead = equity[PRIMARY] - equity[RULES]
        net, self._ahead = ahead - self._ahead, ahead
        return float(net), float(net + sum(SIGNS.get(fill.book, 0) * (fill.cost + fill.fee) for fill in fills))

    def _events(self, seq: int, record: StepRecord) -> None:
        content = self.content
        for fill in record.fills:
            content.fills.add(seq, fill)
        for lot in record.lots:
            content.lots.add(seq, lot)
        for refusal in record.refusals:
            if refusal.order_id is not None:
                content.unfilled.add(seq, refusal)
        content.alarms.update((alarm.alarm_id, (seq, alarm)) for alarm in record.alarms)
        content.responses.update((response.alarm_id, response) for response in record.alarm_responses)
        for change in record.regimes:
            content.symbols[change.symbol].regimes.take(change)
        for action in record.adaptations:
            known = content.actions.get(action.action_id)
            content.actions[action.action_id] = (seq if known is None else known[0], action)
        content.models.update((model.session_id, model) for model in record.models)


def add_age(freshness: Freshness, members: Iterable[MemberPrediction]) -> None:
    """Add one prediction: the mean age of its members, weighted as in the prediction."""
    weights = age = 0.0
    for member in members:
        if member.age_ns is not None:
            weights += member.weight
            age += member.weight * member.age_ns
    if weights > 0.0:
        freshness.predictions += 1
        freshness.total += age / weights
        freshness.longest = max(freshness.longest, age / weights)


def naive_message(history: NaiveHistory, symbol: str, from_seq: int, to_seq: int) -> Step | None:
    """The message of the stream for a range of steps of a symbol, from their records."""
    content, newest_seq = history.content, len(history.records) - 1
    first, last = max(from_seq, newest_seq - RECENT + 1, 0), min(to_seq, newest_seq)
    records = [(seq, history.records[seq]) for seq in range(first, last + 1)]
    bars = [(record, bar) for _, record in records for bar in record.bars if bar.symbol == symbol]
    if not bars:
        return None
    newest, bar = bars[-1]
    of_symbol = content.symbols[symbol]
    labels = [label for _, record in records for label in record.labels if label.symbol == symbol]
    predicted = {target: of_symbol.predictions[target].at(last) for target in TARGETS}
    alarms: dict[str, None] = {}
    for _, record in records:
        alarms.update((alarm.alarm_id, None) for alarm in record.alarms if alarm.symbol == symbol)
        alarms.update((response.alarm_id, None) for response in record.alarm_responses if response.symbol == symbol)
    realised = None
    for label in labels:
        if label.target == "volatility":
            table = of_symbol.predictions["volatility"].table
            row = table.find("number", int(label.prediction_id.rpartition("/")[2]))
            realised = None if row is None or math.isnan(row["volatility_realised"]) else row["volatility_realised"]
    units, opened = content.units[symbol], content.bar_open_ms
    return Step(
        bar.ts_event // MS,
        bar.ts_open // MS,
        BarOut(bar.open, bar.high, bar.low, bar.close, bar.volume),
        [
            ServedOut(each.target, each.probability, each.confidence, each.prediction_id)
            for each in newest.predictions
            if each.symbol == symbol
        ],
        content.equity_at(last),
        [fill_out(seq, fill, units, opened) for seq, record in records for fill in record.fills if fill.symbol == symbol],
        [trade_out(seq, lot, units, opened) for seq, record in records for lot in record.lots if lot.symbol == symbol],
        [LabelOut(label.prediction_id, label.target, label.label) for label in labels],
        [alarm_out(content, alarm_id) for alarm_id in alarms],
        [
            action_out(content, content.actions[action.action_id][0], action)
            for _, record in records
            for action in record.adaptations
            if action.symbol == symbol
        ],
        len(records),
        {target: of_symbol.scores[target].skills_at(last) for target in TARGETS},
        {target: {name: row[f"weight_{name}"] for name in FIRST} for target, row in predicted.items() if row is not None},
        VolatilityOut(
            None if predicted["volatility"] is None else predicted["volatility"]["volatility_forecast"],
            realised,
        ),
    )
