"""Weights of the members over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alpha_pulse.reporting.figures.points import instants
from alpha_pulse.reporting.figures.theme import LIGHT, Theme, prepared
from alpha_pulse.reporting.figures.time_axis import over_time

_MEMBERS = ("online", "batch", "base")
_STRETCHES = 400
_SMALLEST_NAMED = 0.12
"""A layer is named where its mean weight is at least this."""


def draw_weights(
    axes: Axes, predictions: pl.DataFrame, target: str, theme: Theme = LIGHT, challengers: Sequence[str] = ()
) -> None:
    """The weight of each member in the served prediction, as layers that fill the axes; means of short stretches of time.

    Parameters
    ----------
    predictions
        Table ``predictions`` of docs/reference/tables.md.
    target
        A target of the run.
    challengers
        Names; ``predictions`` has a column more for each, see `alpha_pulse.reporting.figures.challengers.beside`.
    """
    members = (*_MEMBERS[:-1], *challengers, _MEMBERS[-1])
    prepared(axes, f"Weights of the members, {target}", theme)
    axes.grid(visible=False)
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    columns = [pl.col(f"{name}_weight").fill_null(0.0).alias(name) for name in members]
    rows = predictions.filter(pl.col("target") == target).sort("open_time").select("open_time", *columns)
    if not len(rows):
        return
    stretch = pl.int_range(pl.len()) * _STRETCHES // pl.len()
    stretches = rows.group_by(stretch.alias("stretch"), maintain_order=True)
    means = stretches.agg(pl.col("open_time").first(), pl.col(*members).mean())
    times = instants(means["open_time"])
    layers = [means[name].to_numpy() for name in members]
    colours = [theme.of_member(name, challengers) for name in members]
    axes.stackplot(times, layers, colors=colours, alpha=0.75, linewidth=0.0)
    bottom = np.zeros(len(times))
    for name, layer in zip(members, layers, strict=True):
        middle = len(times) * 3 // 4
        if layer[middle] >= _SMALLEST_NAMED:
            axes.text(
                times[middle], bottom[middle] + layer[middle] / 2, "base rate" if name == "base" else name, color="white",
                fontsize=8.5, fontweight="bold", ha="center", va="center",
            )  # fmt: skip
        bottom = bottom + layer
    over_time(axes)
