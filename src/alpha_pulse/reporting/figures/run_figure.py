"""One figure of a run: what was earned, and what the models knew."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import polars as pl

from alpha_pulse.evaluation.drawing import NO_FORMULAS, ShownFigure
from alpha_pulse.reporting.figures.equity import draw_drawdown, draw_equity
from alpha_pulse.reporting.figures.reliability import draw_reliability, reliability_of
from alpha_pulse.reporting.figures.skill import draw_skill
from alpha_pulse.reporting.figures.theme import LIGHT, Theme
from alpha_pulse.reporting.figures.weights import draw_weights

TABLES = ("adaptations", "alarms", "equity", "labels", "predictions")
"""The tables that the figure shows."""
TARGETS = ("volatility", "direction")
_MONEY_HEIGHTS, _MODEL_HEIGHTS = (2.6, 1.0), (2.0, 1.0, 2.2)


def draw_run(tables: Mapping[str, pl.DataFrame], title: str, theme: Theme = LIGHT) -> ShownFigure:
    """Equity and drawdown of the books; skill, weights and reliability of the models, a column for each target.

    Parameters
    ----------
    tables
        Those named in `TABLES`.
    title
        Stands above all.
    """
    with mpl.rc_context({"font.size": 9.0, "text.color": theme.ink, **NO_FORMULAS}):
        figure = ShownFigure(figsize=(12.0, 13.0), dpi=110, facecolor=theme.background, layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12.0, fontweight="bold", color=theme.ink)
        # Two parts, so that the names beside the equity do not take room from the models.
        heights = [sum(_MONEY_HEIGHTS), sum(_MODEL_HEIGHTS)]
        [[above], [below]] = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)
        for part in (above, below):
            part.set_facecolor(theme.background)
        equity, drawdown = above.subplots(2, 1, sharex=True, height_ratios=_MONEY_HEIGHTS)
        draw_equity(equity, tables["equity"], theme)
        draw_drawdown(drawdown, tables["equity"], theme)
        columns = below.subplots(3, len(TARGETS), height_ratios=_MODEL_HEIGHTS)
        for target, (skill, weights, reliability) in zip(TARGETS, columns.T, strict=True):
            draw_skill(skill, tables["labels"], tables["alarms"], tables["adaptations"], target, theme)
            draw_weights(weights, tables["predictions"], target, theme)
            for axes in (skill, weights):
                axes.set_xlim(equity.get_xlim())
            table = reliability_of(tables["labels"], target, _horizon(tables["predictions"], target))
            draw_reliability(reliability, table, target, theme)
    return figure


def _horizon(predictions: pl.DataFrame, target: str) -> int:
    """The horizon of a target in bars; 1 without a prediction."""
    horizons = predictions.filter(pl.col("target") == target)["horizon_bars"]
    return int(horizons[0]) if len(horizons) else 1
