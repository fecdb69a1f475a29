"""The lines of a registry's log. Each has the hash of all before it, so that none can change, appear or vanish unnoticed."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Literal

import msgspec

from alpha_pulse.core.errors import StateError

ModelState = Literal["candidate", "shadow", "canary", "champion", "retired"]
Action = Literal["add", "move", "rollback", "freeze", "unfreeze"]
START = "0" * 64
"""The hash before the first line."""
_HEAD = re.compile(r"(0|[1-9]\d{0,11}) (0|[1-9]\d{0,14}) ([0-9a-f]{64})\n")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One change of a registry.

    Parameters
    ----------
    ts_ns
        Wall time, ns since the Unix epoch (UTC).
    action
        ``add``: a version was registered. ``move``: it enters ``state``. ``rollback``: it is the champion again. ``freeze`` and
        ``unfreeze``: the champion of (symbol, target) cannot, or can again, be changed.
    symbol, target
        Whose models are changed.
    version
        Its id; empty for ``freeze`` and ``unfreeze``.
    state
        The state that it enters; None for ``freeze`` and ``unfreeze``.
    actor, reason, evidence
        Who did it, why, and on what evidence (JSON values by name).
    lineage_sha256
        Of the bytes of its lineage, for ``add``.
    """

    ts_ns: int
    action: Action
    symbol: str
    target: str
    actor: str
    reason: str
    version: str = ""
    state: ModelState | None = None
    evidence: dict[str, Any] = {}
    lineage_sha256: str = ""


class Head(msgspec.Struct, frozen=True):
    """How far a log is valid: its lines and bytes, and the hash of all of them."""

    lines: int = 0
    size: int = 0
    chain: str = START

    def to_bytes(self) -> bytes:
        """As one line.

        >>> read_head(Head(3, 900).to_bytes()) == Head(3, 900)
        True
        """
        return f"{self.lines} {self.size} {self.chain}\n".encode()


def read_head(content: bytes) -> Head:
    """Read a head. Raises ValueError when it is none."""
    match = _HEAD.fullmatch(content.decode("ascii", "replace"))
    if match is None:
        raise ValueError("it is not the head of a log")
    return Head(int(match[1]), int(match[2]), match[3])


def line_of(entry: Entry, before: str) -> tuple[bytes, str]:
    """The line of an entry after the hash ``before``, and the hash of all lines up to it."""
    text = msgspec.json.encode(entry)
    chain = _link(before, text)
    return chain.encode() + b" " + text + b"\n", chain


def read_lines(content: bytes, head: Head) -> list[Entry]:
    """Read the lines of a log, and check each hash. Raises StateError for the first line that differs."""
    lines, chain, entries = content.split(b"\n"), START, list[Entry]()
    if lines.pop() != b"" or len(lines) != head.lines:
        raise StateError(f"it has {len(lines)} lines, but {head.lines} were written")
    for number, line in enumerate(lines, 1):
        stated, _, text = line.partition(b" ")
        chain = _link(chain, text)
        if stated != chain.encode():
            raise StateError(f"line {number} differs from what was written")
        try:
            entries.append(msgspec.json.decode(text, type=Entry))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StateError(f"line {number} was written by another version of this program ({error})") from None
    if chain != head.chain:
        raise StateError("its last line is not the one that was written")
    return entries


def _link(before: str, text: bytes) -> str:
    return hashlib.sha256(before.encode() + text).hexdigest()
