from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.kernels.execution.layout import DAY_START, MAX_DRAWDOWN, RETURNS
from execution_parts import Performance

HOUR = DAY_NS // 24


@given(st.lists(st.integers(1_000, 10_000_000), min_size=2, max_size=60))
def test_sharpe_and_drawdown_equal_numpy(equities: list[int]) -> None:
    performance = Performance(100_000)
    for hour, equity in enumerate(equities, start=1):
        performance.mark(hour * HOUR, equity)
    path = np.array([100_000, *equities], dtype=np.float64)
    returns = path[1:] / path[:-1] - 1.0
    deviation = float(returns.std(ddof=1))
    if deviation < 1e-12:
        assert performance.book.sharpe(252.0) is None
    elif deviation > 1e-7:
        expected = float(returns.mean()) / deviation * 252.0**0.5
        assert performance.book.sharpe(252.0) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert performance.books.curves[0, MAX_DRAWDOWN] == pytest.approx(
        float((1.0 - path / np.maximum.accumulate(path)).max()), abs=1e-12
    )
    assert performance.book.marks == len(equities)


def test_the_day_starts_with_the_equity_at_midnight() -> None:
    performance = Performance(100)
    starts = []
    for hour, equity in [(23, 110), (24, 120), (25, 90), (26, 95), (48, 97), (49, 98)]:
        performance.mark(hour * HOUR, equity)
        starts.append(performance.books.books[0, DAY_START])
    assert starts == [100, 100, 120, 120, 120, 97]


def test_a_ruined_book_has_no_returns_and_a_still_one_no_sharpe() -> None:
    performance = Performance(100)
    for hour, equity in enumerate([100, 100, 100], start=1):
        performance.mark(hour, equity)
    assert performance.book.sharpe(252.0) is None
    for hour, equity in enumerate([-50, -20, 10], start=4):
        performance.mark(hour, equity)
    assert performance.books.curves[0, [RETURNS, MAX_DRAWDOWN]].tolist() == [-1.5, 1.5]
    assert Performance(100).book.sharpe(252.0) is None
