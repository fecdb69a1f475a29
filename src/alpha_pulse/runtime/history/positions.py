"""The open positions and the results of the books, as a message."""

from __future__ import annotations

from collections.abc import Sequence

from alpha_pulse.execution.execution_service import ExecutionService
from alpha_pulse.gateway.trading_messages import BookStatus, Position, Positions
from alpha_pulse.runtime.history.run_history import RunHistory


def positions_of(
    execution: ExecutionService, history: RunHistory, book_names: Sequence[str], marks_per_year: float
) -> Positions:
    """The positions of the books at the newest closes, and the results of the books.

    Parameters
    ----------
    execution, history
        Of the run.
    book_names
        The books, in the order of the positions.
    marks_per_year
        Steps per year, for ratios per year.
    """
    cash, positions = execution.cash, []
    for name in book_names:
        for symbol, units in history.units.items():
            lots = execution.book(name).lots(symbol)
            quantity = units.quantity(lots.position)
            closes = history.symbols[symbol].bars.column("close")
            if quantity and len(closes):
                basis, marked = cash(lots.basis), cash(lots.marked)
                unrealised = cash(lots.marked - lots.basis)
                positions.append(Position(name, symbol, quantity, basis / quantity, float(closes[-1]), marked, unrealised))
    books = {
        name: BookStatus(
            equity=cash(book.equity),
            net_pnl=cash(book.net_pnl),
            gross_pnl=cash(book.gross_pnl),
            fees=cash(book.fees),
            costs=cash(book.costs),
            trades=book.trades,
            sharpe=book.sharpe,
            max_drawdown=book.max_drawdown,
        )
        for name, book in execution.results(marks_per_year).items()
    }
    return Positions(positions, books)
