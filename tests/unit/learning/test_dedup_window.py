"""Ids that were learned: all of them are known, also after a restart, in little memory."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, digest
from alpha_pulse.learning.dedup_window import CONTENT_BYTES, REST_BYTES, DedupWindow, _digest

MANY = 60_000


def filled(count: int) -> DedupWindow:
    seen = DedupWindow()
    for number in range(count):
        seen.add(f"a{number}", b"%d" % number)
    return seen


def test_an_id_of_any_age_is_known_and_a_new_one_is_not() -> None:
    seen = filled(MANY)
    assert len(seen) == MANY
    assert all(f"a{number}" in seen for number in range(MANY))
    assert not any(f"b{number}" in seen for number in range(MANY))
    seen.add("a0", b"other")
    assert len(seen) == MANY


def test_what_was_sent_under_an_id_is_known_too() -> None:
    seen, twin = filled(5_000), DedupWindow()
    twin.restore(seen.snapshot())
    for each in (seen, twin):
        assert all(each.repeats(f"a{number}", b"%d" % number) for number in range(5_000))
        assert not any(each.repeats(f"a{number}", b"%d" % (number + 1)) for number in range(5_000))


def test_a_restored_twin_knows_the_same_and_goes_on_equally() -> None:
    seen, twin = filled(5_000), DedupWindow()
    twin.restore(seen.snapshot())
    assert len(twin) == 5_000
    assert all(f"a{number}" in twin for number in range(5_000))
    for other in (seen, twin):
        other.add("b", b"1")
        other.add("a17", b"17")
    assert digest({"seen": seen.snapshot()}) == digest({"seen": twin.snapshot()})
    empty = DedupWindow()
    twin.restore(empty.snapshot())
    assert (len(twin), "b" in twin) == (0, False)


def test_an_id_takes_some_thirty_bytes() -> None:
    seen = filled(MANY * 5)
    held = sum(sys.getsizeof(prefix) + sys.getsizeof(bucket) for prefix, bucket in seen._buckets.items())
    # 65,536 buckets cost what they cost; each further id costs little more than its digest.
    assert held - 65_536 * (sys.getsizeof(b"ab") + sys.getsizeof(bytearray())) < 34 * len(seen)
    assert seen.snapshot().arrays["digests"].nbytes == 24 * len(seen)


def test_a_rest_that_lies_across_two_neighbours_is_not_found() -> None:
    seen, target = DedupWindow(), _digest("x")
    half = REST_BYTES // 2
    rest = target[2:]
    seen._buckets[target[:2]] = bytearray(b"\0" * half + rest + b"\0" * (half + 2 * CONTENT_BYTES))
    assert "x" not in seen
    seen.add("x", b"1")
    assert "x" in seen


@pytest.mark.parametrize("arrays", [{}, {"digests": np.zeros(25, np.uint8)}, {"digests": np.zeros(16)}], ids=str)
def test_what_is_no_list_of_digests_is_refused(arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(StateError, match="older checkpoint"):
        DedupWindow().restore(State(arrays=arrays))
