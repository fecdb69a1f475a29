"""The inputs of a run in a store of schema version 4: its bars as a feed, and its commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import unpack
from alpha_pulse.core.types import Bar
from alpha_pulse.feeds.bar_block import ASK, BID, VOLUME, BarBlock, Slice
from alpha_pulse.feeds.base import FeedInfo
from alpha_pulse.feeds.interval import infer_interval
from alpha_pulse.feeds.stored import StoredFeed
from alpha_pulse.learning.commands import Command
from alpha_pulse.stores.version4 import Version4Reader

_LEVEL = "level/"
"""Start of the names of components of which each symbol has one."""


class _RecordedInputs(msgspec.Struct):
    """The inputs in a row's JSON."""

    bars: tuple[Bar, ...] = ()
    commands: list[Command] = msgspec.field(default_factory=list)


_decode = msgspec.json.Decoder(_RecordedInputs).decode


class Inputs(msgspec.Struct, frozen=True):
    """All that a run was given: its ``feed``, and its ``commands`` by the number of their step."""

    feed: StoredFeed
    commands: dict[int, list[Command]]


def read_inputs(reader: Version4Reader, on_progress: Callable[[int], object] = lambda _: None) -> Inputs:
    """Read all rows, and check their hashes.

    Version 4 does not state the symbols and the length of a bar in one place. They are those in the result of a finished run;
    otherwise the symbols of a checkpoint, or of the bars, and the length that the bars have.

    Parameters
    ----------
    reader
        The store.
    on_progress
        Called with the number of rows read.

    Raises
    ------
    StateError
        A row is damaged, or there is no bar.
    DataError
        The run is not finished, and its bars are of several lengths from which no interval follows.
    """
    slices: list[Slice] = []
    commands: dict[int, list[Command]] = {}
    for row in reader.rows():
        inputs = _decode(row.payload)
        if inputs.bars:
            slices.append(inputs.bars)
        else:
            commands[row.seq] = inputs.commands
        on_progress(row.seq + 1)
    if not slices or reader.identity is None:
        raise StateError(f"store {reader.path} contains no bar, so there is nothing to convert; start a new store")
    result = reader.result()
    data: dict[str, Any] = {} if result is None else msgspec.json.decode(result).get("data", {})
    symbols = tuple(data["symbols"]) if "symbols" in data else _symbols(reader, slices)
    bars = BarBlock.of(slices, symbols)
    interval = round(data["interval_s"] * 1e9) if "interval_s" in data else _interval(bars, str(reader.path))
    has_volume, *has_quotes = (not np.isnan(bars.prices[:, place]).any() for place in (VOLUME, BID, ASK))
    info = FeedInfo(interval, has_volume=has_volume, has_quotes=all(has_quotes))
    return Inputs(StoredFeed(bars, info, reader.identity.feed_identity), commands)


def _symbols(reader: Version4Reader, slices: list[Slice]) -> tuple[str, ...]:
    """The symbols of a run that is not finished."""
    for seq in reversed(reader.checkpoint_steps()):
        try:
            states, _ = unpack(reader.checkpoint(seq))
        except StateError:
            continue
        return tuple(sorted(name.removeprefix(_LEVEL) for name in states if name.startswith(_LEVEL)))
    return tuple(sorted({bar.symbol for each in slices for bar in each}))


def _interval(bars: BarBlock, where: str) -> int:
    lengths = np.unique(bars.interval_ns)
    if len(lengths) == 1:
        return int(lengths[0])
    return infer_interval(bars.code, bars.ts_event - bars.interval_ns, bars.symbols, where)
