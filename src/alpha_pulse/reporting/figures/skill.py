"""Skill of the members over time, with drift alarms and adaptations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from numpy.typing import NDArray

from alpha_pulse.evaluation.drawing import EndLabel, label_ends
from alpha_pulse.metrics.definitions import log_losses
from alpha_pulse.reporting.figures.points import instants, thinned
from alpha_pulse.reporting.figures.theme import LIGHT, Theme, prepared
from alpha_pulse.reporting.figures.time_axis import over_time

WINDOW = 500
"""Labels over which the skill is averaged."""
MEMBERS = {"online": "online_probability", "batch": "batch_probability", "served": "probability"}
"""The column of table ``labels`` with each member's probability."""
_OUTCOMES = {"accepted": "✓", "rolled_back": "✗", "open": ""}
_LABEL_HEIGHT = 0.11


def draw_skill(
    axes: Axes,
    labels: pl.DataFrame,
    alarms: pl.DataFrame,
    adaptations: pl.DataFrame,
    target: str,
    theme: Theme = LIGHT,
    window: int = WINDOW,
    challengers: Sequence[str] = (),
) -> None:
    """The skill of each member over the newest labels, with drift alarms above and trials of adaptations below.

    Skill is the log loss of the base rate minus the member's, in millinats per label: above 0 the member is better. A triangle
    marks a drift alarm about a model of the target. A bar marks a trial of an adaptation from its start to its end; a tick
    follows it where the adaptation was accepted, a cross where it was rolled back.

    Parameters
    ----------
    labels, alarms, adaptations
        These tables of docs/reference/tables.md.
    target
        A target of the run.
    window
        Labels that are averaged; of the first ones fewer, a fifth at least.
    challengers
        Names; ``labels`` has a column more for each, see `alpha_pulse.reporting.figures.challengers.beside`.
    """
    prepared(axes, f"Skill of {target} over the base rate", theme)
    axes.set_ylabel(f"mnat, newest {window:,} labels", color=theme.muted)
    axes.axhline(0.0, color=theme.muted, linewidth=0.9)
    scored = labels.filter(pl.col("target") == target, pl.col("status") == "scored")
    ends = []
    for name in (*MEMBERS, *challengers):
        times, skill = skill_over_time(scored, name, window)
        if len(skill):
            served, colour = name == "served", theme.of_member(name, challengers)
            width, order = (1.9, 3) if served else (1.2, 2)
            axes.plot(*thinned(times, skill), color=colour, linewidth=width, zorder=order)
            ends.append((name, float(skill[-1])))
    over_time(axes)
    low, high = _with_room(axes)
    height = high - low
    label_ends(
        axes,
        [EndLabel((last - low) / height, name, theme.of_member(name, challengers), name == "served") for name, last in ends],
        height=_LABEL_HEIGHT,
    )
    own_alarms, own_trials = (table.filter(pl.col("target") == target) for table in (alarms, adaptations))
    _mark_alarms(axes, own_alarms, high - 0.06 * height, theme)
    _mark_trials(axes, own_trials, scored, low + 0.06 * height, theme)
    if len(own_alarms) or len(own_trials):
        axes.set_xlabel("▼ drift alarm   ▬ trial (✓ accepted, ✗ rolled back)", color=theme.muted, fontsize=8.0, loc="left")


def skill_over_time(scored: pl.DataFrame, member: str, window: int) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """The opens of the bars at which labels became known, and the mean skill of a member over the newest ``window`` of them.

    Parameters
    ----------
    scored
        Rows of table ``labels`` with status ``scored``, of one target.
    member
        A key of `MEMBERS`, or a challenger. Labels that it did not score are left out.
    """
    column = MEMBERS.get(member, f"{member}_probability")
    rows = scored.filter(pl.col(column).is_not_null()).sort("open_time", maintain_order=True)
    truth = rows["label"].to_numpy() == 1
    skills = log_losses(rows["base_probability"].to_numpy(), truth) - log_losses(rows[column].to_numpy(), truth)
    sums = np.concatenate([[0.0], np.cumsum(1_000.0 * skills)])
    ends = np.arange(max(window // 5, 1), len(skills) + 1)
    starts = np.maximum(ends - window, 0)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return instants(rows["open_time"])[ends - 1], means


def _with_room(axes: Axes) -> tuple[float, float]:
    """Make room for marks above and below the curves."""
    low, high = axes.get_ylim()
    room = 0.14 * (high - low)
    axes.set_ylim(low - room, high + room)
    return axes.get_ylim()


def _mark_alarms(axes: Axes, alarms: pl.DataFrame, height: float, theme: Theme) -> None:
    times = instants(alarms["open_time"])
    for time in times:
        axes.axvline(time, color=theme.bad, linewidth=0.8, alpha=0.5, zorder=1)
    axes.scatter(times, np.full(len(times), height), marker="v", s=34, color=theme.bad, zorder=4)


def _mark_trials(axes: Axes, adaptations: pl.DataFrame, scored: pl.DataFrame, height: float, theme: Theme) -> None:
    """A bar for each trial; the newest row of an adaptation is valid."""
    newest = adaptations.unique("action_id", keep="last", maintain_order=True)
    # The bar of an open trial ends with the newest label.
    newest = newest.with_columns(pl.col("closed_open_time").fill_null(pl.lit(scored["open_time"].max())))
    starts, ends = newest["began_open_time"], newest["closed_open_time"]
    for start, end, status in zip(instants(starts), instants(ends), newest["status"], strict=True):
        colour = theme.good if status == "accepted" else theme.muted
        axes.plot([start, end], [height, height], color=colour, linewidth=3.5, solid_capstyle="butt", zorder=4)
        axes.annotate(
            _OUTCOMES[status], xy=(end, height), xytext=(2, 0), textcoords="offset points", fontsize=8.5, color=colour,
            va="center", ha="left",
        )  # fmt: skip
