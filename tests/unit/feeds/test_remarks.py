from __future__ import annotations

import msgspec
import numpy as np
import pytest

from alpha_pulse.feeds.columns import BarColumns
from alpha_pulse.feeds.interval import DAY_NS, HOUR_NS, SECOND_NS
from alpha_pulse.feeds.remarks import jumps, short_interval
from alpha_pulse.feeds.synthetic import Market, random_walk


def scaled(factors: dict[int, float], symbols: tuple[str, ...] = ("SYN",)) -> BarColumns:
    """Bars whose prices are multiplied by each factor from its row on."""
    columns = random_walk(50, seed=1, market=Market(symbols=symbols)).columns
    by = np.ones(columns.code.size)
    for row, factor in factors.items():
        by[row:] *= factor
    return msgspec.structs.replace(columns, **{name: getattr(columns, name) * by for name in ("open", "high", "low", "close")})


def test_a_walk_has_nothing_to_remark() -> None:
    assert jumps(scaled({})) == []
    assert jumps(scaled({10: 1.3, 20: 1 / 1.3})) == []


@pytest.mark.parametrize("factor", [1000.0, 2.0, 0.5, 0.001])
def test_a_jump_is_told_with_its_place(factor: float) -> None:
    columns = scaled({20: factor})
    (said,) = jumps(columns)
    assert said.startswith("1 close is more than 1.5 times")
    assert f"that of SYN at 2020-01-01 20:00:00 UTC, {columns.close[20]:.12g} after {columns.close[19]:.12g}" in said
    assert "likely a unit or split error" in said


def test_all_jumps_are_counted_and_the_farthest_is_told() -> None:
    (said,) = jumps(scaled({10: 2.0, 20: 100.0, 30: 0.5}))
    assert said.startswith("3 closes are")
    assert "SYN at 2020-01-01 20:00:00" in said


def test_symbols_are_not_compared_with_each_other() -> None:
    columns = scaled({}, ("A", "B"))
    apart = np.where(columns.code == 1, 1_000.0, 1.0)
    assert jumps(msgspec.structs.replace(columns, close=columns.close * apart)) == []


def test_an_interval_far_below_the_steps_is_told() -> None:
    columns = scaled({})
    assert short_interval(columns) == []
    short = msgspec.structs.replace(columns, interval_ns=60 * SECOND_NS)
    (said,) = short_interval(short)
    assert said.startswith("the bars are said to last 1m, but the most frequent step between those of SYN is 1h")
    assert short_interval(msgspec.structs.replace(columns, interval_ns=HOUR_NS - SECOND_NS)) == []
    assert short_interval(msgspec.structs.replace(columns.pick(slice(0, 1)), interval_ns=DAY_NS)) == []
