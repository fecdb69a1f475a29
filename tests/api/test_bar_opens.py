"""Whatever is answered with a time carries the open of its bar beside it: of a day a Friday, of a month its first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from alpha_pulse.core.bar_times import MONTH_NS
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import Market, random_walk
from api.running import Running
from flow.runs import LEAN, configured

MS, SLICES = 1_000_000, 330
SETTINGS = {**LEAN, "execution.entry_rule": "signal"}


def weekdays() -> ReplayFeed:
    """From Wednesday, 2020-01-01, to Friday, 2021-04-02."""
    columns = random_walk(458, 5, Market(symbols=("SYN",), interval_ns=DAY_NS)).columns
    days = columns.ts_start // DAY_NS
    return ReplayFeed(columns.pick(np.flatnonzero((days + 3) % 7 < 5)))


def months() -> ReplayFeed:
    return random_walk(SLICES, 5, Market(symbols=("SYN",), interval_ns=MONTH_NS))


@pytest.fixture(scope="module", params=[weekdays, months])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[int, int]]]:
    """A run at its end, and the open of each bar by its end, in milliseconds."""
    feed = request.param()
    opens = dict(zip((feed.columns.ends() // MS).tolist(), (feed.columns.ts_start // MS).tolist(), strict=True))
    running = Running(tmp_path_factory.mktemp("opens"), feed, configured(SETTINGS)).start()
    try:
        running.advance(feed.total_slices)
        yield running, opens
    finally:
        running.stop()


def pairs(answer: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each time in an answer, with the open beside it."""
    if isinstance(answer, list):
        for one in answer:
            yield from pairs(one)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name.endswith("_ms") and not name.endswith("bar_open_ms") and name != "ready_ms":
                beside = answer["bar_open_ms" if name == "ts_ms" else f"{name.removesuffix('_ms')}_bar_open_ms"]
                both = zip(value, beside, strict=True) if isinstance(value, list) else [(value, beside)]
                yield from ((name, *one) for one in both)
            else:
                yield from pairs(value)


PATHS = (
    "/system",
    "/market/SYN/bars?limit=10000",
    "/trading/equity?limit=10000",
    "/trading/fills?book=all&limit=10000",
    "/trading/trades?book=all&limit=10000",
    "/predictions?symbol=SYN&target=direction&limit=10000",
    "/predictions?symbol=SYN&target=volatility&max_points=50",
    "/metrics/history?symbol=SYN&target=direction&limit=10000",
    "/adaptations",
    "/regimes?symbol=SYN",
    "/online-learning/sessions",
    "/online-learning/drift/status",
)


@pytest.mark.parametrize("path", PATHS)
def test_each_time_has_the_open_of_its_bar_beside_it(run: tuple[Running, dict[int, int]], path: str) -> None:
    running, opens = run
    found = list(pairs(running.get(f"/api/v1{path}")))
    assert found or path in ("/adaptations", "/online-learning/drift/status")
    for name, ts, bar_open in found:
        assert bar_open == (None if ts is None else opens[ts]), name


def test_a_prediction_and_its_fills_carry_both_times(run: tuple[Running, dict[int, int]]) -> None:
    running, opens = run
    [fill, *_] = running.get("/api/v1/trading/fills?book=combined")["fills"]
    for path in (f"/trading/fills/{fill['fill_id']}/decision", "/predictions/SYN/direction/100"):
        found = list(pairs(running.get(f"/api/v1{path}")))
        assert len(found) >= 2
        assert all(bar_open == opens[ts] for _, ts, bar_open in found if ts is not None)


def test_the_newest_bar_is_under_the_day_it_was(run: tuple[Running, dict[int, int]]) -> None:
    running, _ = run
    status = running.get("/api/v1/system")
    opened, known = (datetime.fromtimestamp(status[name] / 1000, UTC) for name in ("bar_open_ms", "ts_ms"))
    if status["feed"]["interval_s"] == 86_400:
        assert (opened.strftime("%A"), known.strftime("%A %H:%M")) == ("Friday", "Saturday 00:00")
    else:
        assert (opened.day, known.day) == (1, 1)
        assert (known.year - opened.year) * 12 + known.month - opened.month == 1
    [(ts_open, ts_event)] = running.sql("SELECT ts_event - interval_ns, ts_event FROM bars ORDER BY seq DESC LIMIT 1")
    assert (ts_open // MS, ts_event // MS) == (status["bar_open_ms"], status["ts_ms"])
