"""The interface of venues: they accept orders, and execute them against market events, which gives fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import Bar, Fill, Order, Units

Admit = Callable[[Order, float, float], int]
"""Returns how much of a market order may trade; takes the order, its reference price and its costs over its value."""


@runtime_checkable
class Venue(Stateful, Protocol):
    """Stores resting orders and executes them. Of books it knows only the names.

    An order released at ``ts`` first trades at an event strictly later than ``ts``. Fills come in a fixed order, with ids
    derived from the order's id. A stop closes the position held at that time, never more; a new stop of the same book and
    symbol replaces the old one.
    """

    def add_instrument(self, units: Units) -> None:
        """Make a symbol tradable. Its orders are refused before that."""
        ...

    def release(self, orders: Sequence[Order]) -> None:
        """Accept orders. Raises OrderError when one could never trade."""
        ...

    def cancel(self, book: str, symbol: str) -> None:
        """Cancel the resting stops of one book and symbol, if there are any."""
        ...

    def pending(self, book: str, symbol: str) -> bool:
        """Whether a market order of this book and symbol is still to be executed."""
        ...

    def fill_at_open(self, bar: Bar, admit: Admit) -> Sequence[Fill]:
        """Execute market orders due at the open of the next bar of their symbol; return the fills, in order of release."""
        ...

    def fill_stops(self, bar: Bar) -> Sequence[Fill]:
        """Execute the stops that the same bar touches, after `fill_at_open`."""
        ...
