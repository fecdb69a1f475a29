"""Checks that the steps of a journal agree: everything that a step refers to is in an earlier one, and is used once."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import msgspec
import numpy as np

from alpha_pulse.core.errors import AlphaPulseError
from alpha_pulse.core.types import AdaptationAction, Fill, Lot, Order
from alpha_pulse.engine.verification.columns import Columns
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.journal.block import JournalBlock
from alpha_pulse.journal.defects import Defects
from alpha_pulse.journal.digest import DecisionDigest
from alpha_pulse.journal.records import ScoredTrade
from alpha_pulse.learning.commands import Command

SOURCES = ("combined", "rules", "ml")
"""The signals that an order may follow; the ids of the three signals of a step differ only in this prefix."""
CLOSED = ("accepted", "rolled_back")
_UNREADABLE = (AlphaPulseError, LookupError, TypeError, ValueError, msgspec.DecodeError)
"""What reading a step raises whose columns or rows this program would not write."""
Structs = dict[str, list[Any]]
"""The rows of a step, by table."""
_NONE: list[Any] = []


class Steps:
    """Reads a journal's blocks in order.

    Attributes
    ----------
    counts
        How many events of each kind were read, to compare with the result.
    order, references, outcomes
        Defects: of the order of steps and bars; of references between steps; of trade outcomes and examples.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.fills_of: Counter[str] = Counter()
        self.order, self.references, self.outcomes = Defects(), Defects(), Defects()
        self._digest = DecisionDigest()
        self._columns = Columns(self.counts, self.order, self.references)
        self._orders: dict[str, Order] = {}
        self._open: dict[str, tuple[Fill, int]] = {}
        self._causes: set[str] = set()
        self._actions: dict[str, str] = {}
        self._examples: dict[str, set[str]] = {}
        self._external_lots: set[str] = set()
        self._unscored: set[str] = set()

    @property
    def pending(self) -> int:
        """Predictions that have neither a label nor expired."""
        return self._columns.pending

    @property
    def decisions(self) -> int:
        """Steps with a decision."""
        return self._digest.steps

    @property
    def adaptations(self) -> int:
        """Actions, each counted once."""
        return len(self._actions)

    @property
    def decisions_sha256(self) -> str:
        """See `alpha_pulse.journal.digest`."""
        return self._digest.hexdigest()

    def read(self, block: JournalBlock) -> None:
        """Read the next block."""
        seq = block.first_seq
        try:
            self._columns.add(block)
            self._digest.add(block)
            steps = _by_step(block)
            bars = Bars(block, [seq for seq, found in steps.items() if "orders" in found or "signals" in found])
            for seq, found in sorted(steps.items()):
                self._read(found, f"step {seq}")
                self._decided(found, bars.of(seq), f"step {seq}")
        except _UNREADABLE as error:
            self.order.add(f"step {seq} is not a step of this program ({error})")

    def finish(self) -> None:
        """Read what waits for later blocks. Counts and defects are complete afterwards."""
        self._columns.finish()

    def _read(self, step: Structs, place: str) -> None:
        self._fills(step.get("fills", _NONE), step.get("lots", _NONE), place)
        self._scored(step.get("scored_trades", _NONE), step.get("lots", _NONE), place)
        self._adaptations(step, place)
        for command in step.get("commands", _NONE):
            self._command(command, place)
        for name in ("refusals", "models"):
            self.counts[name] += len(step.get(name, _NONE))

    def _fills(self, fills: list[Fill], lots: list[Lot], place: str) -> None:
        self.counts["fills"] += len(fills)
        self.counts["lots"] += len(lots)
        self.counts["outcomes"] += sum(lot.book == PRIMARY for lot in lots)
        self.fills_of.update(fill.book for fill in fills)
        closed_by: dict[str, list[Lot]] = {}
        for lot in lots:
            closed_by.setdefault(lot.close_fill_id, []).append(lot)
        for fill in fills:
            self._fill(fill, place)
            left = fill.quantity
            for lot in closed_by.pop(fill.fill_id, ()):
                self._lot(lot, fill, place)
                left += lot.quantity
            if left * fill.quantity < 0:
                self.references.add(f"{place}: the lots closed by fill {fill.fill_id} are larger than the fill")
            elif left:
                self._open[fill.fill_id] = (fill, left)
        for fill_id, closed in closed_by.items():
            self.references.add(f"{place} closes lot {closed[0].lot_id} by fill {fill_id}, which is not in that step")

    def _fill(self, fill: Fill, place: str) -> None:
        order = self._orders.get(fill.order_id)
        if order is None:
            self.references.add(
                f"{place} has fill {fill.fill_id} of order {fill.order_id}, which was not placed or is filled already"
            )
            return
        same = (order.book, order.symbol, order.signal_id, order.prediction_id)
        if same != (fill.book, fill.symbol, fill.signal_id, fill.prediction_id):
            self.references.add(f"{place}: fill {fill.fill_id} differs from its order in book, symbol, signal or prediction")
        if fill.quantity * order.quantity <= 0 or (order.kind == "market" and abs(fill.quantity) > abs(order.quantity)):
            self.references.add(f"{place}: fill {fill.fill_id} trades {fill.quantity}, its order {order.quantity}")
        del self._orders[fill.order_id]

    def _lot(self, lot: Lot, closing: Fill, place: str) -> None:
        opened, remaining = self._open.get(lot.open_fill_id, (None, 0))
        if opened is None:
            self.references.add(f"{place} closes lot {lot.lot_id}, whose opening fill {lot.open_fill_id} is not open")
            return
        stated = (lot.book, lot.symbol, lot.signal_id, lot.prediction_id, lot.opened_ts, lot.closed_ts)
        if stated != (opened.book, opened.symbol, opened.signal_id, opened.prediction_id, opened.ts, closing.ts):
            self.references.add(f"{place}: lot {lot.lot_id} differs from the fills that opened and closed it")
        left = remaining - lot.quantity
        if lot.quantity * remaining <= 0 or left * remaining < 0:
            self.references.add(f"{place} closes {lot.quantity} of lot {lot.lot_id}, of which {remaining} are open")
        if left:
            self._open[lot.open_fill_id] = (opened, left)
        else:
            del self._open[lot.open_fill_id]

    def _scored(self, trades: list[ScoredTrade], lots: list[Lot], place: str) -> None:
        """A closed lot of the primary book is learned in its own step, an external outcome in a later one; each once."""
        self.counts["scored"] += len(trades)
        unscored = {lot.lot_id for lot in lots if lot.book == PRIMARY}
        for trade in trades:
            known = unscored if trade.lot_id in unscored else self._unscored
            if trade.lot_id not in known:
                self.outcomes.add(
                    f"{place} learns from lot {trade.lot_id}, which was not closed in that step or was learned before"
                )
            known.discard(trade.lot_id)

    def _adaptations(self, step: Structs, place: str) -> None:
        self.counts["drift_alarms"] += len(step.get("alarms", _NONE))
        self._causes.update(f"drift:{alarm.alarm_id}" for alarm in step.get("alarms", _NONE))
        self._causes.update(f"regime:{change.change_id}" for change in step.get("regimes", _NONE))
        for action in step.get("adaptations", _NONE):
            self._adaptation(action, place)
        for response in step.get("alarm_responses", _NONE):
            if f"drift:{response.alarm_id}" not in self._causes:
                self.references.add(f"{place} responds to alarm {response.alarm_id}, which is not in the journal")
            if response.status == "acted" and response.action_id not in self._actions:
                self.references.add(
                    f"{place} responds to alarm {response.alarm_id} by action {response.action_id}, which did not begin"
                )

    def _adaptation(self, action: AdaptationAction, place: str) -> None:
        before = self._actions.get(action.action_id)
        self._actions[action.action_id] = action.status
        if ":" in action.cause and action.cause not in self._causes:
            self.references.add(
                f"{place}: action {action.action_id} names the cause {action.cause}, which is not in the journal"
            )
        at_once = before is None and action.closed_ts == action.ts
        if action.status in CLOSED and before != "open" and not at_once:
            self.outcomes.add(f"{place} closes action {action.action_id}, which is not open")

    def _command(self, command: Command, place: str) -> None:
        if command.kind == "start":
            self._examples[command.session_id] = set()
        if command.outcome is not None:
            self._external(command.outcome.lot, place)
        learned = self._examples.get(command.session_id, set())
        for example in command.examples or ():
            self.counts["examples"] += 1
            if example.id in learned:
                self.outcomes.add(f"{place} learns example {example.id!r} of {command.session_id} again")
            learned.add(example.id)

    def _external(self, lot: Lot, place: str) -> None:
        self.counts["given"] += 1
        name = f"{lot.book}/{lot.lot_id}"
        if name in self._external_lots:
            self.outcomes.add(f"{place} applies the outcome of lot {name} again")
        self._external_lots.add(name)
        self._unscored.add(name)

    def _decided(self, step: Structs, bars: OfStep, place: str) -> None:
        for signal in step.get("signals", _NONE):
            if signal.prediction_id is not None and signal.prediction_id not in bars.predictions:
                self.references.add(
                    f"{place}: signal {signal.signal_id} names prediction {signal.prediction_id} of another step"
                )
        for order in step.get("orders", _NONE):
            source, _, end = order.signal_id.partition("/")
            if order.signal_id != order.book and (source not in SOURCES or end not in bars.decided):
                self.references.add(
                    f"{place}: order {order.order_id} follows signal {order.signal_id}, which is not in that step"
                )
            if order.order_id in self._orders:
                self.references.add(f"{place} places order {order.order_id} again")
            self._orders[order.order_id] = order
            self.counts["orders"] += 1


