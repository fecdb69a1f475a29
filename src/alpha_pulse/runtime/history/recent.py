"""Events of the newest steps, from the columns and rows of their blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from alpha_pulse.gateway.trading_messages import LabelOut
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.rows import from_row
from alpha_pulse.kernels.session import layout


class Recent:
    """The events of one symbol in some steps.

    Parameters
    ----------
    blocks
        The blocks of slices that contain the steps, in order.
    symbol
        Its name.
    first, last
        The first and the last step.
    """

    def __init__(self, blocks: Sequence[JournalBlock], symbol: str, first: int, last: int) -> None:
        self._blocks = blocks
        self._symbol = symbol
        self._first, self._last = first, last

    def structs(self, table: str) -> Iterator[tuple[int, Any]]:
        """The rows of a table as (step, struct), in order."""
        for block in self._blocks:
            for row in block.rows.get(table, ()):
                if self._first <= row[0] <= self._last:  # type: ignore[operator]
                    struct = from_row(table, row)
                    if struct.symbol == self._symbol:
                        yield row[0], struct  # type: ignore[misc]

    def alarm_ids(self) -> list[str]:
        """The ids of alarms that were raised or responded to, in order, each once."""
        found = [(seq, 0, alarm.alarm_id) for seq, alarm in self.structs("alarms")]
        found += [(seq, 1, response.alarm_id) for seq, response in self.structs("alarm_responses")]
        return list(dict.fromkeys(alarm_id for _, _, alarm_id in sorted(found, key=lambda each: each[:2])))

    def labels(self) -> list[LabelOut]:
        """The labels that became known, in order."""
        return [label for block in self._blocks for label in self._labels_of(block)]

    def _labels_of(self, block: JournalBlock) -> Iterator[LabelOut]:
        symbol = block.layout.symbols.index(self._symbol)
        start, end = block.column("codes", "symbol").searchsorted([symbol, symbol + 1]).tolist()
        slices = block.column("codes", "slice")[start:end]
        first, last = (start + slices.searchsorted([self._first - block.first_seq, self._last - block.first_seq + 1])).tolist()
        numbers = block.column("slices", "number")[slices[first - start : last - start]]
        columns = []
        for info in block.layout.targets:
            status, label, age = (
                block.column("codes", f"{info.name}.{name}")[first:last] for name in ("status", "label", "label_age_slices")
            )
            columns.append(zip(status.tolist(), label.tolist(), (numbers - age).tolist(), strict=True))
        for of_bar in zip(*columns, strict=True):
            for info, (status, label, number) in zip(block.layout.targets, of_bar, strict=True):
                if status not in (layout.NOTHING, layout.EXPIRED):
                    prediction_id = f"{self._symbol}/{info.name}/{number}"
                    yield LabelOut(prediction_id, info.name, None if status == layout.TIE else label)
