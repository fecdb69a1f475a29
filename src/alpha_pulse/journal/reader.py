"""Reads the journal: the columns and rows of its blocks as one record per step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.agents.decisions import make_decisions
from alpha_pulse.core.types import Bar, Example, Missing, Prediction, Signal
from alpha_pulse.execution.rules import abstention_reason
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.journal.block import JournalBlock, decoded_blocks
from alpha_pulse.journal.labels import N_SCORES
from alpha_pulse.journal.layout import (
    BATCH_CODES,
    MASK_BITS,
    OF_MEMBER,
    TARGET_CODES,
    TARGET_NUMBERS,
    TARGET_PROBABILITIES,
    TargetInfo,
    mask_words,
)
from alpha_pulse.journal.records import Abstention, DecisionRecord, StepRecord
from alpha_pulse.journal.rows import MissingReason, Row, from_row
from alpha_pulse.kernels.mixing.ensemble import ROW
from alpha_pulse.kernels.session import layout
from alpha_pulse.learning.training import SHORT, BatchStatus, ModelReady
from alpha_pulse.serving.predictions import ServedBy, Serving, make_prediction
from alpha_pulse.stores.base import Store

IN_RECORD = (
    "units", "commands", "requests", "fills", "lots", "scored_trades", "alarms", "alarm_responses", "regimes", "adaptations",
    "models", "refusals",
)  # fmt: skip
"""Tables of rows that are fields of a `StepRecord`."""
EVEN_WEIGHT = Example("", None, 0).weight
"""The default itself, which JSON leaves out."""
_NOTHING: list[float] = [math.nan] * ROW


class Step(msgspec.Struct, frozen=True):
    """One step of the journal. ``decision`` is None where nothing was decided."""

    seq: int
    ts_event: int
    record: StepRecord
    decision: DecisionRecord | None


class BlockReader:
    """The records of one block.

    Parameters
    ----------
    block
        Its columns and rows.
    """

    def __init__(self, block: JournalBlock) -> None:
        self.block = block
        self.layout = block.layout
        at = self.layout.places
        words = mask_words(len(self.layout.feature_names))
        self._mask_at = at["codes"]["missing_0"] if words else 0
        self._words = words
        self._code_at = at["codes"][f"{self.layout.targets[0].name}.status"]
        self._of_target = len(TARGET_CODES) + (len(BATCH_CODES) if self.layout.has_batch else 0)
        self._volatility_at = at["numbers"]["volatility"]
        self._abstention_at = at["numbers"]["abstention"]
        self._further_at = [
            [
                tuple(
                    at["codes" if column == OF_MEMBER[2] else "probabilities"][f"{target.name}.{name}.{column}"]
                    for column in OF_MEMBER
                )
                for name in target.challengers
            ]
            for target in self.layout.targets
        ]

    def __iter__(self) -> Iterator[Step]:
        return (self.step(index) for index in range(self.block.steps))

    def step(self, index: int) -> Step:
        """The step ``index`` of the block, counted from 0."""
        seq = self.block.first_seq + index
        record = StepRecord()
        for table in IN_RECORD:
            setattr(record, table, [from_row(table, row) for row in self._rows(table, seq)])
        if not self.block.tables:
            return Step(seq, self.block.first_ts, record, None)
        ts, number, *equity = self._slices[index]
        record.equity = dict(zip(self.layout.books, equity, strict=True))
        decision = DecisionRecord(ts, [], [from_row("orders", row) for row in self._rows("orders", seq)])
        record.bars = tuple(self._bar(row, ts, number) for row in self._rows_of_slice[index])
        for row, bar in zip(self._rows_of_slice[index], record.bars, strict=True):
            for place, target in enumerate(self.layout.targets):
                self._add_label(record, row, bar, place, target)
                self._add_prediction(record, seq, row, bar, place, target)
            if self._codes[row][3]:
                self._add_features(record, row, bar)
                self._add_decision(record, decision, seq, row, bar)
        return Step(seq, ts, record, decision if decision.signals or decision.orders else None)

    # Tables as lists, since single numbers of arrays are slow to read.

    @cached_property
    def _slices(self) -> list[list[int]]:
        return self._list("slices")

    @cached_property
    def _codes(self) -> list[list[int]]:
        return self._list("codes")

    @cached_property
    def _prices(self) -> list[list[float]]:
        return self._list("prices")

    @cached_property
    def _probabilities(self) -> list[list[float]]:
        return self._list("probabilities")

    @cached_property
    def _numbers(self) -> list[list[float]]:
        return self._list("numbers")

    def _list(self, table: str) -> list[list[Any]]:
        rows: list[list[Any]] = self.block.tables[table].tolist()
        return rows

    @cached_property
    def _rows_of_slice(self) -> list[list[int]]:
        """The rows of the bars of each slice, by symbol."""
        slices: NDArray[np.int64] = self.block.tables["codes"][:, 0]
        order = np.argsort(slices, kind="stable")
        ends = slices[order].searchsorted(np.arange(1, self.block.steps))
        return [part.tolist() for part in np.split(order, ends)]

    @cached_property
    def _first_row(self) -> dict[int, int]:
        """The first row of each symbol in the block."""
        symbols, first = np.unique(self.block.tables["codes"][:, 1], return_index=True)
        return dict(zip(symbols.tolist(), first.tolist(), strict=True))

    @cached_property
    def _earlier(self) -> dict[tuple[int, int], list[float]]:
        rows: list[list[float]] = self.block.tables["earlier"].tolist()
        return {(int(row[0]), int(row[1])): row[2:] for row in rows}

    @cached_property
    def _rows_of_step(self) -> dict[str, dict[int, list[Row]]]:
        by_step: dict[str, dict[int, list[Row]]] = {}
        for table, rows in self.block.rows.items():
            of_table = by_step.setdefault(table, {})
            for row in rows:
                of_table.setdefault(row[0], []).append(row)  # type: ignore[arg-type]
        return by_step

    def _rows(self, table: str, seq: int) -> list[Row]:
        of_table = self._rows_of_step.get(table)
        return [] if of_table is None else of_table.get(seq, [])

    # The parts of a record.

    def _bar(self, row: int, ts: int, number: int) -> Bar:
        codes = self._codes[row]
        opened, high, low, close, volume, bid, ask = self._prices[row]
        return Bar(
            self.layout.symbols[codes[1]], ts, codes[2], opened, high, low, close, _or_none(volume), _or_none(bid),
            _or_none(ask), number,
        )  # fmt: skip

    def _add_label(self, record: StepRecord, row: int, bar: Bar, place: int, target: TargetInfo) -> None:
        code = self._code_at + place * self._of_target
        status, value, age, compared = self._codes[row][code : code + 4]
        if status == layout.NOTHING:
            return
        prediction_id = f"{bar.symbol}/{target.name}/{bar.seq - age}"
        if status == layout.EXPIRED:
            record.expired.append(Expired(bar.symbol, target.name, prediction_id))
            return
        numbers = self._numbers[row][place * len(TARGET_NUMBERS) : (place + 1) * len(TARGET_NUMBERS)]
        of_direction = target.name == "direction"
        scores = self._scores(row, place, target, float(value)) if status == layout.SCORED_LABEL else []
        record.labels.append(
            Label(
                prediction_id, None if status == layout.TIE else value, bar.ts_event,
                numbers[6] if of_direction else EVEN_WEIGHT, symbol=bar.symbol, target=target.name, value=numbers[4],
                next_open_return=numbers[5] if of_direction else None,
                scores=scores[:N_SCORES], challengers=scores[N_SCORES:],
                trial=[_or_none(each) for each in numbers[7:9]] if compared else [],
            )
        )  # fmt: skip

    def _scores(self, row: int, place: int, target: TargetInfo, label: float) -> list[float | None]:
        """Members' probabilities, label, last label known, and the online model's probability before calibration; then the
        challengers' probabilities."""
        earlier = self._earlier.get((row, place))
        if earlier is None:
            origin = row - target.horizon
            first = place * len(TARGET_PROBABILITIES)
            served = self._probabilities[origin][first : first + 6]
            further = [self._probabilities[origin][at] for at, _, _ in self._further_at[place]]
            earlier = [*served, self._numbers[origin][place * len(TARGET_NUMBERS)], *further]
        scores = (*earlier[:5], label, *earlier[5 : 7 + len(target.challengers)])
        return [_or_none(score) for score in scores]

    def _add_prediction(self, record: StepRecord, seq: int, row: int, bar: Bar, place: int, target: TargetInfo) -> None:
        code = self._code_at + place * self._of_target
        codes = self._codes[row][code : code + self._of_target]
        if not codes[4]:
            return
        record.predictions.append(self._prediction(seq, row, bar, place, target, codes))

    def _prediction(self, seq: int, row: int, bar: Bar, place: int, target: TargetInfo, codes: list[int]) -> Prediction:
        first = place * len(TARGET_PROBABILITIES)
        online, batch, base, served, no_change, last, sure, *weights = self._probabilities[row][
            first : first + len(TARGET_PROBABILITIES)
        ]
        raw_online = self._numbers[row][place * len(TARGET_NUMBERS)]
        values = [online, batch, base, served, no_change, math.nan, last, raw_online, *_NOTHING[:3], sure, *weights]
        reasons = {
            reason.model_id: reason
            for reason in (from_row("missing", each) for each in self._rows("missing", seq))
            if reason.symbol == bar.symbol and reason.target == target.name
        }
        at = Serving(
            bar.ts_event, values, None if math.isnan(sure) else sure, codes[5],
            bar.ts_event - codes[6] if codes[6] >= 0 else 0, self._batch(bar, target, codes, reasons),
            [
                (self._probabilities[row][probability], self._probabilities[row][weight], self._codes[row][used])
                for probability, weight, used in self._further_at[place]
            ],
            [Missing(reason.model_id, reason.reason) for reason in reasons.values()],
        )  # fmt: skip
        online_missing = reasons.get(target.model) if math.isnan(raw_online) else None
        return make_prediction(
            f"{bar.symbol}/{target.name}/{bar.seq}",
            ServedBy(bar.symbol, target.name, target.horizon, target.model, target.challengers),
            at,
            None if online_missing is None else Missing(online_missing.model_id, online_missing.reason),
        )

    @staticmethod
    def _batch(bar: Bar, target: TargetInfo, codes: list[int], reasons: dict[str, MissingReason]) -> BatchStatus | None:
        if target.batch_model is None:
            return None
        trained_ts, ready_ts, version = codes[len(TARGET_CODES) :]
        if not trained_ts:
            refused = reasons.get(target.batch_model)
            return BatchStatus(target.batch_model, target.train_bars, None, "" if refused is None else refused.reason)
        session_id = f"{bar.symbol}/{target.name}"
        ready = ModelReady(target.batch_model, session_id, f"{version:0{SHORT}x}", 0, trained_ts, ready_ts)
        return BatchStatus(target.batch_model, target.train_bars, ready, "")

    def _add_features(self, record: StepRecord, row: int, bar: Bar) -> None:
        record.features[bar.symbol] = self.block.tables["features"][row].tolist()
        words = self._codes[row][self._mask_at : self._mask_at + self._words]
        if any(words):
            record.masked[bar.symbol] = [
                word * MASK_BITS + bit for word, bits in enumerate(words) for bit in range(MASK_BITS) if bits >> bit & 1
            ]

    def _add_decision(self, record: StepRecord, decision: DecisionRecord, seq: int, row: int, bar: Bar) -> None:
        numbers = self._numbers[row]
        called = {
            signal.agent: signal
            for signal in (from_row("signals", each) for each in self._rows("signals", seq))
            if signal.symbol == bar.symbol
        }
        decision.signals.append(self._combined(row, bar, called))
        record.volatilities[bar.symbol] = numbers[self._volatility_at]
        why, gain, cost = numbers[self._abstention_at : self._abstention_at + 3]
        if why:
            record.abstentions.append(Abstention(bar.symbol, abstention_reason(int(why), gain, cost)))

    def _combined(self, row: int, bar: Bar, called: dict[str, Signal]) -> Signal:
        """The combined Signal of a row."""
        agents = self.layout.agents
        place = next((place for place, target in enumerate(self.layout.targets) if target.name == "direction"), None)
        served = place is not None and self._codes[row][self._code_at + place * self._of_target + 4]
        prediction_id = f"{bar.symbol}/direction/{bar.seq}" if served else None
        tables = {"numbers": self._numbers[row], "probabilities": self._probabilities[row]}
        return make_decisions(
            [tables[table][place] for table, place in self.layout.signal_places],
            [agent.name for agent in agents],
            bar,
            [called.get(agent.name) for agent in agents],
            [prediction_id if agent.predicts else None for agent in agents],
        ).combined


def read_blocks(store: Store, from_seq: int = 0) -> Iterator[BlockReader]:
    """The blocks of a store, from the one that contains step ``from_seq`` on.

    Raises
    ------
    StateError
        A step is damaged or missing.
    """
    return (BlockReader(block) for block in decoded_blocks(store, from_seq))


def read_steps(store: Store, from_seq: int = 0) -> Iterator[Step]:
    """The steps of a store from ``from_seq`` on. Raises StateError as `read_blocks` does."""
    for reader in read_blocks(store, from_seq):
        for index in range(max(0, from_seq - reader.block.first_seq), reader.block.steps):
            yield reader.step(index)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
