"""The history of one symbol: bars, predictions, scores and regimes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from alpha_pulse.engine.symbol_state import TARGETS
from alpha_pulse.feedback.labels import RealisedVolatility
from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.journal.labels import ScoredLabels
from alpha_pulse.kernels.base.scores import RECORD
from alpha_pulse.runtime.history.events import MS
from alpha_pulse.runtime.history.predictions import PredictionHistory
from alpha_pulse.runtime.history.regimes import RegimeHistory
from alpha_pulse.runtime.history.scores import ScoreHistory
from alpha_pulse.runtime.history.symbol_rows import SymbolRows
from alpha_pulse.runtime.history.table import Floats, HistoryTable, PageSlice

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
    targets
        The targets of the run.
    challengers
        The names of the challengers of each target that has any.
    """

    def __init__(
        self,
        symbol: str,
        volatility_horizon: int,
        window: int,
        targets: Iterable[str] = TARGETS,
        challengers: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.bars = HistoryTable((*SHOWN, "number"))
        self.predictions = {target: PredictionHistory(target, challengers.get(target, ())) for target in targets}
        self.scores = {target: ScoreHistory(window, challengers.get(target, ())) for target in self.predictions}
        self.regimes = RegimeHistory(symbol)
        self._realised = RealisedVolatility(volatility_horizon)
        self._root_horizon = math.sqrt(volatility_horizon)
        self.length_ns: int | None = None
        """The length of all bars so far; 0 when they differ."""

    def add(self, rows: SymbolRows) -> None:
        """Add bars, with the predictions that were served at them and the labels that became known."""
        self._add_bars(rows)
        for target, predictions in self.predictions.items():
            if target == "volatility":
                forecast = rows.column("numbers", "volatility") * self._root_horizon
                predictions.add(rows, forecast, self._realised.update(rows.column("prices", "close")))
            else:
                predictions.add(rows, None, None)

    def _add_bars(self, rows: SymbolRows) -> None:
        lengths = rows.column("codes", "interval_ns")
        added = np.empty((len(rows), len(self.bars.columns)))
        added[:, 0], added[:, 1], added[:, 2] = rows.seq, rows.ts_ms, (rows.ts - lengths) // MS
        for place, name in enumerate(PRICES, 3):
            added[:, place] = rows.column("prices", name)
        added[:, -1] = rows.numbers
        self.bars.extend(added)
        length = self.length_ns or int(lengths[0])
        self.length_ns = length if self.length_ns != 0 and (lengths == length).all() else 0

    def add_scores(self, target: str, rows: SymbolRows, scored: ScoredLabels) -> None:
        """Add the scored labels of a target that belong to these rows."""
        places = rows.places(scored.rows)
        own = np.flatnonzero((places >= 0) & (places < len(rows)))
        bars = places[own]
        self.scores[target].add(rows.seq[bars], rows.ts_ms[bars], scored.scores[own, :RECORD], scored.challengers[own])

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
