"""Predictions of one (symbol, target): members, weights, and the label."""

from __future__ import annotations

import math
from collections import deque

from alpha_pulse.core.types import Prediction
from alpha_pulse.gateway.messages import Page, Series
from alpha_pulse.reporting.model_freshness import Freshness
from alpha_pulse.runtime.history.opens import bar_opens
from alpha_pulse.runtime.history.table import HistoryTable, PageSlice

NAN = math.nan
PENDING, LABELLED, EXPIRED = 0.0, 1.0, 2.0
SHOWN = (
    *("seq", "number", "ts_ms", "probability", "confidence", "online", "batch", "base"),
    *("weight_online", "weight_batch", "weight_base", "label", "volatility_forecast", "volatility_realised"),
)
COLUMNS = (*SHOWN, "status", "label_seq")


class PredictionHistory:
    """One row per prediction; its label is set when it is known. ``number`` is the number at the end of the prediction's id."""

    def __init__(self) -> None:
        self.table = HistoryTable(COLUMNS)
        self.freshness = Freshness()
        self._count = 0
        self._waiting: deque[tuple[int, int]] = deque()

    def served(self, seq: int, ts_ms: int, prediction: Prediction, volatility_forecast: float) -> None:
        """Add a served prediction; ``volatility_forecast`` is over the horizon, or NaN."""
        number = int(prediction.prediction_id.rpartition("/")[2])
        online = batch = base = weight_online = weight_batch = weight_base = NAN
        for member in prediction.members:
            source = member.source
            if source == "online":
                online, weight_online = member.probability, member.weight
            elif source == "batch":
                batch, weight_batch = member.probability, member.weight
            else:
                base, weight_base = member.probability, member.weight
        self.freshness.add(prediction.members)
        confidence = prediction.confidence
        self.table.append(
            [
                seq, number, ts_ms, prediction.probability, NAN if confidence is None else confidence, online, batch, base,
                weight_online, weight_batch, weight_base, NAN, volatility_forecast, NAN, PENDING, NAN,
            ]
        )  # fmt: skip
        self._waiting.append((self._count, number))
        self._count += 1

    def labelled(self, prediction_id: str, seq: int, label: int | None, realised: float) -> None:
        """Set the label; None for a tie."""
        row = self._take(prediction_id)
        if row is not None:
            table = self.table
            table.set(row, "status", LABELLED)
            table.set(row, "label_seq", seq)
            table.set(row, "volatility_realised", realised)
            if label is not None:
                table.set(row, "label", label)

    def expired(self, prediction_id: str) -> None:
        """Mark a prediction as expired."""
        row = self._take(prediction_id)
        if row is not None:
            self.table.set(row, "status", EXPIRED)

    def _take(self, prediction_id: str) -> int | None:
        """Remove and return the row of a pending prediction; None for an unknown id. Labels arrive in order."""
        number = int(prediction_id.rpartition("/")[2])
        waiting = self._waiting
        while waiting and waiting[0][1] < number:
            waiting.popleft()
        return waiting.popleft()[0] if waiting and waiting[0][1] == number else None

    def series(self, symbol: str, target: str, page: Page, bars: HistoryTable) -> Series:
        """Served predictions and their labels; ``bars`` are the symbol's."""
        page_slice = PageSlice(self.table, page)
        indices = page_slice.downsample()
        columns = {name: self.table.column(name)[indices] for name in SHOWN[:3]}
        columns["bar_open_ms"] = bar_opens(bars, columns["ts_ms"])
        columns.update((name, self.table.column(name)[indices]) for name in SHOWN[3:])
        series = page_slice.series(symbol, columns, target=target)
        series.columns["label"] = [None if label != label else int(label) for label in columns["label"].tolist()]
        return series

    def at(self, seq: int) -> dict[str, float | None] | None:
        """The newest prediction at or before a row."""
        index = self.table.newest_at(seq)
        if index < 0:
            return None
        values = self.table.rows[index].tolist()
        return {name: None if value != value else value for name, value in zip(COLUMNS, values, strict=True)}
