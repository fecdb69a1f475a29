"""The history that is filled from columns is the one that is filled from one record per step, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from alpha_pulse.gateway.messages import Page
from alpha_pulse.gateway.protocol import ALL
from alpha_pulse.journal.block import JournalBlock, decoded_blocks, part
from alpha_pulse.journal.joining import joined
from alpha_pulse.journal.reader import BlockReader, read_steps
from alpha_pulse.runtime.history import table as history_table
from alpha_pulse.runtime.history.history import History
from alpha_pulse.runtime.history.run_history import RunHistory
from alpha_pulse.runtime.history.steps import step_message
from alpha_pulse.runtime.history.table import HistoryTable
from alpha_pulse.runtime.inspector import Inspector
from flow.runs import Done, begun, finished
from golden.runs import RUNS
from naive_history import NaiveHistory, naive_message

MARKETS = ("restless", "several", "quotes", "jumps")
SIZES = (1, 7, 512)
PAGES = (Page(limit=10_000), Page(from_seq=901, limit=70), Page(max_points=97), Page(from_seq=1_203, max_points=2))


@cache
def run_of(market: str) -> Done:
    """A run in blocks of 512 slices, with a command now and then."""
    system = begun(RUNS[market].feed(), RUNS[market].settings)
    for slices in (1, 700, 13):
        system.advance(slices)
        system.command([])
    return finished(system, [512])


def settings_of(done: Done) -> dict[str, Any]:
    learning = done.system.config.learning
    return {
        "symbols": done.system.feed.symbols,
        "books": done.system.execution.book_names,
        "volatility_horizon": learning.volatility_horizon_bars,
        "window": learning.window,
    }


def cut(done: Done, size: int) -> Iterator[JournalBlock]:
    """The blocks of a run, in parts of at most ``size`` slices."""
    for block in decoded_blocks(done.system.store):
        for first in range(0, block.steps, size):
            yield part(block, first, min(first + size, block.steps))


@cache
def naive(market: str) -> NaiveHistory:
    done = run_of(market)
    history = NaiveHistory(**settings_of(done))
    for step in read_steps(done.system.store):
        history.take(step.record)
    return history


def bits(table: HistoryTable) -> tuple[int, bytes]:
    return table.dropped, table.rows.tobytes()


def tables(content: RunHistory) -> dict[str, Any]:
    """Every number of a history, bit for bit, and every event."""
    found: dict[str, Any] = {"equity": bits(content.equity), "earned": bits(content.earned)}
    for symbol, history in content.symbols.items():
        found[f"{symbol} bars"] = bits(history.bars), history.length_ns
        found[f"{symbol} regimes"] = msgspec.json.encode(history.regimes.regimes({}, content.bar_open_ms))
        for target, predictions in history.predictions.items():
            found[f"{symbol} {target}"] = bits(predictions.table), vars(predictions.freshness) | {"_target": None}
            history.scores[target].skills_at(10**9)
            found[f"{symbol} {target} scores"] = bits(history.scores[target].table)
    for name in ("fills", "lots", "unfilled"):
        found[name] = list(getattr(content, name).all(None, ALL))
    for name in ("units", "alarms", "responses", "actions", "models"):
        found[name] = list(getattr(content, name).items())
    return found


def pages(content: RunHistory) -> Iterator[bytes]:
    """Series and pages of events, as they go over the wire."""
    for page in PAGES:
        yield msgspec.json.encode(content.equity_series(page))
        yield msgspec.json.encode(content.fills.page(None, ALL, page))
        for symbol, history in content.symbols.items():
            yield msgspec.json.encode(history.bar_series(symbol, page))
            for target, predictions in history.predictions.items():
                yield msgspec.json.encode(predictions.series(symbol, target, page, history.bars))
                yield msgspec.json.encode(history.scores[target].series(symbol, target, page, history.bars))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("market", MARKETS)
def test_columns_give_the_same_history_as_records(market: str, size: int) -> None:
    done, rng = run_of(market), np.random.default_rng(size)
    history, wanted = History(**settings_of(done)), naive(market).content
    for block in cut(done, size):
        history.take_block(block)
        if rng.random() < 0.1:
            assert history.content.equity.held == history.slices
    assert tables(history.content) == tables(wanted)
    assert list(pages(history.content)) == list(pages(wanted))
    assert (history.seq, history.slices) == (len(naive(market).records) - 1, wanted.equity.held)
    assert history.bars == sum(len(record.bars) for record in naive(market).records)
    assert (history.first_ts, history.last_ts) == (done.bars[0].ts_event, done.bars[-1].ts_event)


def test_the_runs_have_what_can_be_shown() -> None:
    records = [record for market in MARKETS for record in naive(market).records]
    for name in ("expired", "fills", "lots", "alarms", "adaptations", "regimes", "models", "refusals"):
        assert any(getattr(record, name) for record in records)
    assert any(label.label is None for record in records for label in record.labels)
    assert any(len(prediction.members) == 3 for record in records for prediction in record.predictions)


@pytest.mark.parametrize("size", SIZES)
def test_a_stored_journal_is_read_back_alike(size: int) -> None:
    done = run_of("several")
    history = History(**settings_of(done))
    assert list(history.read_back(cut(done, size)))[-1] == history.seq == len(naive("several").records) - 1
    assert tables(history.content) == tables(naive("several").content)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("market", ["restless", "several"])
def test_messages_of_the_stream_are_those_of_the_records(market: str, size: int) -> None:
    done, rng = run_of(market), np.random.default_rng(size)
    history, wanted, told = History(**settings_of(done)), NaiveHistory(**settings_of(done)), 0
    records = iter(naive(market).records)
    for block in cut(done, size):
        history.take_block(block)
        for _ in range(block.steps):
            wanted.take(next(records))
        if rng.random() > 0.006 * size:
            continue
        span = int(rng.integers(1, 3_000))
        for last in (history.seq, history.seq - int(rng.integers(0, 600))):
            for symbol in done.system.feed.symbols:
                message = step_message(history, symbol, last - span, last)
                assert message == naive_message(wanted, symbol, last - span, last)
                told += message is not None
    assert told > 5


def test_the_newest_rows_are_those_of_records_where_older_ones_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_table, "BOUND", 700)
    monkeypatch.setattr(history_table, "SLACK", 100)
    monkeypatch.setattr(history_table, "START", 64)
    monkeypatch.setattr(history_table, "LARGE", 256)
    done = run_of("several")
    wanted = NaiveHistory(**settings_of(done))
    for step in read_steps(done.system.store):
        wanted.take(step.record)
    assert wanted.content.equity.dropped
    for size in SIZES:
        history = History(**settings_of(done))
        for block in cut(done, size):
            history.take_block(block)
        found, expected = tables(history.content), tables(wanted.content)
        for name in found:
            if not name.endswith("scores"):
                assert found[name] == expected[name], name


@pytest.mark.parametrize("market", ["restless", "several"])
def test_a_prediction_is_inspected_alike(market: str) -> None:
    done, rng = run_of(market), np.random.default_rng(3)
    history = History(**settings_of(done))
    for block in decoded_blocks(done.system.store):
        history.take_block(block)
    by_columns, by_records = (
        Inspector(each, done.system.store, done.system.symbols)  # type: ignore[arg-type]
        for each in (history, naive(market))
    )
    for place in rng.integers(0, len(done.predictions), 40).tolist():
        prediction_id = done.predictions[place].prediction_id
        assert by_columns.prediction(prediction_id) == by_records.prediction(prediction_id)
    for place in rng.integers(0, len(done.fills), 10).tolist():
        assert by_columns.fill(done.fills[place].fill_id) == by_records.fill(done.fills[place].fill_id)


@pytest.mark.parametrize("size", [1, 7])
def test_joined_blocks_have_the_steps_of_their_parts(size: int) -> None:
    done = run_of("several")
    blocks = [block for block in decoded_blocks(done.system.store) if block.tables and block.steps > 100]
    assert len(blocks) > 3
    for block in blocks:
        parts = [part(block, first, min(first + size, block.steps)) for first in range(0, block.steps, size)]
        whole = joined(parts)
        assert list(BlockReader(whole)) == list(BlockReader(block))
        for name in block.tables.keys() - {"earlier"}:
            assert whole.tables[name].tobytes() == block.tables[name].tobytes(), name
