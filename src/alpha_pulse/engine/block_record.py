"""What a block gave, as the journal records it: structs are made from packed rows, slice by slice, when somebody reads them."""

from __future__ import annotations

from collections.abc import Sequence

from alpha_pulse.core.types import Bar
from alpha_pulse.engine.decision_pass import DecisionPass
from alpha_pulse.engine.events import Events
from alpha_pulse.engine.journal import Abstention, AdaptationRequest, DecisionRecord, StepRecord
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.feeds.bar_block import BarBlock


class BlockRecord:
    """The records of a block of slices; each is made once, in order.

    Parameters
    ----------
    block
        The bars.
    symbols
        Of the run, with the learning pass of the block.
    decisions
        The decision pass of the block.
    events
        The rare events of both.
    requests
        Adaptations that users requested before its first slice.
    books
        Names of the books.
    """

    def __init__(
        self,
        block: BarBlock,
        symbols: Sequence[SymbolState],
        decisions: DecisionPass,
        events: Events,
        requests: Sequence[tuple[str, str]],
        books: Sequence[str],
    ) -> None:
        self.block = block
        self._symbols = symbols
        self._decisions = decisions
        self._events = events
        self._requests = requests
        self._books = books

    def records(self, index: int) -> tuple[StepRecord, DecisionRecord]:
        """The record of a slice, and that of its decisions."""
        bars = self.block.slice(index)
        step, decision = StepRecord(bars=bars), DecisionRecord(bars[0].ts_event, [], [])
        result = self._decisions.result(index)
        step.add_execution(result)
        step.equity = dict(zip(self._books, self._decisions.equity[index].tolist(), strict=True))
        if index == 0:
            step.requests.extend(AdaptationRequest(*request) for request in self._requests)
        first = int(self.block.starts[index])
        self._add_learning(bars, first, step)
        self._events.into(index, step)
        vectors = [self._decisions.vector(first + place) for place in range(len(bars))]
        step.add_features(vectors)
        for place, vector in enumerate(vectors):
            if vector is not None:
                self._add_decision(index, first + place, step, decision)
        return step, decision

    def _add_learning(self, bars: Sequence[Bar], first: int, step: StepRecord) -> None:
        """Labels with the predictions that they scored, and the predictions that were served."""
        for place in range(len(bars)):
            row = self._decisions.row_in_symbol[first + place]
            for target in self._symbols[self.block.code[first + place]].targets.values():
                resolved = target.resolved(row)
                if resolved is not None and resolved.expired is not None:
                    step.expired.append(resolved.expired)
                if resolved is not None and resolved.label is not None:
                    step.labels.append(resolved.label)
                if (prediction := target.serve(row)) is not None:
                    step.predictions.append(prediction)

    def _add_decision(self, index: int, row: int, step: StepRecord, decision: DecisionRecord) -> None:
        decided = self._decisions.decisions(row)
        sizing = self._decisions.sizing(row, decided)
        made = self._decisions.decision(index, row, sizing)
        decision.signals.append(decided.combined)
        decision.orders.extend(made.orders)
        step.volatilities[sizing.bar.symbol] = sizing.volatility
        step.refusals.extend(made.refusals)
        if made.abstained is not None:
            step.abstentions.append(Abstention(sizing.bar.symbol, made.abstained))
