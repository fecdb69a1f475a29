"""Builds the messages of the stream from committed rows."""

from __future__ import annotations

from alpha_pulse.core.types import AdaptationAction, Bar
from alpha_pulse.engine.journal import StepRecord
from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.feedback.labels import Label
from alpha_pulse.gateway.trading_messages import ActionOut, AlarmOut, BarOut, LabelOut, ServedOut, Step, VolatilityOut
from alpha_pulse.runtime.history.events import MS, fill_out, trade_out
from alpha_pulse.runtime.history.history import History, SymbolHistory

WEIGHTS = ("online", "batch", "base")


def step_message(history: History, symbol: str, from_seq: int, to_seq: int) -> Step | None:
    """One message for a range of recent rows of a symbol; None when no row concerns it."""
    recent = history.recent
    if not recent:
        return None
    oldest = recent[0][0]
    last = min(to_seq, recent[-1][0])
    records = [recent[seq - oldest] for seq in range(max(from_seq, oldest), last + 1)]
    bars = [(seq, bar) for seq, record in records for bar in record.bars if bar.symbol == symbol]
    if not bars:
        return None
    newest_seq, newest = bars[-1]
    symbol_history = history.symbols[symbol]
    labels = [label for _, record in records for label in record.labels if label.symbol == symbol]
    predicted = {target: symbol_history.predictions[target].at(last) for target in TARGETS}
    volatility = predicted["volatility"]
    return Step(
        ts_ms=newest.ts_event // MS,
        bar_open_ms=newest.ts_open // MS,
        bar=bar_out(newest),
        served=_served(records[newest_seq - records[0][0]][1], symbol),
        equity=history.equity_at(last),
        fills=[
            fill_out(seq, fill, history.units[symbol], history.bar_open_ms)
            for seq, record in records
            for fill in record.fills
            if fill.symbol == symbol
        ],
        trades=[
            trade_out(seq, lot, history.units[symbol], history.bar_open_ms)
            for seq, record in records
            for lot in record.lots
            if lot.symbol == symbol
        ],
        labels=[LabelOut(label.prediction_id, label.target, label.label) for label in labels],
        alarms=[alarm_out(history, alarm_id) for alarm_id in _alarms_of(records, symbol)],
        adaptations=[
            action_out(history, history.actions[action.action_id][0], action)
            for _, record in records
            for action in record.adaptations
            if action.symbol == symbol
        ],
        steps=len(records),
        skill={target: symbol_history.scores[target].skills_at(last) for target in TARGETS},
        weights={
            target: {name: row[f"weight_{name}"] for name in WEIGHTS} for target, row in predicted.items() if row is not None
        },
        volatility=VolatilityOut(
            None if volatility is None else volatility["volatility_forecast"], _realised(symbol_history, labels)
        ),
    )


def _realised(symbol_history: SymbolHistory, labels: list[Label]) -> float | None:
    """The realised volatility of the newest volatility forecast that was labelled in these rows; None without one."""
    for label in reversed(labels):
        if label.target == "volatility":
            row = symbol_history.predictions["volatility"].table.find("number", int(label.prediction_id.rpartition("/")[2]))
            return (
                None if row is None or row["volatility_realised"] != row["volatility_realised"] else row["volatility_realised"]
            )
    return None


def _served(record: StepRecord, symbol: str) -> list[ServedOut]:
    return [
        ServedOut(prediction.target, prediction.probability, prediction.confidence, prediction.prediction_id)
        for prediction in record.predictions
        if prediction.symbol == symbol
    ]


def bar_out(bar: Bar) -> BarOut:
    """A bar's prices."""
    return BarOut(bar.open, bar.high, bar.low, bar.close, bar.volume)


def _alarms_of(records: list[tuple[int, StepRecord]], symbol: str) -> list[str]:
    """The ids of a symbol's alarms that were raised or responded to, each once."""
    ids: dict[str, None] = {}
    for _, record in records:
        ids.update((alarm.alarm_id, None) for alarm in record.alarms if alarm.symbol == symbol)
        ids.update((response.alarm_id, None) for response in record.alarm_responses if response.symbol == symbol)
    return list(ids)


def alarm_out(history: History, alarm_id: str) -> AlarmOut:
    """A drift alarm with the newest response to it, in milliseconds."""
    seq, alarm = history.alarms[alarm_id]
    response = history.responses[alarm_id]
    return AlarmOut(
        seq, alarm_id, alarm.detector, alarm.symbol, alarm.target, alarm.ts // MS, history.bar_open_ms(alarm.symbol, alarm.ts),
        alarm.change_ts // MS, history.bar_open_ms(alarm.symbol, alarm.change_ts), alarm.score,
        alarm.monitored, list(alarm.features), response.status, response.reason, response.action_id,
    )  # fmt: skip


def action_out(history: History, seq: int, action: AdaptationAction) -> ActionOut:
    """An adaptation, in milliseconds."""
    closed = action.closed_ts
    return ActionOut(
        seq, action.action_id, action.kind, action.symbol, action.target, action.ts // MS,
        history.bar_open_ms(action.symbol, action.ts), action.cause, action.reason, action.status,
        None if closed is None else closed // MS, None if closed is None else history.bar_open_ms(action.symbol, closed),
        action.effect, action.effect_samples,
    )  # fmt: skip
