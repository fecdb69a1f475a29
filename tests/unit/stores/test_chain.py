"""The chain itself: what a reader believes, and what it refuses."""

import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import RawRow, link, verified


def chain(count: int) -> list[RawRow]:
    rows: list[RawRow] = []
    prev_hash = bytes(32)
    for seq in range(count):
        prev_hash = link(prev_hash, seq, seq, b"{}", None)
        rows.append((seq, seq, b"{}", None, prev_hash))
    return rows


def test_a_whole_chain_is_believed() -> None:
    assert [row.seq for row in verified(chain(4), 0, 3, bytes(32), "here")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("kept", "missing"), [([1, 2, 3], 0), ([0, 2, 3], 1), ([0, 1, 2], 3), ([], 0), ([0, 1, 3, 2], 2), ([0, 0, 1, 2], 1)]
)
def test_a_row_lost_doubled_or_moved_is_named(kept: list[int], missing: int) -> None:
    rows = chain(4)
    with pytest.raises(StateError, match=f"journal row {missing} of here is missing"):
        list(verified([rows[seq] for seq in kept], 0, 3, bytes(32), "here"))


def test_content_cannot_move_between_payload_and_decision() -> None:
    assert link(bytes(32), 0, 0, b'{"a":1}', b"{}") != link(bytes(32), 0, 0, b'{"a":1}{}', None)
