"""All details of one prediction: the step that served it, the step of its label, and the fills and lots of its orders."""

from __future__ import annotations

from typing import Any

from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.core.errors import NotFoundError, StateError, did_you_mean
from alpha_pulse.core.types import Fill, MemberPrediction, Order, Prediction, Signal, Units
from alpha_pulse.engine.symbol_state import TARGETS, SymbolState
from alpha_pulse.execution.decision import Refusal
from alpha_pulse.gateway.messages import MemberOut
from alpha_pulse.gateway.protocol import ALL
from alpha_pulse.gateway.trading_messages import FillOut, Inspection, TradeOut
from alpha_pulse.journal.block import decoded_blocks, part
from alpha_pulse.journal.reader import BlockReader
from alpha_pulse.journal.records import DecisionRecord, StepRecord
from alpha_pulse.kernels.base.scores import LABEL, LAST_KNOWN, MEMBERS
from alpha_pulse.runtime.history.events import MS, fill_out, trade_out
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.history.predictions import EXPIRED, LABELLED
from alpha_pulse.runtime.history.run_history import RunHistory
from alpha_pulse.runtime.history.steps import bar_out
from alpha_pulse.stores.base import Store

STATUS = {LABELLED: "labelled", EXPIRED: "expired"}


class Inspector:
    """Finds a prediction in the history, and reads its inputs and its label from two steps of the journal.

    Parameters
    ----------
    history
        The history of the run, which maps predictions to steps.
    store
        The store of the journal.
    symbols
        The state of each symbol, for the names of features.
    """

    def __init__(self, history: History, store: Store, symbols: dict[str, SymbolState]) -> None:
        self._history = history
        self._store = store
        self._symbols = symbols

    @property
    def _content(self) -> RunHistory:
        return self._history.content

    def prediction(self, prediction_id: str, fill: FillOut | None = None) -> Inspection:
        """One prediction with its members, features, label, orders, fills and trades.

        Parameters
        ----------
        prediction_id
            ``SYMBOL/target/number``.
        fill
            The fill that led to this prediction, to be repeated in the response.

        Raises
        ------
        NotFoundError
            The prediction was never served, or the history no longer contains it.
        StateError
            Its step of the journal is missing or damaged.
        """
        symbol, target, number = self._parse(prediction_id)
        row = self._content.symbols[symbol].predictions[target].table.find("number", number)
        if row is None:
            raise NotFoundError(self._missing(prediction_id, symbol, target))
        seq = int(row["seq"])
        record, decision = self._read(seq)
        prediction = next(served for served in record.predictions if served.prediction_id == prediction_id)
        fills = self._fills_of(symbol, number)
        label_seq = row["label_seq"]
        return Inspection(
            prediction_id=prediction_id,
            symbol=symbol,
            target=target,
            horizon=prediction.horizon,
            ts_ms=prediction.ts // MS,
            bar_open_ms=self._content.bar_open_ms(symbol, prediction.ts),
            seq=seq,
            probability=prediction.probability,
            confidence=prediction.confidence,
            quarantined=prediction.quarantined,
            missing=[{"model_id": missing.model_id, "reason": missing.reason} for missing in prediction.missing],
            members=members_out(prediction.members),
            features=self._features(symbol, target, record),
            bar=bar_out(next(bar for bar in record.bars if bar.symbol == symbol)),
            signals=[part for signal in decision.signals if signal.symbol == symbol for part in _signals(signal)],
            orders=[_order(order, self._content.units[symbol]) for order in decision.orders if order.symbol == symbol],
            refusals=[_refusal(refusal) for refusal in self._refusals_of(symbol, number, record)],
            abstention=next((abstention.reason for abstention in record.abstentions if abstention.symbol == symbol), None),
            label=None if label_seq != label_seq else self._label(prediction, int(label_seq)),
            status=STATUS.get(row["status"], "pending"),  # type: ignore[arg-type]
            fills=fills,
            trades=self._trades_of(symbol, {own.fill_id for own in fills}),
            fill=fill,
        )

    def fill(self, fill_id: str) -> Inspection:
        """The direction prediction of the step in which a fill's order was decided. Raises NotFoundError."""
        for seq, fill in self._content.fills.all(None, ALL):
            if fill.fill_id == fill_id:
                prediction_id = f"{fill.symbol}/direction/{_decided_at(fill.order_id)}"
                return self.prediction(prediction_id, self._fill_out(seq, fill))
        raise NotFoundError(f"no fill has the id {fill_id!r}; the list of fills contains all ids")

    def _parse(self, prediction_id: str) -> tuple[str, str, int]:
        rest, _, number = prediction_id.rpartition("/")
        symbol, _, target = rest.rpartition("/")
        symbols = self._content.symbols
        if symbol not in symbols:
            raise NotFoundError(
                f"prediction {prediction_id!r} has no symbol of this run; ids are SYMBOL/TARGET/BAR, for example "
                f"{next(iter(symbols))}/{TARGETS[0]}/1234{did_you_mean(symbol, symbols)}"
            )
        targets = symbols[symbol].predictions
        if target not in targets:
            raise NotFoundError(f"prediction {prediction_id!r} is of target {target!r}{did_you_mean(target, targets)}")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise NotFoundError(
                f"prediction {prediction_id!r} does not end with the number of a bar, as {symbol}/{target}/1234"
            )
        return symbol, target, int(number)

    def _missing(self, prediction_id: str, symbol: str, target: str) -> str:
        numbers = self._content.symbols[symbol].predictions[target].table.column("number")
        if not len(numbers):
            return f"no prediction of {symbol}/{target} has been served yet, so there is no {prediction_id!r}"
        return (
            f"prediction {prediction_id!r} is not stored; those of {symbol}/{target} go from {int(numbers[0])} to "
            f"{int(numbers[-1])}"
        )

    def _read(self, seq: int) -> tuple[StepRecord, DecisionRecord]:
        block = next(decoded_blocks(self._store, seq), None)
        if block is None:
            raise StateError(f"journal step {seq} of {self._store.location} is missing; restore the store from a backup")
        first = seq - block.first_seq
        step = BlockReader(part(block, first, first + 1)).step(0)
        return step.record, step.decision or DecisionRecord(step.ts_event, [], [])

    def _features(self, symbol: str, target: str, record: StepRecord) -> dict[str, float | None]:
        symbol_state = self._symbols[symbol]
        values = record.features.get(symbol, [])[: symbol_state.n_features(target)]
        masked = set(record.masked.get(symbol, ()))
        names = symbol_state.extractor.schema.names
        return {
            name: None if index in masked else value for index, (name, value) in enumerate(zip(names, values, strict=False))
        }

    def _label(self, prediction: Prediction, seq: int) -> dict[str, Any] | None:
        record, _ = self._read(seq)
        for label in record.labels:
            if label.prediction_id == prediction.prediction_id:
                recorded = label.scores
                scores = {name: recorded[index] for index, name in enumerate(MEMBERS)} if recorded else None
                return {
                    "label": label.label,
                    "value": label.value,
                    "next_open_return": label.next_open_return,
                    "ts_ms": label.label_ts // MS,
                    "bar_open_ms": self._content.bar_open_ms(label.symbol, label.label_ts),
                    "weight": label.weight,
                    "scores": scores
                    if scores is None
                    else {**scores, "label": recorded[LABEL], "last_known": recorded[LAST_KNOWN]},
                }
        return None

    def _fills_of(self, symbol: str, number: int) -> list[FillOut]:
        """The fills of all books whose orders were decided at bar ``number``."""
        fills = self._content.fills.all(symbol, ALL)
        return [self._fill_out(seq, fill) for seq, fill in fills if _decided_at(fill.order_id) == number]

    def _refusals_of(self, symbol: str, number: int, record: StepRecord) -> list[Refusal]:
        """The orders of this decision that the risk gate refused, then those that were refused later, at their fill."""
        by_gate = [refusal for refusal in record.refusals if refusal.symbol == symbol and refusal.order_id is None]
        unfilled = (refusal for _, refusal in self._content.unfilled.all(symbol, ALL))
        return by_gate + [refusal for refusal in unfilled if refusal.order_id and _decided_at(refusal.order_id) == number]

    def _fill_out(self, seq: int, fill: Fill) -> FillOut:
        return fill_out(seq, fill, self._content.units[fill.symbol], self._content.bar_open_ms)

    def _trades_of(self, symbol: str, opened_by: set[str]) -> list[TradeOut]:
        if not opened_by:
            return []
        lots, units = self._content.lots.all(symbol, ALL), self._content.units[symbol]
        return [trade_out(seq, lot, units, self._content.bar_open_ms) for seq, lot in lots if lot.open_fill_id in opened_by]


