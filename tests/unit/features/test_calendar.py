from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from alpha_pulse.features.calendar import calendar_step

DAY = 86_400_000_000_000


def at(ts: int) -> list[float]:
    row = np.full(8, 7.0)
    calendar_step(ts, row, 1)
    assert row[0] == row[7] == 7.0
    return [float(value) for value in row[1:7]]


@pytest.mark.parametrize("ts", [0, 1_700_000_000_000_000_000, 1_709_251_199_999_999_999, -5 * DAY + 1])
def test_circles(ts: int) -> None:
    hour_sin, hour_cos, twice_sin, twice_cos, week_sin, week_cos = at(ts)
    day = 2.0 * np.pi * (ts % DAY) / DAY
    weekday = 2.0 * np.pi * datetime.fromtimestamp(ts // 10**9, UTC).weekday() / 7.0
    assert [hour_sin, hour_cos] == pytest.approx([np.sin(day), np.cos(day)], abs=1e-12)
    assert [twice_sin, twice_cos] == pytest.approx([np.sin(2 * day), np.cos(2 * day)], abs=1e-12)
    assert [week_sin, week_cos] == pytest.approx([np.sin(weekday), np.cos(weekday)], abs=1e-12)


def test_a_week_later_is_the_same_place() -> None:
    assert at(1_700_000_000_000_000_000 + 7 * DAY) == at(1_700_000_000_000_000_000)
