"""The colours of figures, on light and on dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from alpha_pulse.evaluation.drawing import FAINT, INK, MUTED, PALETTE, plain


class Theme(NamedTuple):
    """The colours of text, secondary text, lines of the grid and background, and of curves by name."""

    ink: str
    muted: str
    faint: str
    background: str
    books: dict[str, str]
    members: dict[str, str]
    good: str
    bad: str

    def of_member(self, name: str, challengers: Sequence[str] = ()) -> str:
        """The colour of a member, or of one of some challengers; the fourth of these has the colour of the first."""
        if name in self.members:
            return self.members[name]
        colours = (self.good, self.books["ml_only"], self.books["rules_only"])
        return colours[challengers.index(name) % len(colours)]

    def of_book(self, name: str) -> str:
        """The colour of a book."""
        return self.books.get(name, self.muted)


_BLUE, _RED, _GREEN, _PINK, _AMBER, _SKY = PALETTE
LIGHT = Theme(
    INK, MUTED, FAINT, "white",
    {"combined": _BLUE, "rules_only": _AMBER, "ml_only": _PINK, "cost_aware": _GREEN, "signal": _GREEN, "buy_and_hold": MUTED},
    {"served": INK, "online": _BLUE, "batch": _RED, "base": "#9A9A9A"},
    _GREEN, _RED,
)  # fmt: skip
DARK = Theme(
    "#E8E8E8", "#A0A0A0", "#3A3F46", "#14181D",
    {"combined": "#4DA3E0", "rules_only": "#E9B44C", "ml_only": "#DD94BC", "cost_aware": "#3DBB91", "signal": "#3DBB91",
     "buy_and_hold": "#A0A0A0"},
    {"served": "#E8E8E8", "online": "#4DA3E0", "batch": "#F0814A", "base": "#7A7F86"},
    "#3DBB91", "#F0814A",
)  # fmt: skip


def prepared(axes: Axes, title: str, theme: Theme) -> None:
    """Plain axes with a title on the left."""
    plain(axes, muted=theme.muted, faint=theme.faint)
    axes.set_facecolor(theme.background)
    axes.spines["bottom"].set_color(theme.muted)
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=theme.ink)
