from __future__ import annotations

import pytest

from alpha_pulse.core.config import Config
from alpha_pulse.core.types import Bar
from alpha_pulse.engine.symbol_state import SymbolState
from alpha_pulse.features.extractor import FeatureExtractor
from market_bars import HOUR, START

HOURS_OF_A_YEAR = 365.25 * 24


def after(*hours: int) -> SymbolState:
    """An instrument that has seen a bar at each of ``hours``."""
    instrument = SymbolState(FeatureExtractor("X", has_volume=False, has_quotes=False), Config())
    for number, hour in enumerate(hours):
        instrument.extract(Bar("X", START + hour * HOUR, HOUR, 10.0, 10.0, 10.0, 10.0, seq=number))
    return instrument


def test_a_year_has_as_many_bars_as_came_and_closed_markets_do_not_count() -> None:
    assert after(*range(50)).bars_per_year == pytest.approx(HOURS_OF_A_YEAR)
    # Seven bars, then a night: in 24 hours seven steps are made.
    assert after(0, 1, 2, 3, 4, 5, 6, 24).bars_per_year == pytest.approx(HOURS_OF_A_YEAR * 7 / 24)


def test_one_bar_alone_says_nothing_about_a_year() -> None:
    assert after(5).bars_per_year == 0.0
