"""The history of a run in memory, built from committed rows: new ones, and those read from the journal at the start.

It can be rebuilt from the journal at any time, and no decision depends on it. Each symbol has at least the newest 200,000 bars,
predictions and labels (`table.BOUND`), each book and symbol 100,000 fills and lots (`events.MAX_EVENTS`). The field
``oldest_seq`` of a series is set when older rows were dropped.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from alpha_pulse.core.types import AdaptationAction, AlarmResponse, Bar, DriftAlarm, Fill, Lot, Units
from alpha_pulse.engine.journal import StepRecord, decode_step
from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.feedback.labels import Label, RealisedVolatility
from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.reporting.ml_pnl import MlEarnings
from alpha_pulse.runtime.history.events import MS, Events
from alpha_pulse.runtime.history.opens import bar_open
from alpha_pulse.runtime.history.predictions import PredictionHistory
from alpha_pulse.runtime.history.regimes import RegimeHistory
from alpha_pulse.runtime.history.scores import ScoreHistory
from alpha_pulse.runtime.history.table import Floats, HistoryTable, PageSlice
from alpha_pulse.stores.base import JournalRow

RECENT = 2_048
"""Newest rows whose events are stored, for streaming."""
NO_BARS = StepRecord()
NAN = math.nan
PRICES = ("open", "high", "low", "close", "volume")
SHOWN = ("seq", "ts_ms", "bar_open_ms", *PRICES)


class SymbolHistory:
    """The history of one symbol.

    Parameters
    ----------
    symbol
        Its name.
    volatility_horizon
        The horizon of the volatility label, in bars.
    window
        Labels of the sliding window of scores.
    """

    def __init__(self, symbol: str, volatility_horizon: int, window: int) -> None:
        self.bars = HistoryTable(("seq", "ts_ms", "bar_open_ms", *PRICES, "number"))
        self.predictions = {target: PredictionHistory() for target in TARGETS}
        self.scores = {target: ScoreHistory(window) for target in TARGETS}
        self.regimes = RegimeHistory(symbol)
        self._realised = RealisedVolatility(volatility_horizon)
        self._horizon = volatility_horizon
        self._seen = 0
        self.realised = NAN
        self.length_ns: int | None = None
        """The length of all bars so far; 0 when they differ."""

    def bar(self, seq: int, ts_ms: int, bar: Bar) -> None:
        """Add a bar."""
        volume = bar.volume
        self.bars.append(
            [
                *(seq, ts_ms, bar.ts_open // MS, bar.open, bar.high, bar.low, bar.close),
                *(NAN if volume is None else volume, bar.seq),
            ]
        )
        if bar.interval_ns != self.length_ns:
            self.length_ns = bar.interval_ns if self.length_ns is None else 0
        self._realised.update(bar.close)
        self._seen += 1
        if self._seen > self._horizon:
            self.realised = self._realised.value

    def label(self, seq: int, ts_ms: int, label: Label) -> None:
        """Add a label."""
        target = label.target
        realised = self.realised if target == "volatility" else NAN
        self.predictions[target].labelled(label.prediction_id, seq, label.label, realised)
        if label.scores:
            self.scores[target].add(seq, ts_ms, label.scores)

    def bar_series(self, symbol: str, page: Page) -> Series:
        """Bars; downsampled, each bucket becomes one bar."""
        page_slice, table = PageSlice(self.bars, page), self.bars
        indices, starts = page_slice.downsample(), page_slice.buckets()
        columns: dict[str, Floats] = {name: table.column(name)[indices] for name in SHOWN}
        if starts is not None:
            rows = slice(page_slice.first, page_slice.last)
            ends = np.append(starts[1:], page_slice.last - page_slice.first) - 1
            columns = {name: table.column(name)[rows][ends] for name in ("seq", "ts_ms", "close")}
            columns["bar_open_ms"] = table.column("bar_open_ms")[rows][starts]
            columns["open"] = table.column("open")[rows][starts]
            columns["high"] = np.maximum.reduceat(table.column("high")[rows], starts)
            columns["low"] = np.minimum.reduceat(table.column("low")[rows], starts)
            columns["volume"] = np.add.reduceat(table.column("volume")[rows], starts)
            columns = {name: columns[name] for name in SHOWN}
        return page_slice.series(symbol, columns)


class History:
    """The history of a run.

    Parameters
    ----------
    symbols, books
        The symbols and books of the run.
    volatility_horizon, window
        See `SymbolHistory`.
    """

    def __init__(self, symbols: Iterable[str], books: Iterable[str], *, volatility_horizon: int, window: int) -> None:
        self.symbols = {symbol: SymbolHistory(symbol, volatility_horizon, window) for symbol in symbols}
        self.equity = HistoryTable(("seq", "ts_ms", "bar_open_ms", *books))
        self.earned = HistoryTable(("seq", "net", "gross"))
        self._earnings = MlEarnings()
        self.units: dict[str, Units] = {}
        self.fills: Events[Fill] = Events()
        self.lots: Events[Lot] = Events()
        self.unfilled: Events[Refusal] = Events()
        """Orders that were refused at the price of their fill."""
        self.alarms: dict[str, tuple[int, DriftAlarm]] = {}
        self.responses: dict[str, AlarmResponse] = {}
        """The newest response to each alarm, by its id."""
        self.actions: dict[str, tuple[int, AdaptationAction]] = {}
        self.models: dict[str, ModelReady] = {}
        self.slices = 0
        self.bars = 0
        self.first_ts = 0
        self.last_ts = 0
        self.last_open_ts = 0
        self.seq = -1
        self.recent: deque[tuple[int, StepRecord]] = deque(maxlen=RECENT)
        self._root_horizon = math.sqrt(volatility_horizon)

    def read_back(self, rows: Iterable[JournalRow]) -> Iterable[int]:
        """Add rows of the journal; yields the number of each."""
        for row in rows:
            self.take(row.seq, decode_step(row.payload))
            yield row.seq

    def take(self, seq: int, record: StepRecord) -> None:
        """Add one committed row."""
        self.seq = seq
        # Commands are not streamed, and they may be large.
        self.recent.append((seq, record if record.bars else NO_BARS))
        bars = record.bars
        if not bars:
            return
        ts = bars[0].ts_event
        ts_ms = ts // MS
        symbols = self.symbols
        self.units.update((units.symbol, units) for units in record.units)
        for bar in bars:
            symbols[bar.symbol].bar(seq, ts_ms, bar)
        for label in record.labels:
            symbols[label.symbol].label(seq, ts_ms, label)
        for late in record.expired:
            symbols[late.symbol].predictions[late.target].expired(late.prediction_id)
        for prediction in record.predictions:
            target = prediction.target
            forecast = NAN
            if target == "volatility":
                forecast = record.volatilities.get(prediction.symbol, NAN) * self._root_horizon
            symbols[prediction.symbol].predictions[target].served(seq, ts_ms, prediction, forecast)
        self.equity.append([seq, ts_ms, bars[0].ts_open // MS, *record.equity.values()])
        if (earned := self._earnings.step(record.equity, record.fills)) is not None:
            self.earned.append([seq, *earned])
        if not self.slices:
            self.first_ts = ts
        self.last_ts, self.last_open_ts = ts, bars[0].ts_open
        self.slices += 1
        self.bars += len(bars)
        if record.fills or record.alarms or record.alarm_responses or record.regimes or record.adaptations or record.models:
            self._events(seq, record)
        for refusal in record.refusals:
            if refusal.order_id is not None:
                self.unfilled.add(seq, refusal)

    def _events(self, seq: int, record: StepRecord) -> None:
        for fill in record.fills:
            self.fills.add(seq, fill)
        for lot in record.lots:
            self.lots.add(seq, lot)
        self.alarms.update((alarm.alarm_id, (seq, alarm)) for alarm in record.alarms)
        self.responses.update((response.alarm_id, response) for response in record.alarm_responses)
        for change in record.regimes:
            self.symbols[change.symbol].regimes.take(change)
        for action in record.adaptations:
            known = self.actions.get(action.action_id)
            self.actions[action.action_id] = (seq if known is None else known[0], action)
        for model in record.models:
            self.models[model.session_id] = model

    @property
    def _minor_units(self) -> int:
        """Minor units in one unit of cash, which are the same for all symbols."""
        return 10 ** next(iter(self.units.values())).cash_decimals if self.units else 1

    def bar_open_ms(self, symbol: str, ts: int) -> int:
        """The open (ms) of the symbol's bar that ends at ``ts`` (ns); of the slice for a symbol without bars."""
        history = self.symbols.get(symbol)
        if history is not None and history.length_ns:
            return (ts - history.length_ns) // MS
        return bar_open(self.equity if history is None else history.bars, ts // MS)

    def equity_series(self, page: Page) -> Series:
        """The equity of each book in units of cash."""
        page_slice = PageSlice(self.equity, page)
        indices = page_slice.downsample()
        columns = {name: self.equity.column(name)[indices] for name in self.equity.columns}
        for name in self.equity.columns[3:]:
            columns[name] = columns[name] / self._minor_units
        return page_slice.series(None, columns)

    def equity_at(self, seq: int) -> dict[str, float]:
        """The equity of each book at or before a row, in units of cash."""
        index = self.equity.newest_at(seq)
        if index < 0:
            return {}
        values = self.equity.rows[index, 3:].tolist()
        return {name: value / self._minor_units for name, value in zip(self.equity.columns[3:], values, strict=True)}
