"""Labels: computed from the bars after a prediction, and from nothing else.

``volatility``: realised volatility over the next h bars above the trailing median known at prediction time.
``direction``: the close h bars later above the close (or the next bar's open) at prediction time; weighted by the move's size.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import msgspec

from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Bar, Example

MAX_WEIGHT = 5.0
"""Largest weight of a direction example: its move over the mean move."""


class PendingLabel(msgspec.Struct):
    """A prediction that waits for its label; ``reference`` is the median or the price that the label compares with."""

    prediction_id: str
    ts: int
    due_bar: int
    reference: float
    next_open: float = 0.0


class Label(Example, frozen=True, kw_only=True, omit_defaults=True):
    """A label, as it is learned and as it is journaled.

    ``value`` is realised over median volatility, or the log return from close to close; ``next_open_return`` is the log return
    from the next bar's open, for direction. ``scores`` are what had been predicted (see `kernels.mixing.ensemble`): members'
    probabilities, label, last label known, and the online model's probability before calibration; they are filled in when the
    label is joined to its prediction, and stay empty for a tie. ``trial`` holds the probabilities of the adapted model and of
    its control, before calibration, where the label counts for a trial.
    """

    symbol: str
    target: str
    value: float
    next_open_return: float | None = None
    scores: list[float | None] = msgspec.field(default_factory=list)
    trial: list[float | None] = msgspec.field(default_factory=list)

    def with_scores(self, scores: Sequence[float], trial: Sequence[float]) -> Label:
        """The same label, joined to what had been predicted."""
        return msgspec.structs.replace(self, scores=[*scores], trial=[*trial])


class RealisedVolatility:
    """Root of the sum of the last h squared close-to-close log returns of one symbol."""

    def __init__(self, horizon: int) -> None:
        self._squares: deque[float] = deque(maxlen=horizon)
        self._close = 0.0

    def update(self, close: float) -> None:
        """Add the next close."""
        if self._close:
            move = math.log(close / self._close)
            self._squares.append(move * move)
        self._close = close

    @property
    def value(self) -> float:
        """The realised volatility over the bars so far, at most h."""
        return math.sqrt(math.fsum(self._squares))

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"squares": list(self._squares), "close": self._close})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._squares.clear()
        self._squares.extend(state.scalars["squares"])
        self._close = state.scalars["close"]


class MoveWeight:
    """The weight of a direction example: its absolute move over the running mean of those before it."""

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0

    def weigh(self, move: float) -> float:
        """The weight of one move, which then enters the mean."""
        size = abs(move)
        mean = self._total / self._count if self._count else size
        self._total += size
        self._count += 1
        return min(size / mean, MAX_WEIGHT) if mean > 0.0 else 1.0

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State(scalars={"total": self._total, "count": self._count})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._total, self._count = state.scalars["total"], state.scalars["count"]


def volatility_label(symbol: str, pending: PendingLabel, realised: float, ts: int) -> Label:
    """1 when realised volatility is above the median that was known when the prediction was served."""
    label = 1 if realised > pending.reference else 0
    value = realised / pending.reference
    return Label(pending.prediction_id, label, ts, symbol=symbol, target="volatility", value=value)


def direction_label(symbol: str, pending: PendingLabel, bar: Bar, entry: str, min_move: float, weight: MoveWeight) -> Label:
    """1 for up, 0 for down; a move of at most ``min_move`` (a log return) is a tie, which is neither scored nor learned."""
    value = math.log(bar.close / pending.reference)
    next_open_return = math.log(bar.close / pending.next_open)
    move = next_open_return if entry == "next_open" else value
    label = None if abs(move) <= min_move else int(move > 0.0)
    size = weight.weigh(move) if label is not None else 1.0
    return Label(
        pending.prediction_id, label, bar.ts_event, size,
        symbol=symbol, target="direction", value=value, next_open_return=next_open_return,
    )  # fmt: skip
