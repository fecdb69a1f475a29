"""Predictions of one (symbol, target): members, weights, and the label."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.kernels.session import layout
from alpha_pulse.reporting.model_freshness import Freshness
from alpha_pulse.runtime.history.opens import bar_opens
from alpha_pulse.runtime.history.symbol_rows import SymbolRows
from alpha_pulse.runtime.history.table import Floats, HistoryTable, Indices, PageSlice

NAN = math.nan
PENDING, LABELLED, EXPIRED = 0.0, 1.0, 2.0
FIRST = ("online", "batch", "base")
"""The members that every target has."""
SHOWN = (
    *("seq", "number", "ts_ms", "probability", "confidence", *FIRST),
    *(*(f"weight_{name}" for name in FIRST), "label", "volatility_forecast", "volatility_realised"),
)
COLUMNS = (*SHOWN, "status", "label_seq")


class PredictionHistory:
    """One row per prediction; its label is set when it is known. ``number`` is the number at the end of the prediction's id.

    Parameters
    ----------
    target
        Its name.
    challengers
        Their names.
    """

    def __init__(self, target: str, challengers: Sequence[str] = ()) -> None:
        self.members = (*FIRST, *challengers)
        """The members of the mixture."""
        self._challengers = tuple(challengers)
        parts = [f"{part}_{name}" for name in challengers for part in ("probability", "weight")]
        self._shown = (*SHOWN, *parts)
        self.table = HistoryTable((*COLUMNS, *parts))
        self._places = {name: place for place, name in enumerate(self.table.columns)}
        self.freshness = Freshness()
        self._target = target

    def add(self, rows: SymbolRows, forecast: Floats | None, realised: Floats | None) -> None:
        """Add the predictions that were served at some bars, and set the labels that became known at them.

        Parameters
        ----------
        rows
            The bars.
        forecast, realised
            Volatility over the horizon, as forecast at each bar and as realised up to it, (n,); None for other targets.
        """
        self._add_served(rows, forecast)
        self.freshness.add_block(rows.block, self._target, rows.rows, rows.ts)
        self._set_labels(rows, realised)

    def _add_served(self, rows: SymbolRows, forecast: Floats | None) -> None:
        served = np.flatnonzero(rows.of_target(self._target, "codes", "served"))
        added = np.full((len(served), len(self.table.columns)), NAN)

        def put(name: str, values: Floats | Indices) -> None:
            added[:, self._places[name]] = values[served]

        put("seq", rows.seq)
        put("number", rows.numbers)
        put("ts_ms", rows.ts_ms)
        put("probability", rows.of_target(self._target, "probabilities", "served"))
        put("confidence", rows.of_target(self._target, "probabilities", "confidence"))
        for member in FIRST:
            probability = rows.of_target(self._target, "probabilities", member)
            weight = rows.of_target(self._target, "probabilities", f"weight_{member}")
            put(member, probability)
            put(f"weight_{member}", np.where(np.isnan(probability), NAN, weight))
        for member in self._challengers:
            probability = rows.of_target(self._target, "probabilities", f"{member}.probability")
            weight = rows.of_target(self._target, "probabilities", f"{member}.weight")
            put(f"probability_{member}", probability)
            put(f"weight_{member}", np.where(np.isnan(probability), NAN, weight))
        if forecast is not None:
            put("volatility_forecast", forecast)
        added[:, self._places["status"]] = PENDING
        self.table.extend(added)

    def _set_labels(self, rows: SymbolRows, realised: Floats | None) -> None:
        """Set the labels of the predictions that are still stored; they expire, or get a label, which is missing for a tie."""
        status = rows.of_target(self._target, "codes", "status")
        bars = np.flatnonzero(status != layout.NOTHING)
        table = self.table
        numbers, stored = (
            rows.numbers[bars] - rows.of_target(self._target, "codes", "label_age_slices")[bars],
            table.column("number"),
        )
        found = stored.searchsorted(numbers)
        known = found < len(stored)
        known[known] = stored[found[known]] == numbers[known]
        found, bars = found[known], bars[known]
        labelled = status[bars] != layout.EXPIRED
        table.column("status")[found] = np.where(labelled, LABELLED, EXPIRED)
        found, bars = found[labelled], bars[labelled]
        table.column("label_seq")[found] = rows.seq[bars]
        if realised is not None:
            table.column("volatility_realised")[found] = realised[bars]
        label = rows.of_target(self._target, "codes", "label")[bars]
        table.column("label")[found] = np.where(status[bars] == layout.TIE, NAN, label)

    def series(self, symbol: str, target: str, page: Page, bars: HistoryTable) -> Series:
        """Served predictions and their labels; ``bars`` are the symbol's."""
        page_slice = PageSlice(self.table, page)
        indices = page_slice.downsample()
        columns = {name: self.table.column(name)[indices] for name in self._shown[:3]}
        columns["bar_open_ms"] = bar_opens(bars, columns["ts_ms"])
        columns.update((name, self.table.column(name)[indices]) for name in self._shown[3:])
        series = page_slice.series(symbol, columns, target=target)
        series.columns["label"] = [None if label != label else int(label) for label in columns["label"].tolist()]
        return series

    def at(self, seq: int) -> dict[str, float | None] | None:
        """The newest prediction at or before a row."""
        index = self.table.newest_at(seq)
        if index < 0:
            return None
        values = self.table.rows[index].tolist()
        return {name: None if value != value else value for name, value in zip(self.table.columns, values, strict=True)}
