"""Predictions of several symbols are listed and looked up under the same numbers, also where commands lie between rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from alpha_pulse.gateway.protocol import Inspection, Series
from api.running import Running
from flow.runs import LEAN, configured

SLICES, COMMAND_AT = 300, 240
START = {"symbol": "MINE", "model_type": "logistic", "config": {"target": "mine", "source": "api", "n_features": 2}}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two symbols of which the second has no bar now and then, paused at the end; a command came before."""
    columns = random_walk(SLICES, 7, Market(symbols=("A", "B"))).columns
    order = np.arange(columns.code.size)
    feed = ReplayFeed(columns.pick(np.flatnonzero((columns.code == 0) | (order % 5 != 0))))
    running = Running(tmp_path_factory.mktemp("two"), feed, configured(LEAN)).start()
    try:
        running.advance(COMMAND_AT)
        running.post("/api/v1/online-learning/sessions/start", START, status=201)
        running.advance(SLICES - COMMAND_AT)
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("symbol", ["A", "B"])
@pytest.mark.parametrize("target", ["direction", "volatility"])
def test_each_listed_prediction_is_found_under_its_number(two: Running, symbol: str, target: str) -> None:
    listed = two.get(f"/api/v1/predictions?symbol={symbol}&target={target}", Series).columns
    assert len(listed["number"]) > 20
    rows = zip(*(listed[name] for name in ("number", "seq", "ts_ms", "probability")), strict=True)
    for number, seq, ts_ms, probability in rows:
        found = two.get(f"/api/v1/predictions/{symbol}/{target}/{number}", Inspection)
        assert (found.prediction_id, found.seq, found.ts_ms) == (f"{symbol}/{target}/{number}", seq, ts_ms)
        assert found.probability == probability
        # One row of a command lies between the slices.
        assert isinstance(number, int)
        assert seq == number + (number >= COMMAND_AT)
