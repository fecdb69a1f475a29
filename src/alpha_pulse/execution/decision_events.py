"""The decision for one symbol, from the events of `alpha_pulse.kernels.execution.decisions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.core.types import Lot, Order, TradeOutcome, Units
from alpha_pulse.execution import risk, rules
from alpha_pulse.execution.decision import Decision, Refusal, SizingInput
from alpha_pulse.kernels.execution.layout import (
    ABSTENTION,
    EVENT_BOOK,
    EVENT_KIND,
    EVENT_QUANTITY,
    FRACTION,
    MARKET,
    REFUSAL,
    STOP_PRICE,
    TYPE,
)


def decision_of(
    events: Iterable[tuple[list[int], list[float]]], sizing: SizingInput, names: Sequence[str], of_books: NDArray[np.int64],
    limits: RiskConfig, units: Units,
) -> Decision:  # fmt: skip
    """Orders, refusals and the abstention, in the order of their events.

    Parameters
    ----------
    events
        Rows of numbers and of prices.
    sizing
        The inputs of the decision, with the signals whose ids the orders contain.
    names, of_books
        The books, and the entry rule of each.
    limits, units
        Used in the reasons of refusals.
    """
    orders: list[Order] = []
    refusals: list[Refusal] = []
    abstained: str | None = None
    symbol, ts = sizing.bar.symbol, sizing.bar.ts_event
    for row, prices in events:
        name = names[row[EVENT_BOOK]]
        if row[TYPE] == ABSTENTION:
            abstained = rules.abstention(row, prices)
            continue
        signal = rules.signal_of(int(of_books[row[EVENT_BOOK]]), sizing)
        signal_id, prediction_id = (name, None) if signal is None else (signal.signal_id, signal.prediction_id)
        order_id, quantity = f"{name}/{symbol}/{sizing.step}", row[EVENT_QUANTITY]
        if row[TYPE] == REFUSAL:
            refusals.append(Refusal(name, symbol, signal_id, risk.sentences(row, prices, limits, units)))
        elif row[EVENT_KIND] == MARKET:
            fraction = prices[FRACTION]
            orders.append(Order(order_id, name, symbol, ts, "market", quantity, signal_id, prediction_id, fraction=fraction))
        else:
            stop = prices[STOP_PRICE]
            orders.append(Order(f"{order_id}/stop", name, symbol, ts, "stop", quantity, signal_id, prediction_id, stop))
    return Decision(tuple(orders), tuple(refusals), abstained)


def outcome_of(lot: Lot, return_: float) -> TradeOutcome:
    """The trade outcome of a closed lot with a return of ``return_``."""
    return TradeOutcome(
        lot=lot,
        signal_id=lot.signal_id,
        prediction_id=lot.prediction_id,
        pnl=lot.net_pnl,
        return_=return_,
        closed_ts=lot.closed_ts,
        held_ns=lot.closed_ts - lot.opened_ts,
    )
