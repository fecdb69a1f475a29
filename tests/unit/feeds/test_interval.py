from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.feeds.interval import infer_interval, parse_interval, show_interval


@pytest.mark.parametrize("text", ["", "h", "1", "0h", "-1h", "1.5h", "1y", "one hour"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        parse_interval(text)


@pytest.mark.parametrize("text", ["1M", "15 M"])
def test_what_may_be_a_month_is_no_minute(text: str) -> None:
    with pytest.raises(ConfigError, match=r"may mean minutes or months; write 15? ?m for minutes"):
        parse_interval(text)
    assert parse_interval("1H") == parse_interval("1h")


@pytest.mark.parametrize("text", ["367d", "53w", "15000w", "999999999w"])
def test_no_bar_is_longer_than_a_year(text: str) -> None:
    with pytest.raises(ConfigError, match="is longer than a year"):
        parse_interval(text)


@given(st.integers(1, 52), st.sampled_from(["ms", "s", "m", "min", "h", "d", "w"]))
def test_an_interval_shown_is_read_back(count: int, unit: str) -> None:
    length = parse_interval(f"{count}{unit}")
    assert parse_interval(show_interval(length)) == length


def test_the_most_frequent_step_wins_over_gaps() -> None:
    starts = np.array([0, 1, 2, 10, 11, 50]) * parse_interval("1h")
    assert infer_interval(np.zeros(6, dtype=np.int64), starts, ("A",), "x") == parse_interval("1h")


def test_a_symbol_with_one_bar_says_nothing() -> None:
    code = np.array([0, 1, 0])
    assert infer_interval(code, np.array([0, 7, 60]), ("A", "B"), "x") == 60
    with pytest.raises(DataError, match="no symbol has two bars"):
        infer_interval(np.array([0, 1]), np.array([0, 7]), ("A", "B"), "x")
