"""The colours of figures on a page: each stands for a CSS variable, which has a light and a dark value."""

from __future__ import annotations

from alpha_pulse.reporting.figures.theme import Theme

_INK, _MUTED, _FAINT, _GOOD, _BAD, BAND = (f"#0101{number:02x}" for number in range(1, 7))
SERIES = tuple(f"#0102{number:02x}" for number in range(8))
"""The colours of curves; the ninth curve has that of the first."""
BOOKS = {"combined": 0, "rules_only": 1, "ml_only": 2, "cost_aware": 3, "signal": 3, "buy_and_hold": 4}
MEMBERS = {"served": 0, "online": 1, "batch": 2, "base": 4}
"""The place of each book's and each member's colour."""
CHALLENGERS = 5
"""The place of the first challenger's colour."""
PAGE = Theme(
    _INK, _MUTED, _FAINT, "none",
    {name: SERIES[place] for name, place in BOOKS.items()},
    {name: SERIES[place] for name, place in MEMBERS.items()},
    _GOOD, _BAD,
)  # fmt: skip

CSS_OF_COLOUR = {
    _INK: "var(--ink)", _MUTED: "var(--muted)", _FAINT: "var(--faint)", _GOOD: "var(--good)", _BAD: "var(--bad)",
    BAND: "var(--band)", **{colour: f"var(--s{place})" for place, colour in enumerate(SERIES)},
}  # fmt: skip
"""What the SVG of a page has in place of each colour."""


def series_colour(place: int) -> str:
    """The colour of a curve, by its place."""
    return SERIES[place % len(SERIES)]
