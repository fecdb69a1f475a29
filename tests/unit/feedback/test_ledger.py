from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpha_pulse.core.errors import SessionError
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.feedback.ledger import Ledger

INTERVAL = 10


@given(
    gaps=st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=60),
    horizon=st.integers(1, 5),
    tolerance=st.none() | st.integers(0, 6),
    cut=st.integers(0, 60),
)
@example(gaps=[(1, True), (1, False), (2, False)], horizon=2, tolerance=1, cut=0)  # at the very end of its tolerance
def test_every_prediction_is_labelled_pending_or_expired(
    gaps: list[tuple[int, bool]], horizon: int, tolerance: int | None, cut: int
) -> None:
    """Bars come ``gap`` intervals after one another, and some of them are served."""
    ledger = Ledger("direction", horizon, None if tolerance is None else tolerance * INTERVAL)
    served: list[tuple[str, int, int]] = []
    labelled: list[str] = []
    expired: list[str] = []
    ts = 0
    for bar, (gap, serves) in enumerate(gaps, 1):
        if bar == cut:
            states, _ = unpack(pack({"ledger": ledger.snapshot()}))
            ledger = Ledger("direction", horizon, None if tolerance is None else tolerance * INTERVAL)
            ledger.restore(states["ledger"])
        ts += gap * INTERVAL
        ledger.note_open(100.0 + bar)
        first = ledger.due(bar)
        late = first if first is not None and ledger.expires(first, ts, INTERVAL) else None
        due = None if late is not None else first
        expected = [one for one in served if one[1] == bar - horizon]
        if expected:
            ((name, _, at),) = expected
            too_late = tolerance is not None and ts > at + (horizon + tolerance) * INTERVAL
            assert (due is None, late is None) == (too_late, not too_late)
            found = late if due is None else due
            assert found is not None
            assert (found.prediction_id, found.ts, found.reference) == (name, at, 7.0)
            assert found.next_open == 100.0 + bar - horizon + 1
            (expired if too_late else labelled).append(name)
        else:
            assert (due, late) == (None, None)
        if serves:
            ledger.add(f"p{bar}", ts, bar, 7.0)
            served.append((f"p{bar}", bar, ts))
        counts = ledger.counts
        assert counts.predictions == counts.labelled + counts.pending + counts.expired
        assert (counts.predictions, counts.labelled, counts.expired) == (len(served), len(labelled), len(expired))


def test_a_bar_that_was_left_out_is_an_error_not_a_wrong_label() -> None:
    ledger = Ledger("direction", 2, None)
    ledger.add("p", 0, 1, 7.0)
    with pytest.raises(SessionError, match="'p' of direction was due at bar 3, but bar 4 came"):
        ledger.due(4)
