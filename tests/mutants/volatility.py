"""Defects of the volatility forecast: calendar, wide features, members, density and levels."""

from __future__ import annotations

from .table import Mutant

FEATURES = "unit/features/test_volatility.py::test_they_are_the_naive_twin"
FORECAST = "unit/models/test_volatility.py::test_it_is_the_naive_twin"

VOLATILITY = (
    Mutant(
        "an-exchange-without-daylight-saving",
        "extract",
        "kernels/volatility/calendar.py",
        "int(calendar[HEAD + calendar[CHANGES] + low - 1])",
        "int(calendar[HEAD + calendar[CHANGES]])",
        ("unit/features/test_market_calendar.py::test_offsets_are_those_of_the_database",),
    ),
    Mutant(
        "closed-hours-are-expected",
        "extract",
        "kernels/volatility/calendar.py",
        "if week - calendar[weeks + i] <= KEPT_WEEKS:",
        "if week - calendar[weeks + i] >= 0:",
        ("unit/features/test_market_calendar.py::test_a_market_that_closes_is_read_in_new_york_with_daylight_saving",),
    ),
    Mutant(
        "a-bar-is-divided-by-a-factor-that-knows-it",
        "extract",
        "kernels/volatility/wide.py",
        "    range_factor = season.factor(state, RANGE_TABLE, slot)\n",
        "    season.learn(state, RANGE_TABLE, slot, square, state[RANGE_LEVEL])\n"
        "    range_factor = season.factor(state, RANGE_TABLE, slot)\n",
        (FEATURES,),
    ),
    Mutant(
        "a-wrong-tick-stays-in-the-ranges",
        "extract",
        "kernels/volatility/wide.py",
        "float(min(variance, max(MOST_RANGE * usual, 2.0 * change * change)))",
        "float(variance)",
        (FEATURES,),
    ),
    Mutant(
        "a-volatility-label-one-bar-early",
        "learn",
        "kernels/volatility/forecast.py",
        "at = ring_at(plan) + bars % horizon * n",
        "at = ring_at(plan) + bars % (horizon - 1) * n",
        (FORECAST,),
    ),
    Mutant(
        "least-squares-that-never-forget",
        "learn",
        "kernels/volatility/least_squares.py",
        "newton.subtract_outer(covariance, u, 1.0 / forgetting)",
        "newton.subtract_outer(covariance, u, 1.0)",
        ("unit/kernels/test_least_squares.py::test_with_forgetting_it_is_the_naive_twin",),
    ),
    Mutant(
        "a-density-weighed-at-full-exponent",
        "learn",
        "kernels/volatility/forecast.py",
        "means, scales, y, 1.0 / horizon, SHARE / horizon)",
        "means, scales, y, 1.0, SHARE / horizon)",
        (FORECAST,),
    ),
    Mutant(
        "one-miss-sets-the-level",
        "learn",
        "kernels/volatility/forecast.py",
        "(min(miss, MOST_MISS * state[scale]) - state[scale])",
        "(miss - state[scale])",
        (FORECAST,),
    ),
    Mutant(
        "heavy-tails-without-their-scale",
        "serve",
        "kernels/volatility/density.py",
        "    t = z / STUDENT_SCALE\n    ratio",
        "    t = z\n    ratio",
        ("unit/kernels/test_volatility_density.py::test_it_is_the_mixture_of_scipys_distributions",),
    ),
    Mutant(
        "the-season-of-the-last-bars-is-forecast",
        "serve",
        "kernels/volatility/forecast.py",
        "            value += log_ahead\n",
        "            value += log_ahead - log_ratio\n",
        (FORECAST,),
    ),
)
