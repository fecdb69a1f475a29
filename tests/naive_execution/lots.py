"""A position as a queue of lots, first in first out, with money that adds up to the last minor unit."""

from __future__ import annotations

from collections import deque

import msgspec

from alpha_pulse.core.errors import OrderError, StateError
from alpha_pulse.core.types import Fill, Lot, Units
from naive_execution.money import money


class _OpenLot:
    """The part of one fill that is still held: all but the first ``used`` of its quantity (same sign as the fill's)."""

    __slots__ = ("charges", "fill", "used", "value")

    def __init__(self, fill: Fill, used: int, units: Units) -> None:
        self.fill = fill
        self.used = used
        self.value = money(fill.quantity, fill.reference, units)
        self.charges = fill.cost + fill.fee


class LotsState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The saved state of a `LotQueue`, as JSON values. ``open`` holds each open lot's fill and how much of it is used."""

    open: list[tuple[Fill, int]]
    position: int
    basis: int
    marked: int
    realised_gross: int
    realised_charges: int
    costs: int
    fees: int
    traded: int
    fills: int
    closed: int


def share(amount: int, start: int, end: int, whole: int) -> int:
    """The part of ``amount`` that belongs to units ``start`` to ``end`` of ``whole``; adjacent parts add up exactly.

    >>> [share(10, 0, 1, 3), share(10, 1, 2, 3), share(10, 2, 3, 3)]
    [3, 3, 4]
    """
    return amount * end // whole - amount * start // whole


