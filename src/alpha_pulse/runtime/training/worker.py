"""The process that trains: ``python -m alpha_pulse.runtime.training.worker``.

It reads requests from its input, one line of JSON each, and writes one answer to each: its length (8 bytes, little endian) and
that many bytes of `alpha_pulse.core.stateful.pack`. It reads the run from its store, so that the process that trades copies
nothing, and ends with its input.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import BinaryIO

import msgspec

from alpha_pulse.core.errors import AlphaPulseError, StateError
from alpha_pulse.core.stateful import pack, unpack
from alpha_pulse.engine.stored_run import stored_config
from alpha_pulse.engine.training.trainers import train_all
from alpha_pulse.learning.training import Trained
from alpha_pulse.stores.reading import StoreReader

LENGTH_BYTES = 8
NICE = 10
"""Less urgent than the process that trades, where both share a core."""
RETRY_S = 0.05
MOST_RETRIES = 1_200
"""A minute for the steps of the training set to reach the disk."""
PROBLEM = "problem"


class Request(msgspec.Struct, frozen=True):
    """Train on the steps before ``end`` of the run in the store ``path``."""

    path: str
    end: int


def encode(results: Mapping[str, Trained]) -> bytes:
    """An answer: the results of a round by session id."""
    states = {session_id: found.state for session_id, found in results.items() if found.state is not None}
    return pack(states, {session_id: [each.examples, each.version, each.refused] for session_id, each in results.items()})


def decode(answer: bytes) -> dict[str, Trained]:
    """The results in an answer. Raises StateError where training has failed, or the answer is damaged."""
    states, meta = unpack(answer)
    if PROBLEM in meta:
        raise StateError(meta[PROBLEM])
    return {
        session_id: Trained(examples, version, states.get(session_id), refused)
        for session_id, (examples, version, refused) in meta.items()
    }


def answer_to(request: Request) -> bytes:
    """Train, and make the answer."""
    try:
        return encode(_trained(request))
    except AlphaPulseError as error:
        return pack({}, {PROBLEM: str(error)})


def _trained(request: Request) -> dict[str, Trained]:
    waiting = Event()
    for _ in range(MOST_RETRIES):
        with StoreReader(Path(request.path)) as reader:
            if reader.step_count >= request.end and reader.identity is not None:
                return train_all(stored_config(reader.identity), reader.blocks(), request.end)
        waiting.wait(RETRY_S)
    raise StateError(f"step {request.end - 1} did not reach the store {request.path} within a minute")


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        answer = answer_to(msgspec.json.decode(line, type=Request))
        answers.write(len(answer).to_bytes(LENGTH_BYTES, "little") + answer)
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    serve(sys.stdin.buffer, sys.stdout.buffer)
