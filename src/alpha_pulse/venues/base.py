"""What a venue promises: it takes orders, and market events come back as fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from alpha_pulse.core.stateful import Stateful
from alpha_pulse.core.types import Bar, Fill, Order, Units

Admit = Callable[[Order, float, float], int]
"""Given a market order, its fill's reference price and its costs over its value: how much of it may trade, 0 for none of it."""


@runtime_checkable
class Venue(Stateful, Protocol):
    """Holds resting orders and trades them; knows nothing of books beyond their names.

    An order released at ``ts`` first trades at an event strictly later than ``ts``. Fills come in a fixed order, with ids made
    from the order's. A stop closes what is then held, never more; a new stop of the same book and symbol replaces the old one.
    """

    def add_instrument(self, units: Units) -> None:
        """Make a symbol tradable. Its orders are refused before that."""
        ...

    def release(self, orders: Sequence[Order]) -> None:
        """Take orders. Raises OrderError when one could never trade."""
        ...

    def cancel(self, book: str, symbol: str) -> None:
        """Drop the resting stops of one book and symbol; none resting is no error."""
        ...

    def pending(self, book: str, symbol: str) -> bool:
        """Whether a market order of this book and symbol still waits for its trade."""
        ...

    def fill_at_open(self, bar: Bar, admit: Admit) -> Sequence[Fill]:
        """Trade market orders that are due at the open of the next bar of their symbol; the fills, in order of release."""
        ...

    def fill_stops(self, bar: Bar) -> Sequence[Fill]:
        """Trade the stops that the same bar touches, after `fill_at_open`."""
        ...