def _decided_at(order_id: str) -> int:
    """The number of the slice at which an order was decided."""
    return int(order_id.removesuffix("/stop").rpartition("/")[2])


def members_out(members: tuple[MemberPrediction, ...]) -> list[MemberOut]:
    """The members of a prediction, ages in seconds."""
    return [
        MemberOut(
            member.model_id, member.version, member.source, member.probability, member.weight,
            None if member.age_ns is None else member.age_ns / SECOND_NS,
        )
        for member in members
    ]  # fmt: skip


def _signals(signal: Signal) -> list[dict[str, Any]]:
    """A combined signal, then its contributions."""
    combined = {
        "signal_id": signal.signal_id,
        "agent": signal.agent,
        "direction": signal.direction,
        "confidence": signal.confidence,
        "rule_part": signal.rule_part,
        "ml_part": signal.ml_part,
        "weight": None,
    }
    return [
        combined,
        *(
            {
                "signal_id": part.signal_id,
                "agent": part.agent,
                "direction": part.direction,
                "confidence": None,
                "rule_part": None,
                "ml_part": None,
                "weight": part.weight,
            }
            for part in signal.contributions
        ),
    ]


def _refusal(refusal: Refusal) -> dict[str, Any]:
    """A refusal; ``order_id`` is null if the risk gate refused the order, and set if it could not trade at its fill."""
    return {"book": refusal.book, "reasons": list(refusal.reasons), "order_id": refusal.order_id}


def _order(order: Order, units: Units) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "book": order.book,
        "kind": order.kind,
        "quantity": units.quantity(order.quantity),
        "stop_price": order.stop_price,
        "signal_id": order.signal_id,
        "prediction_id": order.prediction_id,
    }
