from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import StateError
from alpha_pulse.venues.ids import KEPT, IdTable

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["combined", "combined/X/7", "combined/X/07", "combined/X/", "combined/X/7/stop", "combined/X/7/f"]),
    st.builds(
        "{}/{}/{}{}".format,
        st.sampled_from(["combined", "rules", "ml", "X", "other"]),
        st.sampled_from(["X", "Y/Z", "direction"]),
        st.integers(-5, 10**20),
        st.sampled_from(["", "/stop", "/f", "/stop/f"]),
    ),
)
symbols = st.sampled_from(["X", "Y/Z"])


@given(texts, symbols, st.sampled_from(["combined", "rules_only", "other"]))
def test_every_text_comes_back(text: str, symbol: str, book: str) -> None:
    ids = IdTable()
    assert ids.order_text(ids.order(text, book, symbol), book, symbol) == text
    assert ids.fill_text(ids.fill(text, book, symbol), book, symbol) == text
    assert ids.signal_text(ids.signal(text, book, symbol), book, symbol) == text
    assert ids.prediction_text(ids.prediction(text, symbol), symbol) == text
    assert ids.prediction_text(ids.prediction(None, symbol), symbol) is None
    assert ids.fill_text(ids.order(text, book, symbol), book, symbol) == f"{text}/f"


def test_what_this_program_makes_needs_no_table() -> None:
    ids = IdTable()
    numbers = [
        ids.order("combined/X/7", "combined", "X"), ids.order("combined/X/7/stop", "combined", "X"),
        ids.fill("combined/X/7/stop/f", "combined", "X"), ids.signal("combined/X/7", "combined", "X"),
        ids.signal("rules/X/7", "rules_only", "X"), ids.signal("ml/X/7", "ml_only", "X"),
        ids.signal("buy_and_hold", "buy_and_hold", "X"), ids.prediction("X/direction/7", "X"), ids.prediction(None, "X"),
    ]  # fmt: skip
    assert numbers == [14, 15, 15, 28, 29, 30, 3, 7, -1]


def test_texts_that_nobody_refers_to_are_dropped() -> None:
    ids = IdTable()
    column = np.full(1, ids.signal("kept", "b", "X"))
    ids.add_user(lambda: [column])
    for number in range(10 * KEPT):
        ids.prune()
        ids.signal(f"s{number}", "b", "X")
    assert len(ids) <= 2 * KEPT
    assert ids.signal_text(int(column[0]), "b", "X") == "kept"


def test_a_dump_numbers_anew_and_a_text_that_is_missing_is_refused() -> None:
    ids, other = IdTable(), IdTable()
    for text in ("dropped", "a", "b"):
        ids.signal(text, "book", "X")
    column = np.array([5, ids.signal("b", "book", "X"), -1, ids.signal("a", "book", "X")])
    dumped = ids.dump([column])
    assert column.tolist() == [5, -2, -1, -3]
    other.signal("theirs", "book", "X")
    other.load(dumped, [column])
    assert [other.signal_text(int(column[place]), "book", "X") for place in (1, 3)] == ["b", "a"]
    with pytest.raises(StateError, match="refers to id 0 of 0"):
        IdTable().load([], [np.array([-2])])
