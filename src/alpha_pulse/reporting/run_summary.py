"""One pass through the journal of a finished run, which collects the inputs of its report in arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.types import AdaptationAction, AlarmResponse, DriftAlarm
from alpha_pulse.journal.block import JournalBlock, decoded_blocks
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.journal.labels import scored_labels
from alpha_pulse.kernels.base.scores import RECORD
from alpha_pulse.learning.training import ModelReady
from alpha_pulse.reporting.ml_pnl import MlEarnings
from alpha_pulse.reporting.model_freshness import Freshness
from alpha_pulse.stores.base import Store

VALUE, NEXT_OPEN_RETURN = RECORD, RECORD + 1
_WIDTH = RECORD + 2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class LabelTable:
    """One target's scored labels in the journal's order; ties have no scores and are not in it.

    After `pack`: ``scores`` float64 of shape (n, RECORD), laid out as in `kernels.base.scores`; ``challengers`` (n,
    challengers), their probabilities; ``value`` (the number from which the label was computed), ``next_open_return`` (log
    return; NaN where there is none), ``ts``, ``seq`` (number of the bar at which the prediction was made) and ``symbol`` (index
    in the run's symbols), each of shape (n,).
    """

    def __init__(self) -> None:
        self._packed: list[tuple[Floats, Integers]] = []
        self.names: tuple[str, ...] = ()
        """Of the challengers."""
        self.pack()

    def add(self, block: JournalBlock, target: int) -> None:
        """Add the labels of a block, of the target with this number."""
        name, self.names = block.layout.targets[target].name, block.layout.targets[target].challengers
        rows, scores, challengers = scored_labels(block, target)
        slices = block.column("codes", "slice")[rows]
        number = block.column("slices", "number")[slices] - block.column("codes", f"{name}.label_age_slices")[rows]
        counts = [block.column("slices", "ts_event_ns")[slices], number, block.column("codes", "symbol")[rows]]
        values = [block.column("numbers", f"{name}.{column}")[rows] for column in ("label_value", "next_open_return")]
        self._packed.append((np.column_stack([scores[:, :RECORD], *values, challengers]), np.column_stack(counts)))

    def pack(self) -> None:
        """Create the arrays from all blocks so far."""
        numbers = np.concatenate([np.zeros((0, _WIDTH + len(self.names))), *(block for block, _ in self._packed)])
        counts = np.concatenate([np.zeros((0, 3), dtype=np.int64), *(block for _, block in self._packed)])
        self.scores: Floats = numbers[:, :RECORD]
        self.value: Floats = numbers[:, VALUE]
        self.next_open_return: Floats = numbers[:, NEXT_OPEN_RETURN]
        self.challengers: Floats = numbers[:, _WIDTH:]
        self.ts: Integers = counts[:, 0]
        self.seq: Integers = counts[:, 1]
        self.symbol: Integers = counts[:, 2]


class Confidences:
    """The confidence of one (symbol, target) at each bar's number."""

    def __init__(self) -> None:
        self._bars: list[Integers] = [np.zeros(0, dtype=np.int64)]
        self._stated: list[Floats] = [np.zeros(0)]

    def add(self, bars: Integers, confidences: Floats) -> None:
        """Add the confidences of the predictions at some bars."""
        self._bars.append(bars)
        self._stated.append(confidences)

    def at(self, bars: Integers) -> Floats:
        """By number of bar; NaN without a confidence."""
        known = np.concatenate(self._bars)
        stated = np.full(max(int(known.max(initial=0)), int(bars.max(initial=0))) + 1, np.nan)
        stated[known] = np.concatenate(self._stated)
        confidences: Floats = stated[bars]
        return confidences


class SymbolCounts:
    """One symbol's bars (their numbers in the feed), decisions, and orders that were not sent."""

    def __init__(self) -> None:
        self.bars: list[int] = []
        self.decisions = 0
        self.ml_decisions = 0
        self.refusals = 0
        self.abstentions = 0


class RunSummary:
    """The result of one pass. ``actions``: the last record of each adaptation; ``responses``: the newest one to each alarm.

    ``earnings``: the contribution of each slice to the P&L by ML, float64 of shape (n, 2), see `reporting.ml_pnl`.
    ``freshness`` and ``confidences`` are by (symbol, target).

    Parameters
    ----------
    symbols
        The symbols of the run, in the order of the feed.
    targets
        The targets with labels in the journal.
    """

    def __init__(self, symbols: tuple[str, ...], targets: tuple[str, ...]) -> None:
        self.symbols = {symbol: SymbolCounts() for symbol in symbols}
        self.tables = {target: LabelTable() for target in targets}
        self.alarms: list[DriftAlarm] = []
        self.responses: dict[str, AlarmResponse] = {}
        self.actions: dict[str, AdaptationAction] = {}
        self.models: list[ModelReady] = []
        self.freshness = {(symbol, target): Freshness() for symbol in symbols for target in targets}
        self.confidences = {(symbol, target): Confidences() for symbol in symbols for target in targets}
        self.earnings: Floats = np.zeros((0, 2))
        self._earnings = MlEarnings()
        self._earned: list[Floats] = []
        self._digest = DecisionDigest()
        self.slices = 0

    def take(self, block: JournalBlock) -> None:
        """Read one block."""
        self._take_rows(block)
        self._digest.add(block)
        if not block.tables:
            return
        self.slices += block.steps
        self._earned.append(self._earnings.block(block))
        for target, info in enumerate(block.layout.targets):
            self.tables[info.name].add(block, target)
        codes = block.column("codes", "symbol")
        for index, symbol in enumerate(block.layout.symbols):
            rows = np.flatnonzero(codes == index)
            if len(rows):
                self._take_symbol(block, symbol, rows)

    def _take_rows(self, block: JournalBlock) -> None:
        self.alarms.extend(alarm for _, alarm in block.structs("alarms"))
        self.responses.update((response.alarm_id, response) for _, response in block.structs("alarm_responses"))
        self.models.extend(model for _, model in block.structs("models"))
        self.actions.update((action.action_id, action) for _, action in block.structs("adaptations"))
        for _, refusal in block.structs("refusals"):
            self.symbols[refusal.symbol].refusals += 1

    def _take_symbol(self, block: JournalBlock, symbol: str, rows: Integers) -> None:
        """The rows of one symbol."""
        counts = self.symbols[symbol]
        slices = block.column("codes", "slice")[rows]
        bars = block.column("slices", "number")[slices]
        counts.bars.extend(bars.tolist())
        counts.decisions += int(block.column("codes", "has_features")[rows].sum())
        counts.ml_decisions += int(np.isfinite(block.column("numbers", "signal.model_mean")[rows]).sum())
        counts.abstentions += int((block.column("numbers", "abstention")[rows] != 0.0).sum())
        ts = block.column("slices", "ts_event_ns")[slices]
        for info in block.layout.targets:
            self.freshness[symbol, info.name].add_block(block, info.name, rows, ts)
            confidences = block.column("probabilities", f"{info.name}.confidence")[rows]
            stated = np.isfinite(confidences)
            self.confidences[symbol, info.name].add(bars[stated], confidences[stated])

    @property
    def decision_steps(self) -> int:
        """How many steps have a decision."""
        return self._digest.steps

    @property
    def decisions_sha256(self) -> str:
        """See `alpha_pulse.journal.digest`."""
        return self._digest.hexdigest()

    def pack(self) -> None:
        """Create the arrays from all blocks so far."""
        self.earnings = np.concatenate([np.zeros((0, 2)), *self._earned])
        for table in self.tables.values():
            table.pack()


def summarise(store: Store, symbols: tuple[str, ...], targets: tuple[str, ...]) -> RunSummary:
    """Read the whole journal once.

    Parameters
    ----------
    store
        The store of the run.
    symbols, targets
        The symbols and targets of the run.

    Raises
    ------
    StateError
        A block is damaged or missing.
    """
    summary = RunSummary(symbols, targets)
    for block in decoded_blocks(store):
        summary.take(block)
    summary.pack()
    return summary
