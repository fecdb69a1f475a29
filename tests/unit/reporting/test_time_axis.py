"""The dates of figures: few, even, without a warning, and each said once."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from alpha_pulse.reporting.figures.time_axis import labels_of, over_time, ticks_between

START = np.datetime64("2020-01-17T22:00:00")
DAY = 86_400
SPANS = (
    1,
    90,
    4 * 3_600,
    8 * 3_600,
    *(days * DAY for days in (1, 2, 4, 9, 21, 42, 119, 148, 150, 300, 1_096, 1_461, 7_305, 60_000)),
)


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("most", [3, 8])
def test_there_are_few_even_ticks_and_neighbours_have_different_labels(span: int, most: int) -> None:
    last = START + np.timedelta64(span, "s")
    ticks = ticks_between(START, last, most)
    assert 1 <= len(ticks) <= most
    assert START <= ticks[0] <= ticks[-1] <= last
    if len(ticks) > 2:
        steps = np.diff(ticks).astype(np.int64)
        assert steps.max() - steps.min() <= 3 * DAY  # months and years differ by days
    labels, _ = labels_of(ticks)
    assert all(one != next_one for one, next_one in itertools.pairwise(labels))


@pytest.mark.parametrize(
    ("ticks", "labels", "common"),
    [
        (["2020-01-18T12", "2020-01-19T00", "2020-01-19T12"], ["12:00", "19 Jan", "12:00"], "2020"),
        (["2020-01-31T23:59:30", "2020-02-01T00:00:00"], ["23:59:30", "1 Feb"], "2020"),
        (["2019-12-30", "2020-01-06"], ["30 Dec", "6 Jan"], "2019–2020"),
        (["2020-02-01", "2020-03-01", "2020-04-01"], ["Feb", "Mar", "Apr"], "2020"),
        (["2020-07-01", "2021-01-01", "2021-07-01"], ["Jul", "2021", "Jul"], ""),
        (["2025-01-01", "2030-01-01"], ["2025", "2030"], ""),
        (["2020-03-05T06:00"], ["5 Mar 2020 06:00"], ""),
        ([], [], ""),
    ],
)
def test_the_month_or_the_year_is_said_once(ticks: list[str], labels: list[str], common: str) -> None:
    assert labels_of(np.array(ticks, dtype="datetime64[s]")) == (labels, common)


@pytest.mark.parametrize("span", [0, 4 * 3_600, 148 * DAY, 1_461 * DAY])
def test_a_figure_has_the_labels_and_no_warning(span: int) -> None:
    figure = Figure(figsize=(6.0, 2.0))
    axes = figure.subplots()
    axes.plot(np.array([START, START + np.timedelta64(span, "s")]), [0.0, 1.0])
    over_time(axes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert 2 <= len(shown) <= 8
    assert all(shown)
