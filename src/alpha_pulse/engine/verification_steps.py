"""Checks that the rows of a journal agree: everything that a row refers to is in an earlier row, and is used once."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec

from alpha_pulse.core.types import AdaptationAction, Fill, Lot, Order, Prediction, Signal
from alpha_pulse.engine.journal import DecisionRecord, StepRecord, decode_decision, decode_step
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.feedback.labels import Expired, Label
from alpha_pulse.stores.base import JournalRow

DEFECTS_SHOWN = 3
SOURCES = ("combined", "rules", "ml")
"""The signals that an order may follow; the ids of the three signals of a step differ only in this prefix."""
CLOSED = ("accepted", "rolled_back")


class Defects:
    """Sentences about rows that do not agree: all are counted, the first few are kept."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[str] = []

    def add(self, sentence: str) -> None:
        """Count one defect, and keep its sentence if it is one of the first."""
        self.count += 1
        if len(self.shown) < DEFECTS_SHOWN:
            self.shown.append(sentence)


class Steps:
    """Reads a journal's rows in order.

    Attributes
    ----------
    counts
        How many events of each kind were read, to compare with the result.
    order, references, outcomes
        Defects: of the order of rows and bars; of references between rows; of trade outcomes and examples.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.fills_of: Counter[str] = Counter()
        self.order, self.references, self.outcomes = Defects(), Defects(), Defects()
        self._decisions = hashlib.sha256()
        self._ts: int | None = None
        self._bars: dict[str, int] = {}
        self._pending: dict[str, Prediction] = {}
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
        return len(self._pending)

    @property
    def adaptations(self) -> int:
        """Actions, each counted once."""
        return len(self._actions)

    @property
    def decisions_sha256(self) -> str:
        """Of the decision lines, as ``--decisions`` writes them."""
        return self._decisions.hexdigest()

    def read(self, row: JournalRow) -> None:
        """Read the next row."""
        try:
            step = decode_step(row.payload)
            decision = None if row.decision is None else decode_decision(row.decision)
        except (msgspec.DecodeError, ValueError) as error:
            self.order.add(f"row {row.seq} is not a step of this program ({error})")
            return
        place = f"row {row.seq}"
        self._time(row, step, place)
        self._labels(step, place)
        self._fills(step, place)
        self._scored(step, place)
        self._predictions(step, place)
        self._adaptations(step, place)
        self._commands(step, place)
        if row.decision is not None and decision is not None:
            self._decided(decision, {prediction.prediction_id for prediction in step.predictions}, place)
            self._decisions.update(row.decision + b"\n")
            self.counts["decisions"] += 1
        for name in ("refusals", "abstentions", "models"):
            self.counts[name] += len(getattr(step, name))

    def _time(self, row: JournalRow, step: StepRecord, place: str) -> None:
        if self._ts is not None and row.ts_event < self._ts:
            self.order.add(f"{place} is earlier than the row before it")
        self._ts = row.ts_event
        self.counts["slices"] += bool(step.bars)
        self.counts["bars"] += len(step.bars)
        for bar in step.bars:
            if bar.ts_event != row.ts_event or bar.seq <= self._bars.get(bar.symbol, -1):
                self.order.add(f"{place} has bar {bar.seq} of {bar.symbol}, which is not the next one")
            self._bars[bar.symbol] = bar.seq

    def _predictions(self, step: StepRecord, place: str) -> None:
        self.counts["predictions"] += len(step.predictions)
        for prediction in step.predictions:
            if prediction.prediction_id in self._pending:
                self.order.add(f"{place} makes prediction {prediction.prediction_id} again")
            self._pending[prediction.prediction_id] = prediction

    def _labels(self, step: StepRecord, place: str) -> None:
        self.counts["labelled"] += len(step.labels)
        self.counts["expired"] += len(step.expired)
        self.counts["ties"] += sum(label.label is None for label in step.labels)
        ended: list[Label | Expired] = [*step.labels, *step.expired]
        for resolved in ended:
            prediction = self._pending.pop(resolved.prediction_id, None)
            if prediction is None:
                self.references.add(f"{place} resolves prediction {resolved.prediction_id}, which is not pending")
            elif (prediction.symbol, prediction.target) != (resolved.symbol, resolved.target):
                session_id = f"{resolved.symbol}/{resolved.target}"
                self.references.add(f"{place} resolves prediction {resolved.prediction_id} as one of {session_id}")

    def _fills(self, step: StepRecord, place: str) -> None:
        self.counts["fills"] += len(step.fills)
        self.counts["lots"] += len(step.lots)
        self.counts["outcomes"] += sum(lot.book == PRIMARY for lot in step.lots)
        self.fills_of.update(fill.book for fill in step.fills)
        closed_by: dict[str, list[Lot]] = {}
        for lot in step.lots:
            closed_by.setdefault(lot.close_fill_id, []).append(lot)
        for fill in step.fills:
            self._fill(fill, place)
            left = fill.quantity
            for lot in closed_by.pop(fill.fill_id, ()):
                self._lot(lot, fill, place)
                left += lot.quantity
            if left * fill.quantity < 0:
                self.references.add(f"{place}: the lots closed by fill {fill.fill_id} are larger than the fill")
            elif left:
                self._open[fill.fill_id] = (fill, left)
        for fill_id, lots in closed_by.items():
            self.references.add(f"{place} closes lot {lots[0].lot_id} by fill {fill_id}, which is not in that row")

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
        if lot.net_pnl != lot.gross_pnl - lot.costs:
            self.outcomes.add(f"{place}: lot {lot.lot_id} has a net P&L other than gross P&L less costs")

    def _scored(self, step: StepRecord, place: str) -> None:
        """A closed lot of the primary book is learned in its own row, an external outcome in a later one; each once."""
        self.counts["scored"] += len(step.scored_trades)
        unscored = {lot.lot_id for lot in step.lots if lot.book == PRIMARY}
        for trade in step.scored_trades:
            known = unscored if trade.lot_id in unscored else self._unscored
            if trade.lot_id not in known:
                self.outcomes.add(
                    f"{place} learns from lot {trade.lot_id}, which was not closed in that row or was learned before"
                )
            known.discard(trade.lot_id)

    def _adaptations(self, step: StepRecord, place: str) -> None:
        self.counts["drift_alarms"] += len(step.alarms)
        self._causes.update(f"drift:{alarm.alarm_id}" for alarm in step.alarms)
        self._causes.update(f"regime:{change.change_id}" for change in step.regimes)
        for action in step.adaptations:
            self._adaptation(action, place)
        for response in step.alarm_responses:
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
        if action.status in CLOSED and before != "open":
            self.outcomes.add(f"{place} closes action {action.action_id}, which is not open")

    def _commands(self, step: StepRecord, place: str) -> None:
        for command in step.commands:
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

    def _decided(self, decision: DecisionRecord, predicted: set[str], place: str) -> None:
        ends = {_end(signal) for signal in decision.signals}
        for signal in decision.signals:
            if signal.prediction_id is not None and signal.prediction_id not in predicted:
                self.references.add(
                    f"{place}: signal {signal.signal_id} names prediction {signal.prediction_id} of another row"
                )
        for order in decision.orders:
            source, _, end = order.signal_id.partition("/")
            if order.signal_id != order.book and (source not in SOURCES or end not in ends):
                self.references.add(
                    f"{place}: order {order.order_id} follows signal {order.signal_id}, which is not in that row"
                )
            if order.order_id in self._orders:
                self.references.add(f"{place} places order {order.order_id} again")
            self._orders[order.order_id] = order
            self.counts["orders"] += 1


def _end(signal: Signal) -> str:
    return signal.signal_id.partition("/")[2]
