"""What a block gave, as the journal contains it: columns copied from the arrays of the passes, and rows of rare things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import AdaptationAction
from alpha_pulse.engine.decision_pass import DecisionPass
from alpha_pulse.engine.event_rows import EventRows
from alpha_pulse.engine.events import Events
from alpha_pulse.engine.record_kernels import record_abstentions, record_bars, record_decisions, record_target
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.engine.target import TargetLoop
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.journal.block import JournalBlock, RowCollector
from alpha_pulse.journal.layout import (
    BAR_CODES,
    BATCH_CODES,
    EARLIER,
    MASK_BITS,
    OF_MEMBER,
    TARGET_CODES,
    TARGET_NUMBERS,
    TARGET_PROBABILITIES,
    JournalLayout,
    mask_words,
)
from alpha_pulse.journal.records import AdaptationRequest
from alpha_pulse.journal.rows import MissingReason
from alpha_pulse.kernels.execution import layout as execution
from alpha_pulse.kernels.session import layout, member_layout
from alpha_pulse.learning.commands import Command
from alpha_pulse.learning.training import BatchStatus

HEX = 16


class BlockRecorder:
    """Makes the journal's blocks of a run.

    Parameters
    ----------
    journal_layout
        Of the columns.
    symbols
        Of the run, in the order of their numbers.
    decisions
        The decision pass.
    event_rows
        Makes the rows of its events.
    """

    def __init__(
        self, journal_layout: JournalLayout, symbols: Sequence[SymbolState], decisions: DecisionPass, event_rows: EventRows
    ) -> None:
        self.layout = journal_layout
        self._symbols = tuple(symbols)
        self._decisions = decisions
        self._event_rows = event_rows
        self._of_target = len(TARGET_CODES) + (len(BATCH_CODES) if journal_layout.has_batch else 0)
        self._words = mask_words(len(journal_layout.feature_names))
        self._signal_columns = np.array(
            [(table == "probabilities", place) for table, place in journal_layout.signal_places], dtype=np.int64
        )
        self._sizing_at = journal_layout.places["numbers"]["volatility"]
        self._abstention_at = journal_layout.places["numbers"]["abstention"]
        self._widths = {table.name: len(table.columns) for table in journal_layout.tables}

    def commands(self, first_seq: int, ts: int, commands: Sequence[Command], moved: Sequence[AdaptationAction]) -> JournalBlock:
        """The block of a step with commands, and with what they moved on the ladders of champions."""
        into = RowCollector()
        for command in commands:
            into.add("commands", first_seq, command)
        for action in moved:
            into.add("adaptations", first_seq, action)
        return JournalBlock(self.layout, first_seq, 1, ts, ts, {}, into.rows)

    def slices(
        self, first_seq: int, block: BarBlock, slices: int, events: Events, requests: Sequence[tuple[str, str]]
    ) -> JournalBlock:
        """The block of the first ``slices`` slices of ``block``, of which the passes were run.

        Parameters
        ----------
        first_seq
            The number of its first step.
        block
            The bars.
        slices
            How many of its slices were decided.
        events
            The rare events of both passes.
        requests
            Adaptations that were requested before its first slice.
        """
        done = block.part(0, slices)
        tables, rows = self._tables(done), self._rows(first_seq, done, events, requests)
        return JournalBlock(
            self.layout, first_seq, slices, int(done.times[0]), int(done.times[-1]), tables, rows,
        )  # fmt: skip

    # Columns.

    def _tables(self, block: BarBlock) -> dict[str, NDArray[Any]]:
        n = len(block.code)
        codes = np.zeros((n, self._widths["codes"]), dtype=np.int64)
        prices, features = np.empty((n, self._widths["prices"])), np.empty((n, self._widths["features"]))
        probabilities, numbers = np.empty((n, self._widths["probabilities"])), np.empty((n, self._widths["numbers"]))
        earlier, count = np.full((n * len(self.layout.targets), self._widths["earlier"]), np.nan), 0
        places = np.empty(n, dtype=np.int64)
        first = 0
        for state, of_symbol in zip(self._symbols, block.rows_of, strict=True):
            last = first + len(of_symbol)
            if last == first:
                continue
            record_bars(
                of_symbol, block.slice_of_row, block.interval_ns, block.prices, state.index, state.rows.clock,
                state.rows.features, first, codes, prices, features, places,
            )  # fmt: skip
            if state.masks is not None:
                self._record_masks(state.masks, codes[first:last])
            count = self._record_targets(state, first, last, codes, probabilities, numbers, earlier, count)
            first = last
        passed = self._decisions
        record_decisions(
            places, passed.known[:n], passed.signals[:n], passed.inputs[:n], self._signal_columns, probabilities, numbers,
            self._sizing_at,
        )  # fmt: skip
        record_abstentions(
            passed.marks, block.starts, block.code, places, passed.events, passed.event_prices, numbers, self._abstention_at
        )
        slices = np.empty((len(block), self._widths["slices"]), dtype=np.int64)
        slices[:, 0], slices[:, 1] = block.times, np.arange(block.seq, block.seq + len(block))
        slices[:, 2:] = passed.equity[: len(block)]
        return {
            "slices": slices, "codes": codes, "prices": prices, "features": features, "probabilities": probabilities,
            "numbers": numbers, "earlier": earlier[:count],
        }  # fmt: skip

    def _record_masks(self, masks: NDArray[np.bool_], codes: NDArray[np.int64]) -> None:
        """Record which features are missing, as bits."""
        for word in range(self._words):
            bits = masks[: len(codes), word * MASK_BITS : (word + 1) * MASK_BITS]
            codes[:, len(BAR_CODES) + word] = (bits @ (1 << np.arange(bits.shape[1]))) * codes[:, 3]

    def _record_targets(
        self, state: SymbolState, first: int, last: int, codes: NDArray[np.int64], probabilities: NDArray[np.float64],
        numbers: NDArray[np.float64], earlier: NDArray[np.float64], count: int,
    ) -> int:  # fmt: skip
        rows = state.rows
        for number, (name, target) in enumerate(state.targets.items()):
            code, before = len(BAR_CODES) + self._words + number * self._of_target, count
            count = record_target(
                *target.gave, rows.clock, rows.ts[: last - first], name == "direction", target.session.spec.horizon, number,
                first, codes, code, probabilities, number * len(TARGET_PROBABILITIES), numbers,
                number * len(TARGET_NUMBERS), earlier, count,
            )  # fmt: skip
            if len(target.served.further):
                self._record_further(name, target, first, last, codes, probabilities, earlier[before:count])
            if self.layout.has_batch:
                at = code + len(TARGET_CODES)
                codes[first:last, at : at + len(BATCH_CODES)] = _artefact(target.batch_status)
        return count

    def _record_further(
        self, name: str, target: TargetLoop, first: int, last: int, codes: NDArray[np.int64],
        probabilities: NDArray[np.float64], earlier: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Record what the further members of a target gave: of served rows, and of labels of predictions of other blocks."""
        given = target.member_values[: last - first].reshape(last - first, -1, member_layout.VALUES)
        served = target.gave[0][: last - first, layout.WAS_SERVED] == 1
        for k, member in enumerate(target.served.further.names):
            for column, value in zip(OF_MEMBER, range(member_layout.SERVED, member_layout.VALUES), strict=True):
                table, where = (codes, "codes") if column == OF_MEMBER[2] else (probabilities, "probabilities")
                nothing = 0.0 if where == "codes" else np.nan
                place = self.layout.places[where][f"{name}.{member}.{column}"]
                table[first:last, place] = np.where(served, given[:, k, value], nothing)
        rows = earlier[:, 0].astype(np.int64) - first
        earlier[:, len(EARLIER) : len(EARLIER) + given.shape[1]] = given[rows, :, member_layout.SCORED]

    # Rows.

    def _rows(
        self, first_seq: int, block: BarBlock, events: Events, requests: Sequence[tuple[str, str]]
    ) -> dict[str, list[tuple[int | float | str | None, ...]]]:
        into = RowCollector()
        for request in requests:
            into.add("requests", first_seq, AdaptationRequest(*request))
        for index, units in self._decisions.opened(len(block)):
            for each in units:
                into.add("units", first_seq + index, each)
        self._add_decided(first_seq, block, into)
        events.put(first_seq, len(block), into)
        self._add_called(first_seq, len(block), into)
        self._add_missing(first_seq, block, into)
        return into.rows

    def _add_decided(self, first_seq: int, block: BarBlock, into: RowCollector) -> None:
        """The fills, lots, orders and refusals of all slices."""
        passed, count = self._decisions, int(self._decisions.marks[len(block) - 1, 2])
        chosen = np.flatnonzero(passed.events[:count, execution.TYPE] != execution.ABSTENTION)
        if not len(chosen):
            return
        slices = passed.marks[: len(block), 2].searchsorted(chosen, side="right").tolist()
        rows, prices = passed.events[chosen].tolist(), passed.event_prices[chosen].tolist()
        add, times, seq = self._event_rows.add, block.times.tolist(), block.seq
        for index, row, of_row in zip(slices, rows, prices, strict=True):
            add(
                first_seq + index, times[index], seq + index, row, of_row,
                lambda symbol, index=index: passed.used_prediction(index, symbol), into,  # type: ignore[misc]
            )  # fmt: skip

    def _add_called(self, first_seq: int, slices: int, into: RowCollector) -> None:
        """The Signals of agents that are written in Python."""
        for index, signal in self._decisions.called_signals(slices):
            into.add("signals", first_seq + index, signal)

    def _add_missing(self, first_seq: int, block: BarBlock, into: RowCollector) -> None:
        """Why members are missing, where a sentence says it; in the order of steps."""
        found: list[tuple[int, int, int, MissingReason]] = []
        for state in self._symbols:
            slices = state.rows.slices
            for number, (name, target) in enumerate(state.targets.items()):
                for row, missing in target.missing_reasons():
                    if (index := int(slices[row])) < len(block):
                        reason = MissingReason(state.symbol, name, missing.model_id, missing.reason)
                        found.append((index, state.index, number, reason))
        for index, _, _, reason in sorted(found, key=lambda each: each[:3]):
            into.add("missing", first_seq + index, reason)


def _artefact(status: BatchStatus | None) -> tuple[int, int, int]:
    """The artefact of the batch model."""
    ready = None if status is None else status.ready
    return (0, 0, 0) if ready is None else (ready.trained_ts, ready.ready_ts, int(ready.short_version, HEX))
