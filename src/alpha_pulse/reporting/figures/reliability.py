"""How often labels came, by the probability that was served."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alpha_pulse.metrics.reliability import ReliabilityTable, reliability_table
from alpha_pulse.reporting.figures.theme import LIGHT, Theme, prepared

_ROOM = 0.03


def reliability_of(labels: pl.DataFrame, target: str, horizon_bars: int) -> ReliabilityTable:
    """The reliability of the served probabilities of a target, from table ``labels`` of docs/reference/tables.md."""
    scored = labels.filter(pl.col("target") == target, pl.col("status") == "scored", pl.col("probability").is_not_null())
    return reliability_table(scored["probability"].to_numpy(), scored["label"].to_numpy() == 1, horizon=horizon_bars)


def draw_reliability(axes: Axes, table: ReliabilityTable, target: str, theme: Theme = LIGHT) -> None:
    """Observed frequency of label 1 against the served probability, with 95 % intervals; the diagonal is perfect."""
    prepared(axes, f"Reliability of {target}", theme)
    axes.grid(axis="x", color=theme.faint, linewidth=0.7)
    axes.set_xlabel("served probability", color=theme.muted)
    axes.set_ylabel("observed frequency", color=theme.muted)
    if not table.bins:
        return
    predicted = [each.mean_predicted for each in table.bins]
    observed = [each.observed for each in table.bins]
    below = [max(each.observed - each.low, 0.0) for each in table.bins]
    above = [max(each.high - each.observed, 0.0) for each in table.bins]
    low = min([*predicted, *(each.low for each in table.bins)]) - _ROOM
    high = max([*predicted, *(each.high for each in table.bins)]) + _ROOM
    axes.plot([low, high], [low, high], color=theme.muted, linewidth=0.9, linestyle=(0, (4, 3)))
    colour = theme.members["served"]
    axes.errorbar(
        predicted, observed, yerr=[below, above], color=colour, fmt="o-", markersize=4.5, linewidth=1.2, elinewidth=1.0
    )
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    ece = "" if table.ece is None else f", ECE {100.0 * table.ece:.1f} %"
    axes.text(0.03, 0.95, f"{table.labels:,} labels{ece}", transform=axes.transAxes, va="top", color=theme.muted, fontsize=8.5)
