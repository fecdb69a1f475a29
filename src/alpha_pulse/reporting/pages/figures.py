"""The figures of the pages, each for one width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from alpha_pulse.evaluation.drawing import plain
from alpha_pulse.metrics.reliability import ReliabilityTable
from alpha_pulse.reporting.figures.points import Times, thinned
from alpha_pulse.reporting.figures.reliability import draw_reliability
from alpha_pulse.reporting.figures.time_axis import over_time
from alpha_pulse.reporting.pages.colours import BAND, PAGE, series_colour
from alpha_pulse.reporting.pages.svg import NARROW, figure_of

Floats = NDArray[np.float64]
THIN, THICK = 1.1, 2.0


class Curve(NamedTuple):
    """A curve over time: ``times`` datetime64 (n,) in UTC, ``values`` float64 (n,), NaN where undefined. ``colour`` is its
    place among the colours of curves."""

    name: str
    times: Times
    values: Floats
    colour: int


class Mark(NamedTuple):
    """An instant that is marked by a vertical line: of an alarm (dotted), or of an adaptation (solid if it was accepted)."""

    time: np.datetime64
    style: str


def curves_over_time(
    width: int, curves: Sequence[Curve], unit: str, *, height: int = 250, area: bool = False, chance: float | None = None
) -> Figure:
    """Curves over time around a line at 0; the first curve is the thick one.

    Parameters
    ----------
    width
        Of the figure, in units of the SVG.
    unit
        Follows the numbers of the axis, as in ``%``.
    area
        Fill the area between the first curve and 0.
    chance
        Half the height of a band around 0; None for none.
    """
    figure = figure_of(width, height)
    axes = figure.subplots()
    _draw(axes, width, curves, area=area, chance=chance)
    _finish(axes, width, unit)
    return figure


def panels_over_time(width: int, panels: Sequence[tuple[str, Sequence[Curve], Sequence[Mark]]], *, height: int = 180) -> Figure:
    """One panel below the other, each with a title, curves and marks, over the same time."""
    figure = figure_of(width, height * len(panels))
    for axes, (title, curves, marks) in zip(np.atleast_1d(figure.subplots(len(panels), 1, sharex=True)), panels, strict=True):
        for mark in marks:
            axes.axvline(mark.time, color=PAGE.muted, linewidth=0.9, linestyle=mark.style, zorder=1)
        _draw(axes, width, curves)
        _finish(axes, width, "")
        axes.set_title(title, loc="left", fontsize=11.0, color=PAGE.ink)
    return figure


def reliability_panels(width: int, panels: Sequence[tuple[str, ReliabilityTable]]) -> Figure:
    """Observed against predicted frequency of each target, see `alpha_pulse.reporting.figures.reliability`."""
    columns = min(2, len(panels)) if width > NARROW else 1
    rows = math.ceil(len(panels) / columns)
    figure = figure_of(width, 320 * rows)
    places = np.ravel(figure.subplots(rows, columns))
    for axes, (target, table) in zip(places, panels, strict=False):
        draw_reliability(axes, table, target, PAGE)
    for unused in places[len(panels) :]:
        unused.set_visible(False)
    return figure


def _draw(axes: Axes, width: int, curves: Sequence[Curve], *, area: bool = False, chance: float | None = None) -> None:
    axes.axhline(0.0, color=PAGE.muted, linewidth=0.8, zorder=1)
    if chance is not None:
        axes.axhspan(-chance, chance, color=BAND, linewidth=0.0, zorder=0)
    for place, curve in reversed(list(enumerate(curves))):
        times, values = thinned(curve.times, curve.values, width)
        colour, first = series_colour(curve.colour), place == 0
        axes.plot(times, values, color=colour, linewidth=THICK if first else THIN, zorder=3 if first else 2)
        if area and first:
            axes.fill_between(times, values, 0.0, color=colour, alpha=0.18, linewidth=0.0)


def _finish(axes: Axes, width: int, unit: str) -> None:
    over_time(axes)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g} {unit}".strip().replace("-", "−")))
    plain(axes, muted=PAGE.muted, faint=PAGE.faint)
    axes.set_axisbelow(True)
    axes.spines["bottom"].set_color(PAGE.faint)
