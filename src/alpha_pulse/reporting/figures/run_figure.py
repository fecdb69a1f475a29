"""One figure of a run: what was earned, and what the models knew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import polars as pl
from matplotlib.figure import SubFigure

from alpha_pulse.evaluation.drawing import NO_FORMULAS, ShownFigure
from alpha_pulse.reporting.figures.challengers import beside, names_of
from alpha_pulse.reporting.figures.equity import draw_drawdown, draw_equity
from alpha_pulse.reporting.figures.reliability import draw_reliability, reliability_of
from alpha_pulse.reporting.figures.skill import draw_skill
from alpha_pulse.reporting.figures.theme import LIGHT, Theme
from alpha_pulse.reporting.figures.weights import draw_weights
from alpha_pulse.reporting.tearsheet.labels import targets_of

TABLES = ("adaptations", "alarms", "challengers", "equity", "labels", "predictions")
"""The tables that the figure shows."""
_WIDTH, _UNIT = 12.0, 1.48
"""The width of a figure, and the height of a part of height 1, in inches."""
_MONEY_HEIGHTS, _MODEL_HEIGHTS = (2.6, 1.0), (2.0, 1.0, 2.2)
_BESIDE = 2
"""Targets beside each other; more of them stand below."""


def draw_run(tables: Mapping[str, pl.DataFrame], title: str, theme: Theme = LIGHT) -> ShownFigure:
    """Equity and drawdown of the books; skill, weights and reliability of the models, a column for each target of the run.

    Parameters
    ----------
    tables
        Those named in `TABLES`.
    title
        Stands above all.
    """
    with mpl.rc_context({"font.size": 9.0, "text.color": theme.ink, **NO_FORMULAS}):
        rows = _rows(targets_of(tables["predictions"]))
        heights = [sum(_MONEY_HEIGHTS), *[sum(_MODEL_HEIGHTS)] * len(rows)]
        size = (_WIDTH, _UNIT * sum(heights))
        figure = ShownFigure(figsize=size, dpi=110, facecolor=theme.background, layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.0, fontweight="bold", color=theme.ink)
        # Parts of their own, so that the names beside the equity do not take room from the models.
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part in parts:
            part.set_facecolor(theme.background)
        equity, drawdown = parts[0].subplots(2, 1, sharex=True, height_ratios=_MONEY_HEIGHTS)
        draw_equity(equity, tables["equity"], theme)
        draw_drawdown(drawdown, tables["equity"], theme)
        for part, targets in zip(parts[1:], rows, strict=True):
            _draw_targets(part, tables, targets, equity.get_xlim(), theme)
    return figure


def _draw_targets(
    part: SubFigure, tables: Mapping[str, pl.DataFrame], targets: Sequence[str], period: tuple[float, float], theme: Theme
) -> None:
    """A column for each target; ``period`` is the span of the axes of time."""
    columns = part.subplots(3, _BESIDE, height_ratios=_MODEL_HEIGHTS).T
    for unused in columns[len(targets) :].flat:
        unused.set_visible(False)
    for target, (skill, weights, reliability) in zip(targets, columns, strict=False):
        challengers = tables["challengers"]
        names = names_of(challengers, target)
        labels = beside(tables["labels"], challengers, target, "probability")
        draw_skill(skill, labels, tables["alarms"], tables["adaptations"], target, theme, challengers=names)
        draw_weights(weights, beside(tables["predictions"], challengers, target, "weight"), target, theme, names)
        for axes in (skill, weights):
            axes.set_xlim(period)
        table = reliability_of(tables["labels"], target, _horizon(tables["predictions"], target))
        draw_reliability(reliability, table, target, theme)


def _rows(targets: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [targets[first : first + _BESIDE] for first in range(0, len(targets), _BESIDE)]


def _horizon(predictions: pl.DataFrame, target: str) -> int:
    """The horizon of a target in bars; 1 without a prediction."""
    horizons = predictions.filter(pl.col("target") == target)["horizon_bars"]
    return int(horizons[0]) if len(horizons) else 1