class OfStep(NamedTuple):
    """What orders and signals of a step may refer to: decided bars as ``symbol/number``, and ids of predictions."""

    decided: set[str]
    predictions: set[str]


class Bars:
    """The bars of some steps of a block."""

    def __init__(self, block: JournalBlock, seqs: list[int]) -> None:
        self._steps: dict[int, OfStep] = {}
        if not block.tables or not seqs:
            return
        layout, codes = block.layout, block.tables["codes"]
        served = [(target.name, layout.places["codes"][f"{target.name}.served"]) for target in layout.targets]
        has_features, numbers = layout.places["codes"]["has_features"], block.column("slices", "number").tolist()
        chosen = np.isin(codes[:, 0], np.array(seqs) - block.first_seq)
        for row in codes[chosen].tolist():
            of_step = self._steps.setdefault(block.first_seq + row[0], OfStep(set(), set()))
            symbol, number = layout.symbols[row[1]], numbers[row[0]]
            if row[has_features]:
                of_step.decided.add(f"{symbol}/{number}")
            of_step.predictions.update(f"{symbol}/{name}/{number}" for name, at in served if row[at])

    def of(self, seq: int) -> OfStep:
        """The bars of step ``seq``."""
        return self._steps.get(seq) or OfStep(set(), set())


def _by_step(block: JournalBlock) -> dict[int, Structs]:
    """The rows of each step that has any."""
    found: dict[int, Structs] = {}
    for table in block.rows:
        for seq, struct in block.structs(table):
            found.setdefault(seq, {}).setdefault(table, []).append(struct)
    return found
