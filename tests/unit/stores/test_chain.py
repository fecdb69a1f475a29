"""The chain itself: what a reader believes, and what it refuses."""

import msgspec
import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.stores.base import RawRow, RunIdentity, genesis, link, verified


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


@pytest.mark.parametrize("field", ["config_hash", "feed_identity", "program_version"])
def test_a_chain_begins_with_what_the_run_was_made_of_and_not_with_its_name(field: str) -> None:
    identity = RunIdentity("run", "c", "f", "1")
    assert genesis(msgspec.structs.replace(identity, **{field: "other"})) != genesis(identity)
    assert genesis(msgspec.structs.replace(identity, run_id="other")) == genesis(identity)


def test_every_part_of_a_row_is_in_its_link() -> None:
    links = {
        link(bytes(32), 3, 7, b"{}", None),
        link(b"\1" * 32, 3, 7, b"{}", None),
        link(bytes(32), 4, 7, b"{}", None),
        link(bytes(32), 3, 8, b"{}", None),
        link(bytes(32), 3, 7, b"{ }", None),
        link(bytes(32), 3, 7, b"{}", b"{}"),
    }
    assert len(links) == 6
