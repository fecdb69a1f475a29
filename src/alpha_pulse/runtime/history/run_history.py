"""The history of a run in tables, appended to with blocks of the journal.

Each symbol has at least the newest 200,000 bars, predictions and labels (`table.BOUND`), each book and symbol 100,000 fills and
lots (`events.MAX_EVENTS`). The field ``oldest_seq`` of a series is set when older rows were dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm, Fill, Lot, Units
from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.labels import scored_labels
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.reporting.ml_pnl import MlEarnings
from alpha_pulse.runtime.history.events import MS, Events
from alpha_pulse.runtime.history.opens import bar_open
from alpha_pulse.runtime.history.symbol import SymbolHistory
from alpha_pulse.runtime.history.symbol_rows import SymbolRows
from alpha_pulse.runtime.history.table import HistoryTable, PageSlice

_BEFORE_BOOKS = ("seq", "ts_ms", "bar_open_ms")


class RunHistory:
    """The history of a run.

    Parameters
    ----------
    symbols, books
        The symbols and books of the run.
    volatility_horizon, window, targets, challengers
        See `alpha_pulse.runtime.history.symbol.SymbolHistory`.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        books: Iterable[str],
        *,
        volatility_horizon: int,
        window: int,
        targets: Iterable[str] = TARGETS,
        challengers: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.symbols = {symbol: SymbolHistory(symbol, volatility_horizon, window, targets, challengers) for symbol in symbols}
        self.equity = HistoryTable((*_BEFORE_BOOKS, *books))
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

    def add(self, block: JournalBlock) -> None:
        """Add a block of slices."""
        self._add_symbols(block)
        self._add_equity(block)
        self._add_trades(block)
        self._add_adaptations(block)

    def _add_symbols(self, block: JournalBlock) -> None:
        layout = block.layout
        scored = {info.name: scored_labels(block, target) for target, info in enumerate(layout.targets)}
        bounds = block.column("codes", "symbol").searchsorted(np.arange(len(layout.symbols) + 1)).tolist()
        for symbol, first, last in zip(layout.symbols, bounds, bounds[1:], strict=False):
            if first < last:
                history, rows = self.symbols[symbol], SymbolRows(block, first, last)
                history.add(rows)
                for target, labels in scored.items():
                    history.add_scores(target, rows, labels)

    def _add_equity(self, block: JournalBlock) -> None:
        slices, times = block.column("codes", "slice"), block.column("slices", "ts_event_ns")
        order = np.argsort(slices, kind="stable")
        first_bars = order[slices[order].searchsorted(np.arange(block.steps))]
        added = np.empty((block.steps, len(self.equity.columns)))
        added[:, 0] = np.arange(block.first_seq, block.first_seq + block.steps)
        added[:, 1] = times // MS
        added[:, 2] = (times - block.column("codes", "interval_ns")[first_bars]) // MS
        for place, book in enumerate(self.equity.columns[len(_BEFORE_BOOKS) :], len(_BEFORE_BOOKS)):
            added[:, place] = block.column("slices", f"equity.{book}")
        self.equity.extend(added)
        earned = self._earnings.block(block)
        self.earned.extend(np.column_stack([added[: len(earned), 0], earned]))

    def _add_trades(self, block: JournalBlock) -> None:
        self.units.update((units.symbol, units) for _, units in block.structs("units"))
        for seq, fill in block.structs("fills"):
            self.fills.add(seq, fill)
        for seq, lot in block.structs("lots"):
            self.lots.add(seq, lot)
        for seq, refusal in block.structs("refusals"):
            if refusal.order_id is not None:
                self.unfilled.add(seq, refusal)

    def add_commands(self, block: JournalBlock) -> None:
        """Add a block with commands: what they moved on the ladders of champions."""
        self._add_adaptations(block)

    def _add_adaptations(self, block: JournalBlock) -> None:
        self.alarms.update((alarm.alarm_id, (seq, alarm)) for seq, alarm in block.structs("alarms"))
        self.responses.update((response.alarm_id, response) for _, response in block.structs("alarm_responses"))
        for _, change in block.structs("regimes"):
            self.symbols[change.symbol].regimes.take(change)
        for seq, action in block.structs("adaptations"):
            known = self.actions.get(action.action_id)
            self.actions[action.action_id] = (seq if known is None else known[0], action)
        self.models.update((model.session_id, model) for _, model in block.structs("models"))

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
        for name in self.equity.columns[len(_BEFORE_BOOKS) :]:
            columns[name] = columns[name] / self._minor_units
        return page_slice.series(None, columns)

    def equity_at(self, seq: int) -> dict[str, float]:
        """The equity of each book at or before a row, in units of cash."""
        index = self.equity.newest_at(seq)
        if index < 0:
            return {}
        books, values = self.equity.columns[len(_BEFORE_BOOKS) :], self.equity.rows[index, len(_BEFORE_BOOKS) :].tolist()
        return {name: value / self._minor_units for name, value in zip(books, values, strict=True)}
