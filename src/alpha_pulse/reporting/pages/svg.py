"""Figures as inline SVG: text stays text, and the colours are those of the page, in its light and its dark scheme."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from alpha_pulse.reporting.pages.colours import CSS_OF_COLOUR, PAGE

POINTS_PER_INCH = 72
"""With as many dots per inch, a unit of the SVG is a point of matplotlib."""
WIDE, NARROW = 760, 340
"""Widths of a figure on a desktop and on a phone, in units of the SVG, which are about CSS pixels."""
FONT = 11.0

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "alpha-pulse", "font.size": FONT, "text.color": PAGE.ink,
    "axes.edgecolor": PAGE.muted,
    "path.simplify": True,
}  # fmt: skip
_NUMBER = re.compile(r"-?\d+\.\d+")
_DATA = re.compile(r'(?<= d=")[^"]*')
_ID = re.compile(r' id="([^"]*)"')
_FONT = re.compile(r"font: (?:[a-z]+ )*([0-9.]+)px [^;\"]*")
_USED = re.compile(r'(?:url\(#|href="#)([^")]+)')


def figure_of(width: int, height: int) -> Figure:
    """An empty figure of a size in units of the SVG."""
    return Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH), dpi=POINTS_PER_INCH, layout="constrained")


def both_widths(draw: Callable[[int], Figure], label: str) -> Markup:
    """A figure drawn twice, for a desktop and for a phone; the page shows one of them.

    Parameters
    ----------
    draw
        Makes the figure of a width.
    label
        What is seen, for readers who do not see it.
    """
    with mpl.rc_context(_STYLE):
        parts = [(name, inline_svg(draw(width), label)) for name, width in (("wide", WIDE), ("narrow", NARROW))]
    # matplotlib escapes what it writes.
    return Markup("".join(f'<div class="{name}">{svg}</div>' for name, svg in parts))


def inline_svg(figure: Figure, label: str) -> str:
    """A figure as an element of a page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = _DATA.sub(lambda match: " ".join(_NUMBER.sub(_rounded, match[0]).split()), svg)
    used = set(_USED.findall(svg))
    svg = _ID.sub(lambda match: match[0] if match[1] in used else "", svg)
    svg = _FONT.sub(r"font-size: \1px", svg)
    for colour, variable in CSS_OF_COLOUR.items():
        svg = svg.replace(colour, variable)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None
    head = f'<svg {box[0]} role="img" aria-label="{html.escape(label)}">'
    return head + re.sub(r">\s+<", "><", svg[svg.index(">") + 1 :]).strip()


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")
