"""What a store of version 4 does not state is found in its bars and checkpoints."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.bar_times import MONTH_NS
from alpha_pulse.core.durations import HOUR_NS
from alpha_pulse.core.errors import StateError
from alpha_pulse.core.stateful import State, pack
from alpha_pulse.core.types import Bar
from alpha_pulse.feeds.base import FeedInfo
from alpha_pulse.runtime.version4 import Inputs, read_inputs
from alpha_pulse.stores.version4 import JournalRow, Version4Reader
from stored_runs import replaced, unpacked


def inputs_of(path: Path) -> Inputs:
    with Version4Reader(path) as reader:
        return read_inputs(reader)


def with_bars(folder: Path, bars: list[Bar]) -> Path:
    path = unpacked("version4_stopped", folder)
    replaced(path, [JournalRow(bar.seq, bar.ts_event, msgspec.json.encode({"bars": [bar]}), None) for bar in bars])
    return path


def info(inputs: Inputs) -> FeedInfo:
    return FeedInfo(inputs.feed.interval_ns, inputs.feed.has_volume, inputs.feed.has_quotes)


def test_a_finished_run_states_what_its_feed_was(tmp_path: Path) -> None:
    finished = inputs_of(unpacked("version4_finished", tmp_path))
    assert finished.feed.symbols == ("LEFT", "RIGHT")
    assert info(finished) == FeedInfo(HOUR_NS, has_volume=True, has_quotes=False)
    kinds = [command.kind for given in finished.commands.values() for command in given]
    assert kinds == ["start", "update", "set", "adapt", "outcome"]


def test_months_are_recognised_by_their_lengths(tmp_path: Path) -> None:
    starts = np.arange("2001-01", "2005-01", dtype="datetime64[M]").astype("datetime64[ns]").astype(np.int64).tolist()
    bars = [
        Bar("X", end, end - start, 1.0, 2.0, 0.5, 1.5, bid=1.4, ask=1.6, seq=seq)
        for seq, (start, end) in enumerate(itertools.pairwise(starts))
    ]
    assert info(inputs_of(with_bars(tmp_path, bars))) == FeedInfo(MONTH_NS, has_volume=False, has_quotes=True)


def test_a_checkpoint_names_symbols_that_have_no_bar_yet(tmp_path: Path) -> None:
    path = with_bars(tmp_path, [Bar("X", HOUR_NS, HOUR_NS, 1.0, 2.0, 0.5, 1.5, seq=0)])
    assert inputs_of(path).feed.symbols == ("X",)
    blobs = {0: b"damaged", -1: pack({"level/X": State(), "level/LATE": State(), "venue": State()})}
    with closing(sqlite3.connect(path)) as db:
        db.executemany("INSERT INTO checkpoint VALUES (?, ?)", blobs.items())
        db.commit()
    assert inputs_of(path).feed.symbols == ("LATE", "X")


def test_a_store_without_a_bar_is_refused(tmp_path: Path) -> None:
    path = unpacked("version4_stopped", tmp_path)
    replaced(path, [JournalRow(0, 5, b'{"commands":[{"kind":"adapt","session_id":"*","drift_type":"timer"}]}', None)])
    with pytest.raises(StateError, match=r"contains no bar, so there is nothing to convert; start a new store"):
        inputs_of(path)
