"""What the plots of evaluations and of runs share: colours, plain axes, and names beside the ends of curves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The colours of Okabe and Ito without yellow and black; safe for colour-blind readers."""
INK, MUTED, FAINT = "#222222", "#777777", "#DDDDDD"
NO_FORMULAS: dict[Any, Any] = {"text.parse_math": False}
"""A setting of matplotlib: a text with two dollar signs, such as a symbol, is no formula."""
LABEL_HEIGHT = 0.047
"""Height of a label beside the curves, as a fraction of the height of the axes."""


class ShownFigure(Figure):
    """A figure that a notebook shows as the result of a cell, whether or not pyplot was imported."""

    def _repr_png_(self) -> bytes:
        drawn = io.BytesIO()
        self.savefig(drawn, format="png")
        return drawn.getvalue()


class EndLabel(NamedTuple):
    """The name of a curve: the height of the curve's end, as a fraction of the axes' height, the text and its colour."""

    height: float
    text: str
    colour: str
    bold: bool = True


def plain(axes: Axes, *, muted: str = MUTED, faint: str = FAINT) -> None:
    """Leave only a grid of horizontal lines, the labels of the ticks and the lower spine."""
    axes.grid(axis="y", color=faint, linewidth=0.7)
    axes.tick_params(length=0, colors=muted)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def label_ends(axes: Axes, ends: Sequence[EndLabel], *, floor: float = 0.0, height: float = LABEL_HEIGHT) -> None:
    """Write names beside the ends of curves, moved apart so that they do not overlap; a line leads to the curve.

    Parameters
    ----------
    ends
        In any order; a height outside of the axes is moved to their edge.
    floor
        The lowest height of a name, as a fraction of the axes' height.
    height
        The height of a line of text, as a fraction of the axes' height.
    """
    inside = sorted((end._replace(height=min(max(end.height, 0.0), 1.0)) for end in ends), key=lambda end: end.height)
    places = [max(place, floor + row * height) for row, place in enumerate(spread([end.height for end in inside], height))]
    for place, end in zip(places, inside, strict=True):
        axes.annotate(
            end.text, xy=(1.0, end.height), xytext=(1.022, place), xycoords="axes fraction", textcoords="axes fraction",
            color=end.colour, va="center", ha="left", fontsize=9.0, fontweight="bold" if end.bold else "normal",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.6, "shrinkA": 1.0, "shrinkB": 0.0,
                        # By default a line leads to the middle of a name, where it would cross other names.
                        "relpos": (0.0, 0.5)},
        )  # fmt: skip


def spread(heights: list[float], distance: float) -> list[float]:
    """Increasing heights (k,) from 0 to 1, moved as little as needed to be ``distance`` apart. A crowded group keeps its mean.

    >>> [round(place, 2) for place in spread([0.0, 0.5, 0.5, 1.0], 0.1)]
    [0.0, 0.45, 0.55, 1.0]
    """
    groups: list[tuple[float, int]] = []  # (sum of the heights, their number)
    for height in heights:
        groups.append((height, 1))
        while len(groups) > 1 and _first(groups[-1], distance) - _last(groups[-2], distance) < distance:
            (total, count), (other, more) = groups.pop(), groups.pop()
            groups.append((total + other, count + more))
    return [_first(group, distance) + k * distance for group in groups for k in range(group[1])]


def _first(group: tuple[float, int], distance: float) -> float:
    total, count = group
    half = 0.5 * distance * (count - 1)
    return min(max(total / count - half, 0.0), max(1.0 - 2.0 * half, 0.0))


def _last(group: tuple[float, int], distance: float) -> float:
    return _first(group, distance) + distance * (group[1] - 1)