class LotQueue:
    """The lots of one book in one symbol.

    Values are taken at reference prices, so that a lot's gross P&L knows no spread, slippage or fee; ``costs`` of a closed
    lot are its share of both fills' costs and fees, and ``net_pnl = gross_pnl - costs`` exactly. A fill that closes several
    lots, or closes and opens, is shared among them by quantity, in integers (method: first in first out, IAS 2, 2003).

    Parameters
    ----------
    book
        Whose position this is; a fill of another is refused.
    units
        Of the symbol. A closed lot worth less than ``min_order`` when it was opened is no trade: its money counts, it does not.

    >>> queue = LotQueue("combined", Units("X", cash_decimals=2, quantity_decimals=6))
    >>> queue.apply_fill(Fill("f1", "o1", "combined", "X", 1, 2_000_000, 10.0, 10.0, cost=3, fee=2, signal_id="s1"))
    []
    >>> lot, = queue.apply_fill(Fill("f2", "o2", "combined", "X", 2, -1_000_000, 12.0, 12.0, cost=1, fee=1, signal_id="s2"))
    >>> lot.gross_pnl, lot.costs, lot.net_pnl, lot.signal_id, queue.position
    (200, 4, 196, 's1', 1000000)
    """

    __slots__ = (
        "_lots",
        "basis",
        "book",
        "closed",
        "costs",
        "fees",
        "fills",
        "marked",
        "position",
        "realised_charges",
        "realised_gross",
        "symbol",
        "traded",
        "units",
    )

    def __init__(self, book: str, units: Units) -> None:
        self.book = book
        self.symbol = units.symbol
        self.units = units
        self._lots: deque[_OpenLot] = deque()
        self.position = 0
        """Signed quantity held, in parts of a unit."""
        self.basis = 0
        """What the open lots were worth when they were opened, at reference prices, in minor units."""
        self.marked = 0
        """What the position was worth when it was last marked, in minor units."""
        self.realised_gross = 0
        self.realised_charges = 0
        self.costs = 0
        self.fees = 0
        self.traded = 0
        """Value of all fills at reference prices, in minor units."""
        self.fills = 0
        self.closed = 0
        """Closed lots that are trades: no dust."""

    def apply_fill(self, fill: Fill) -> list[Lot]:
        """Apply a fill; returns the lots that it closed, oldest first.

        Raises OrderError when the fill belongs elsewhere, trades nothing, or has a negative cost or fee.
        """
        self._refuse_foreign(fill)
        quantity = fill.quantity
        incoming = _OpenLot(fill, 0, self.units)
        closed: list[Lot] = []
        lots = self._lots
        while incoming.used != quantity and lots and (lots[0].fill.quantity > 0) != (quantity > 0):
            oldest = lots[0]
            take = min(abs(oldest.fill.quantity - oldest.used), abs(quantity - incoming.used))
            closed.append(self._close(oldest, incoming, take if quantity < 0 else -take, len(closed)))
            if oldest.used == oldest.fill.quantity:
                lots.popleft()
        if incoming.used != quantity:
            lots.append(incoming)
            self.basis += share(incoming.value, incoming.used, quantity, quantity)
        self.position += quantity
        self.costs += fill.cost
        self.fees += fill.fee
        self.traded += abs(incoming.value)
        self.fills += 1
        return closed

    def _close(self, oldest: _OpenLot, incoming: _OpenLot, quantity: int, rank: int) -> Lot:
        """Close ``quantity`` (signed as held) of the oldest lot against the incoming fill."""
        opened, closing = oldest.fill, incoming.fill
        start, end = oldest.used, oldest.used + quantity
        first, last = incoming.used, incoming.used - quantity
        basis = share(oldest.value, start, end, opened.quantity)
        gross = -share(incoming.value, first, last, closing.quantity) - basis
        charges = share(oldest.charges, start, end, opened.quantity) + share(incoming.charges, first, last, closing.quantity)
        oldest.used, incoming.used = end, last
        self.basis -= basis
        self.realised_gross += gross
        self.realised_charges += charges
        self.closed += abs(basis) >= self.units.min_order
        return Lot(
            lot_id=f"{closing.fill_id}/{rank}",
            book=self.book,
            symbol=self.symbol,
            quantity=quantity,
            opened_ts=opened.ts,
            closed_ts=closing.ts,
            open_reference=opened.reference,
            close_reference=closing.reference,
            gross_pnl=gross,
            costs=charges,
            net_pnl=gross - charges,
            open_fill_id=opened.fill_id,
            close_fill_id=closing.fill_id,
            signal_id=opened.signal_id,
            prediction_id=opened.prediction_id,
        )

    def _refuse_foreign(self, fill: Fill) -> None:
        if fill.book != self.book or fill.symbol != self.symbol:
            raise OrderError(
                f"fill {fill.fill_id} belongs to {fill.book}/{fill.symbol}, but reached {self.book}/{self.symbol}; "
                "send each fill to the book that ordered it"
            )
        if fill.quantity == 0 or fill.cost < 0 or fill.fee < 0:
            raise OrderError(
                f"fill {fill.fill_id} has quantity {fill.quantity}, cost {fill.cost} and fee {fill.fee}; "
                "a quantity other than 0 and costs of at least 0 were expected: fix the venue"
            )

    def signal_ids(self) -> set[str]:
        """The signals that the open lots came from."""
        return {lot.fill.signal_id for lot in self._lots}

    def dump(self) -> LotsState:
        """The state to save."""
        return LotsState(
            open=[(lot.fill, lot.used) for lot in self._lots],
            position=self.position,
            basis=self.basis,
            marked=self.marked,
            realised_gross=self.realised_gross,
            realised_charges=self.realised_charges,
            costs=self.costs,
            fees=self.fees,
            traded=self.traded,
            fills=self.fills,
            closed=self.closed,
        )

    def load(self, state: LotsState) -> None:
        """Take over ``state``. Raises StateError when its lots do not make up its position."""
        held = sum(fill.quantity - used for fill, used in state.open)
        if held != state.position:
            raise StateError(
                f"the saved lots of {self.book}/{self.symbol} hold {held}, but the saved position is {state.position}; "
                "use an older checkpoint"
            )
        self._lots = deque(_OpenLot(fill, used, self.units) for fill, used in state.open)
        self.position = state.position
        self.basis = state.basis
        self.marked = state.marked
        self.realised_gross = state.realised_gross
        self.realised_charges = state.realised_charges
        self.costs = state.costs
        self.fees = state.fees
        self.traded = state.traded
        self.fills = state.fills
        self.closed = state.closed
