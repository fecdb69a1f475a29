"""The ensemble stays within its bound of the best member of each segment, with late labels and sleeping members."""

from __future__ import annotations

import pytest

from alpha_pulse.simulation.comparison_trials import HORIZONS
from alpha_pulse.simulation.strategy_trials import regret_trial


@pytest.mark.parametrize("sleeping", [False, True])
@pytest.mark.parametrize("horizon", HORIZONS)
def test_regret_is_within_the_bound(horizon: int, sleeping: bool) -> None:
    trial = regret_trial(horizon, sleeping, runs=2, seed=3)
    assert trial.within == 1.0, "this is proved"
    assert trial.largest <= trial.bound, "this is so in these streams"
    assert trial.regret > 0.0
    if horizon == 1 and not sleeping:
        assert trial.delay_term == pytest.approx(0.0, abs=1e-9)
