"""Fills, closed lots, orders and refusals of a block as rows of the journal, made from the events of the decision pass."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alpha_pulse.core.config import RiskConfig
from alpha_pulse.execution import fill_limit, risk
from alpha_pulse.execution.books import lot_of
from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.journal import trades
from alpha_pulse.journal.block import RowCollector
from alpha_pulse.journal.trades import Values
from alpha_pulse.kernels.execution.layout import (
    BUY_AND_HOLD,
    CLOSE_REFERENCE,
    CLOSED_CHARGES,
    CLOSED_GROSS,
    CLOSED_LOT,
    CLOSED_OPEN_ID,
    CLOSED_OPENED_TS,
    CLOSED_RANK,
    COST_AWARE,
    EVENT_BOOK,
    EVENT_COST,
    EVENT_FEE,
    EVENT_ID,
    EVENT_KIND,
    EVENT_PREDICTION,
    EVENT_QUANTITY,
    EVENT_SIGNAL,
    EVENT_SYMBOL,
    EVENT_TS,
    FILL,
    FOLLOW_COMBINED,
    FOLLOW_ML,
    FOLLOW_RULES,
    FRACTION,
    MARKET,
    NO_ID,
    OPEN_REFERENCE,
    ORDER,
    PRICE,
    REFERENCE,
    REFUSED_EQUITY,
    REFUSED_FILL,
    REFUSED_FRACTION,
    REFUSED_PRICE,
    SIGNAL_COMBINED,
    SIGNAL_ML,
    SIGNAL_OF_BOOK,
    SIGNAL_RULES,
    STOP_PRICE,
    TYPE,
)
from alpha_pulse.venues.ids import prediction_number, signal_text
from alpha_pulse.venues.simulated import fill_of

SOURCES = {
    FOLLOW_COMBINED: SIGNAL_COMBINED,
    COST_AWARE: SIGNAL_COMBINED,
    FOLLOW_RULES: SIGNAL_RULES,
    FOLLOW_ML: SIGNAL_ML,
    BUY_AND_HOLD: SIGNAL_OF_BOOK,
}
"""The signal that each entry rule follows; buying and holding follows none."""
PREDICTING = (SIGNAL_COMBINED, SIGNAL_ML)
"""Signals that may follow a prediction."""


class EventRows:
    """Makes the rows of events.

    Parameters
    ----------
    execution
        Of it: the books with their entry rules, the units of symbols, and the texts of ids.
    limits
        Used in the reasons of refusals.
    """

    def __init__(self, execution: ExecutionService, limits: RiskConfig) -> None:
        self._execution = execution
        self._books, self._symbols, self._ids = execution.book_names, execution.symbols, execution.ids
        self._sources = tuple(SOURCES[rule] for rule in execution.arrays["rules"].tolist())
        self._limits = limits

    def add(
        self, seq: int, ts: int, step: int, row: list[int], prices: list[float], used: Callable[[int], str | None],
        into: RowCollector,
    ) -> None:  # fmt: skip
        """Add the row of one event.

        Parameters
        ----------
        seq, ts, step
            The step, its market time (ns), and the number of its slice in the feed.
        row, prices
            The event, see `alpha_pulse.kernels.execution.layout`.
        used
            Returns the id of the prediction that took part in the decision about a symbol.
        into
            Receives the row.
        """
        kind, book, symbol = row[TYPE], self._books[row[EVENT_BOOK]], self._symbols[row[EVENT_SYMBOL]]
        if kind == FILL:
            self._put(into, "fills", seq, self._fill(row, prices, book, symbol))
        elif kind == CLOSED_LOT:
            self._put(into, "lots", seq, self._lot(row, prices, book, symbol))
        elif kind == ORDER:
            self._put(into, "orders", seq, self._order(ts, step, row, prices, used, book, symbol))
        elif kind == REFUSED_FILL:
            units, ids = self._execution.units_of(symbol), self._ids
            reason = fill_limit.sentence(prices[REFUSED_PRICE], prices[REFUSED_FRACTION], row[REFUSED_EQUITY], units)
            signal, order = ids.signal_text(row[EVENT_SIGNAL], book, symbol), ids.order_text(row[EVENT_ID], book, symbol)
            self._put(into, "refusals", seq, (book, symbol, signal, _json((reason,)), order))
        else:
            reasons = risk.sentences(row, prices, self._limits, self._execution.units_of(symbol))
            signal = signal_text(self._signal(row[EVENT_BOOK], step), book, symbol)
            self._put(into, "refusals", seq, (book, symbol, signal, _json(reasons), None))

    def _fill(self, row: list[int], prices: list[float], book: str, symbol: str) -> Values:
        number, signal, prediction = row[EVENT_ID], row[EVENT_SIGNAL], row[EVENT_PREDICTION]
        if number < 0 or signal < 0 or prediction < NO_ID:
            return trades.fill_values(fill_of(row, prices, book, symbol, self._ids))
        return (
            book, symbol, row[EVENT_TS], row[EVENT_QUANTITY], prices[PRICE], prices[REFERENCE], row[EVENT_COST], row[EVENT_FEE],
            number, signal, None if prediction == NO_ID else prediction, None,
        )  # fmt: skip

    def _lot(self, row: list[int], prices: list[float], book: str, symbol: str) -> Values:
        opened, closed, signal, prediction = row[CLOSED_OPEN_ID], row[EVENT_ID], row[EVENT_SIGNAL], row[EVENT_PREDICTION]
        if opened < 0 or closed < 0 or signal < 0 or prediction < NO_ID:
            return trades.lot_values(lot_of(row, prices, book, symbol, self._ids))
        return (
            book, symbol, row[EVENT_QUANTITY], row[CLOSED_OPENED_TS], row[EVENT_TS], prices[OPEN_REFERENCE],
            prices[CLOSE_REFERENCE], row[CLOSED_GROSS], row[CLOSED_CHARGES], row[CLOSED_RANK], opened, closed, signal,
            None if prediction == NO_ID else prediction, None,
        )  # fmt: skip

    def _order(
        self, ts: int, step: int, row: list[int], prices: list[float], used: Callable[[int], str | None], book: str, symbol: str
    ) -> Values:
        signal = self._signal(row[EVENT_BOOK], step)
        text = used(row[EVENT_SYMBOL]) if signal % 4 in PREDICTING else None
        prediction = None if text is None else prediction_number(text, symbol)
        others = None if text is None or prediction is not None else _json({"prediction_id": text})
        is_stop = row[EVENT_KIND] != MARKET
        return (
            book, symbol, ts, 2 * step + is_stop, row[EVENT_QUANTITY], prices[STOP_PRICE] if is_stop else None,
            None if is_stop else prices[FRACTION] + 0.0, signal, prediction, others,
        )  # fmt: skip

    def _signal(self, book: int, step: int) -> int:
        """The number of the signal that a book followed."""
        source = self._sources[book]
        return source if source == SIGNAL_OF_BOOK else 4 * step + source

    @staticmethod
    def _put(into: RowCollector, table: str, seq: int, values: Values) -> None:
        into.rows.setdefault(table, []).append((seq, into.position(table, seq), *values))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
