"""Builds the messages of the stream: state from the tables of the history, events from the newest blocks."""

from __future__ import annotations

import math

from alpha_pulse.core.types import AdaptationAction, Bar
from alpha_pulse.gateway.trading_messages import ActionOut, AlarmOut, BarOut, LabelOut, ServedOut, Step, VolatilityOut
from alpha_pulse.runtime.history.events import MS, fill_out, trade_out
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.history.recent import Recent
from alpha_pulse.runtime.history.run_history import RunHistory
from alpha_pulse.runtime.history.symbol import SymbolHistory


def step_message(history: History, symbol: str, from_seq: int, to_seq: int) -> Step | None:
    """One message for a range of recent steps of a symbol; None when no step concerns it."""
    first, last = max(from_seq, history.oldest_recent), min(to_seq, history.seq)
    content = history.content
    symbol_history = content.symbols[symbol]
    newest = symbol_history.bars.newest_at(last)
    if newest < 0 or symbol_history.bars.column("seq")[newest] < first:
        return None
    bar = dict(zip(symbol_history.bars.columns, symbol_history.bars.rows[newest].tolist(), strict=True))
    recent = Recent(history.recent(first, last), symbol, first, last)
    labels = recent.labels()
    predicted = {target: predictions.at(last) for target, predictions in symbol_history.predictions.items()}
    volatility = predicted["volatility"]
    return Step(
        ts_ms=int(bar["ts_ms"]),
        bar_open_ms=int(bar["bar_open_ms"]),
        bar=BarOut(bar["open"], bar["high"], bar["low"], bar["close"], _or_none(bar["volume"])),
        served=[
            ServedOut(target, row["probability"], row["confidence"], f"{symbol}/{target}/{int(row['number'])}")  # type: ignore[arg-type]
            for target, row in predicted.items()
            if row is not None and row["seq"] == bar["seq"]
        ],
        equity=content.equity_at(last),
        fills=[fill_out(seq, fill, content.units[symbol], content.bar_open_ms) for seq, fill in recent.structs("fills")],
        trades=[trade_out(seq, lot, content.units[symbol], content.bar_open_ms) for seq, lot in recent.structs("lots")],
        labels=labels,
        alarms=[alarm_out(content, alarm_id) for alarm_id in recent.alarm_ids()],
        adaptations=[
            action_out(content, content.actions[action.action_id][0], action) for _, action in recent.structs("adaptations")
        ],
        steps=last - first + 1,
        skill={target: scores.skills_at(last) for target, scores in symbol_history.scores.items()},
        weights={
            target: {name: row[f"weight_{name}"] for name in symbol_history.predictions[target].members}
            for target, row in predicted.items()
            if row is not None
        },
        volatility=VolatilityOut(
            None if volatility is None else volatility["volatility_forecast"], _realised(symbol_history, labels)
        ),
    )


def _realised(symbol_history: SymbolHistory, labels: list[LabelOut]) -> float | None:
    """The realised volatility of the newest volatility forecast that was labelled in these steps; None without one."""
    for label in reversed(labels):
        if label.target == "volatility":
            row = symbol_history.predictions["volatility"].table.find("number", int(label.prediction_id.rpartition("/")[2]))
            return None if row is None else _or_none(row["volatility_realised"])
    return None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def bar_out(bar: Bar) -> BarOut:
    """A bar's prices."""
    return BarOut(bar.open, bar.high, bar.low, bar.close, bar.volume)


def alarm_out(history: RunHistory, alarm_id: str) -> AlarmOut:
    """A drift alarm with the newest response to it, in milliseconds."""
    seq, alarm = history.alarms[alarm_id]
    response = history.responses[alarm_id]
    return AlarmOut(
        seq, alarm_id, alarm.detector, alarm.symbol, alarm.target, alarm.ts // MS, history.bar_open_ms(alarm.symbol, alarm.ts),
        alarm.change_ts // MS, history.bar_open_ms(alarm.symbol, alarm.change_ts), alarm.score,
        alarm.monitored, list(alarm.features), response.status, response.reason, response.action_id,
    )  # fmt: skip


def action_out(history: RunHistory, seq: int, action: AdaptationAction) -> ActionOut:
    """An adaptation, in milliseconds."""
    closed = action.closed_ts
    return ActionOut(
        seq, action.action_id, action.kind, action.symbol, action.target, action.ts // MS,
        history.bar_open_ms(action.symbol, action.ts), action.cause, action.reason, action.status,
        None if closed is None else closed // MS, None if closed is None else history.bar_open_ms(action.symbol, closed),
        action.effect, action.effect_samples,
    )  # fmt: skip
