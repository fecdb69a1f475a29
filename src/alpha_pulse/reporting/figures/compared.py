"""The equity of several runs over each other."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.ticker import FuncFormatter

from alpha_pulse.evaluation.drawing import NO_FORMULAS, PALETTE, EndLabel, ShownFigure, label_ends
from alpha_pulse.reporting.figures.points import thinned
from alpha_pulse.reporting.figures.theme import LIGHT, Theme, prepared
from alpha_pulse.reporting.figures.time_axis import over_time
from alpha_pulse.reporting.tearsheet.content import BookCurve


def draw_compared(curves: Sequence[tuple[str, BookCurve]], theme: Theme = LIGHT) -> ShownFigure:
    """The change of each equity from its initial cash, in per cent of that, with the name of its run.

    Parameters
    ----------
    curves
        Names of runs, and the equity of one book of each.
    """
    with mpl.rc_context({"font.size": 9.0, "text.color": theme.ink, **NO_FORMULAS}):
        figure = ShownFigure(figsize=(11.0, 4.5), dpi=110, facecolor=theme.background, layout="constrained")
        axes = figure.subplots()
        prepared(axes, "Equity of the combined books", theme)
        axes.axhline(0.0, color=theme.muted, linewidth=0.9)
        ends = []
        for place, (name, curve) in enumerate(curves):
            colour, values = PALETTE[place % len(PALETTE)], 100.0 * (curve.equity / curve.initial - 1.0)
            axes.plot(*thinned(curve.known_at.astype("datetime64[ns]"), values), color=colour, linewidth=1.4)
            ends.append((f"{name}  {values[-1]:+.1f} %", float(values[-1]), colour))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
        over_time(axes)
        low, high = axes.get_ylim()
        label_ends(axes, [EndLabel((last - low) / (high - low), text, colour) for text, last, colour in ends], height=0.06)
    return figure
