"""Outcomes of trades outside of the run: each is accepted once, and waits for the slice with which it is learned."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from alpha_pulse.core.errors import ConflictError, DataError
from alpha_pulse.core.stateful import State
from alpha_pulse.core.types import Lot, Signal, TradeOutcome, finite
from alpha_pulse.learning.dedup_window import MOST_IDS, DedupWindow

MAX_ID = 128
MAX_BOOK = 64
LARGEST = 2**63
"""Amounts must be below this, like all amounts in the journal."""


class ExternalOutcomes:
    """The external outcomes that were accepted, by ``book/lot_id``, and those that are not learned yet.

    The book must be the caller's, because the loop already learns from the lots of the run's own books.
    """

    def __init__(self, own_books: Iterable[str] = ()) -> None:
        self._own_books = frozenset(own_books)
        self._seen = DedupWindow()
        self._waiting: list[TradeOutcome] = []

    def is_known(self, outcome: TradeOutcome) -> bool:
        """Whether this outcome was accepted before. Raises ConflictError if another outcome has the same book and id."""
        if outcome_id(outcome) not in self._seen:
            return False
        if not self._seen.repeats(outcome_id(outcome), _content(outcome)):
            raise ConflictError(
                f"the outcome {outcome.lot.lot_id[:MAX_ID]!r} of book {outcome.lot.book[:MAX_BOOK]!r} was reported before with "
                "other content; an id belongs to one outcome: repeat it unchanged, or give the new one another id"
            )
        return True

    def accept(self, outcome: TradeOutcome) -> None:
        """Accept a validated outcome, to be learned with the next slice."""
        self._seen.add(outcome_id(outcome), _content(outcome))
        self._waiting.append(outcome)

    def take_waiting(self, ts: int) -> list[TradeOutcome]:
        """Remove and return the waiting outcomes, closed at ``ts``, with the book as part of their lots' ids."""
        if not self._waiting:
            return []
        outcomes, self._waiting = self._waiting, []
        replace = msgspec.structs.replace
        return [replace(outcome, lot=replace(outcome.lot, lot_id=outcome_id(outcome)), closed_ts=ts) for outcome in outcomes]

    def validated(self, trade: Signal, outcome: TradeOutcome, now: int) -> TradeOutcome:
        """The outcome, if it is valid; ``now`` is market time (ns).

        Raises
        ------
        ConflictError
            Its book is one of the run's own, or the run cannot store more outcomes.
        DataError
            An invalid field; NonFiniteError for a number that is not finite.
        """
        if len(self._seen) >= MOST_IDS:
            raise ConflictError(f"{MOST_IDS:,} outcomes were reported, the maximum of a run; start another run")
        lot = outcome.lot
        if lot.book in self._own_books:
            raise ConflictError(
                f"the outcome {lot.lot_id!r} is of the run's own book {lot.book!r}, from which the loop learns by itself; "
                "report outcomes of external trades, under a book of another name"
            )
        what = f"the outcome {lot.lot_id[:MAX_ID]!r}"
        _check_names(what, lot)
        _check_numbers(what, outcome)
        if not (trade.ts <= outcome.closed_ts <= now and lot.opened_ts <= outcome.closed_ts):
            raise DataError(
                f"{what} has opened_ts {lot.opened_ts} and closed_ts {outcome.closed_ts}, but its signal is of {trade.ts} "
                f"and the newest bar ended at {now}; expected a close between them, not before the opening, in nanoseconds "
                "since the Unix epoch (UTC)"
            )
        _check_agreement(what, trade, outcome)
        return outcome

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        return State({"waiting": msgspec.to_builtins(self._waiting)}, self._seen.snapshot().arrays)

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`."""
        self._seen.restore(state)
        self._waiting = msgspec.convert(state.scalars["waiting"], list[TradeOutcome])


def outcome_id(outcome: TradeOutcome) -> str:
    """The id of an external outcome."""
    return f"{outcome.lot.book}/{outcome.lot.lot_id}"


def _content(outcome: TradeOutcome) -> bytes:
    return msgspec.json.encode(outcome)


def typed(outcome: TradeOutcome) -> TradeOutcome:
    """The outcome, if its fields have their types and can be written as JSON; DataError otherwise.

    Python does not check the fields of a struct when it is constructed.
    """
    try:
        converted = msgspec.convert(msgspec.to_builtins(outcome), TradeOutcome)
        _content(converted)
        return converted
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"the outcome of signal {outcome.signal_id!r} cannot be used: {error}") from None


def _check_names(what: str, lot: Lot) -> None:
    if not (0 < len(lot.book) <= MAX_BOOK and lot.book.isprintable() and "/" not in lot.book):
        raise DataError(
            f"{what} names the book {lot.book[:MAX_BOOK]!r}; expected 1 to {MAX_BOOK} printable characters without '/'"
        )
    if not (0 < len(lot.lot_id) <= MAX_ID and lot.lot_id.isprintable()):
        raise DataError(f"{what} has an id of {len(lot.lot_id)} characters; expected 1 to {MAX_ID} printable ones")


def _check_numbers(what: str, outcome: TradeOutcome) -> None:
    lot = outcome.lot
    for name, value in (("return_", outcome.return_), ("open", lot.open_reference), ("close", lot.close_reference)):
        finite(f"{name} of {what}", value)
    amounts = (outcome.pnl, outcome.held_ns, lot.opened_ts, lot.quantity, lot.gross_pnl, lot.costs, lot.net_pnl)
    if not all(abs(amount) < LARGEST for amount in amounts) or not lot.quantity:
        raise DataError(
            f"{what} has quantity {lot.quantity}, pnl {outcome.pnl} and opened_ts {lot.opened_ts}; expected whole numbers that "
            "fit into 64 bits, and a quantity above 0 for a lot held long or below 0 for one held short"
        )


def _check_agreement(what: str, trade: Signal, outcome: TradeOutcome) -> None:
    """Raise DataError when the outcome and its lot differ in what both state."""
    lot = outcome.lot
    if not trade.signal_id == outcome.signal_id == lot.signal_id:
        raise DataError(
            f"{what} is of signal {outcome.signal_id!r} and its lot of {lot.signal_id!r}, but {trade.signal_id!r} was given; "
            "expected one signal"
        )
    if not outcome.pnl == lot.net_pnl == lot.gross_pnl - lot.costs:
        raise DataError(
            f"{what} has pnl {outcome.pnl}, and its lot net_pnl {lot.net_pnl}, gross_pnl {lot.gross_pnl} and costs "
            f"{lot.costs}; expected pnl = net_pnl = gross_pnl - costs"
        )
    if outcome.return_ * outcome.pnl < 0 or outcome.return_ == 0.0 != outcome.pnl:
        raise DataError(f"{what} has pnl {outcome.pnl} and return_ {outcome.return_!r}; expected numbers of one sign")
    if lot.closed_ts != outcome.closed_ts:
        raise DataError(f"{what} has closed_ts {outcome.closed_ts}, and its lot {lot.closed_ts}; expected one time")
