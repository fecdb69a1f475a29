"""Equity and drawdown of the books over time."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from alpha_pulse.evaluation.drawing import EndLabel, label_ends
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.figures.points import instants, thinned
from alpha_pulse.reporting.figures.theme import LIGHT, Theme, prepared
from alpha_pulse.reporting.figures.time_axis import over_time
from alpha_pulse.reporting.performance.drawdown import drawdowns
from alpha_pulse.venues.money import cash_text

_LABEL_HEIGHT = 0.085


def draw_equity(axes: Axes, equity: pl.DataFrame, theme: Theme = LIGHT) -> None:
    """The equity of each book, and beside the end of each curve the gain since the first step.

    Parameters
    ----------
    equity
        Table ``equity`` of docs/reference/tables.md.
    """
    prepared(axes, "Equity of the books", theme)
    axes.set_ylabel("cash", color=theme.muted)
    ends = []
    for name, times, values in _books(equity):
        axes.plot(*thinned(times, values), color=theme.of_book(name), linewidth=_width(name), zorder=_order(name))
        ends.append((name, values))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    over_time(axes)
    low, high = axes.get_ylim()
    labels = [
        EndLabel(
            (values[-1] - low) / (high - low),
            f"{name.replace('_', ' ')}  {cash_text(float(values[-1] - values[0]), signed=True)}",
            theme.of_book(name),
            name == PRIMARY,
        )
        for name, values in ends
    ]
    label_ends(axes, labels, height=_LABEL_HEIGHT)


def draw_drawdown(axes: Axes, equity: pl.DataFrame, theme: Theme = LIGHT) -> None:
    """How far the equity of each book is below its highest value so far, in percent of that; filled for the book `combined`."""
    prepared(axes, "Drawdown", theme)
    axes.set_ylabel("% of the peak", color=theme.muted)
    for name, times, values in _books(equity):
        falls = 100.0 * drawdowns(values, float(values[0]))
        shown_times, shown = thinned(times, -falls)
        axes.plot(shown_times, shown, color=theme.of_book(name), linewidth=0.7 * _width(name), zorder=_order(name))
        if name == PRIMARY:
            axes.fill_between(shown_times, shown, 0.0, color=theme.of_book(name), alpha=0.15, linewidth=0.0)
    over_time(axes)


def _books(equity: pl.DataFrame) -> list[tuple[str, NDArray[np.datetime64], NDArray[np.float64]]]:
    """Each book with its times and values, in the order of the table."""
    parts = equity.partition_by("book", as_dict=True, maintain_order=True)
    return [(str(name), instants(part["open_time"]), part["equity_cash"].to_numpy()) for (name,), part in parts.items()]


def _width(name: str) -> float:
    return 2.0 if name == PRIMARY else 1.1


def _order(name: str) -> int:
    return 3 if name == PRIMARY else 2
