"""What a symbol's learning pass gives beside its targets; the pass as a whole is tested in ``tests/flow``."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alpha_pulse.core.config import BatchConfig, Config
from alpha_pulse.core.durations import HOUR_NS, YEAR_NS
from alpha_pulse.core.errors import DataError
from alpha_pulse.core.types import Bar
from alpha_pulse.engine.events import Events
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.engine.system import System
from alpha_pulse.features.extractor import MIN_BARS, FeatureExtractor
from alpha_pulse.feeds.bar_block import BarBlock
from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.kernels.decisions import layout
from alpha_pulse.stores.memory import MemoryStore
from market_bars import START, market_bars

HOURS_OF_A_YEAR = YEAR_NS / HOUR_NS
BARS = 500


def system() -> System:
    """A run of one symbol, X, with volume and quotes; its feed, of as many bars as a test has at most, is not read."""
    one, start = np.ones(BARS), START + np.arange(BARS) * HOUR_NS
    columns = BarColumns(
        symbols=("X",), interval_ns=HOUR_NS, code=np.zeros(BARS, dtype=np.int64), ts_start=start,
        open=one, high=one, low=one, close=one, volume=one, bid=one, ask=one,
    )  # fmt: skip
    return System(Config(batch=BatchConfig(enabled=False)), ReplayFeed(columns), MemoryStore())


def learned(run: System, bars: list[Bar]) -> SymbolState:
    """The state after the bars, in one block."""
    run.pipeline.learn(BarBlock.of([(bar,) for bar in bars], ("X",)), [], Events())
    return run.symbols["X"]


def rates(*hours: int, sizes: tuple[int, ...]) -> list[float]:
    """Bars a year, at a bar at each of ``hours``, in blocks of these sizes."""
    run, found, first = system(), list[float](), 0
    bars = [Bar("X", START + hour * HOUR_NS, HOUR_NS, 10.0, 10.0, 10.0, 10.0, seq=n) for n, hour in enumerate(hours)]
    for size in sizes:
        known, forecasts = np.zeros((size, layout.KNOWN), dtype=np.int64), np.zeros((size, layout.FORECASTS))
        learned(run, bars[first : first + size]).hand_on(np.arange(size), np.zeros(size, dtype=np.int64), known, forecasts)
        found += forecasts[:, layout.BARS_PER_YEAR].tolist()
        first += size
    assert first == len(bars)
    return found


@pytest.mark.parametrize("sizes", [(50,), (1, 9, 40)])
def test_a_year_has_as_many_bars_as_came(sizes: tuple[int, ...]) -> None:
    found = rates(*range(50), sizes=sizes)
    assert found[0] == 0.0  # one bar alone says nothing about a year
    assert found[1:] == pytest.approx([HOURS_OF_A_YEAR] * 49)


@pytest.mark.parametrize("sizes", [(8,), (3, 1, 4), (1,) * 8])
def test_closed_markets_do_not_count(sizes: tuple[int, ...]) -> None:
    """Seven bars, then a night: in 24 hours seven steps are made."""
    assert rates(0, 1, 2, 3, 4, 5, 6, 24, sizes=sizes)[-1] == pytest.approx(HOURS_OF_A_YEAR * 7 / 24)


@pytest.mark.parametrize("sizes", [(120,), (60, 1, 59)])
def test_a_row_has_the_features_of_its_bar_and_none_before_there_are_enough(sizes: tuple[int, ...]) -> None:
    bars = [
        msgspec.structs.replace(bar, volume=None) if number % 20 == 19 else bar
        for number, bar in enumerate(market_bars(120, seed=2))
    ]
    run, twin, first = system(), FeatureExtractor("X", has_volume=True, has_quotes=True), 0
    for size in sizes:
        block = bars[first : first + size]
        state = learned(run, block)
        for row, bar in enumerate(block):
            found, expected = state.vector(row), twin.update(bar)
            assert (found is None) == (expected is None) == (first + row < MIN_BARS - 1)
            if found is not None and expected is not None:
                assert (found.symbol, found.ts, found.schema_id) == (expected.symbol, expected.ts, expected.schema_id)
                assert found.values.tobytes() == expected.values.tobytes()
                masks = [None if mask is None else mask.tolist() for mask in (found.mask, expected.mask)]
                assert masks[0] == masks[1]
        first += size


def test_a_bar_that_cannot_be_one_is_refused_by_its_number() -> None:
    bars = market_bars(5, seed=1)
    bars[3] = msgspec.structs.replace(bars[3], low=bars[3].high * 2.0)
    with pytest.raises(DataError, match=r"bar 3 of X has open .*; expected prices above 0 and high at least low"):
        learned(system(), bars)
