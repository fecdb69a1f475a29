"""The parts of a page, as the template shows them: all numbers are texts already."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

ABOUT_CURVES = (
    "Curves are drawn with at most about as many points as the figure is wide: of each stretch the lowest and the highest. "
    "All other numbers come from every bar."
)


class Tile(msgspec.Struct, frozen=True):
    """A number with its name."""

    name: str
    value: str
    note: str = ""


class Row(msgspec.Struct, frozen=True):
    """A row of a table; without ``cells`` it is a heading. ``main``: the row that matters most."""

    name: str
    cells: Sequence[str] = ()
    main: bool = False


class Grid(msgspec.Struct, frozen=True):
    """A table. Where it is ``coloured``, cells that begin with a sign are, except intervals."""

    first: str
    titles: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    coloured: bool = True


class Months(msgspec.Struct, frozen=True):
    """The table of monthly returns: a row per year with twelve months and the whole year."""

    names: Sequence[str]
    years: Sequence[Row]


class LegendItem(msgspec.Struct, frozen=True):
    """What a colour of a figure stands for, and perhaps a number of it."""

    name: str
    colour: int
    value: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A figure; ``svg`` is markup, everything else text."""

    svg: Markup
    caption: str
    legend: Sequence[LegendItem] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section. The title says what is seen; the sentences say what came out."""

    title: str
    sentences: Sequence[str] = ()
    facts: Sequence[Tile] = ()
    tiles: Sequence[Tile] = ()
    figures: Sequence[Picture] = ()
    months: Months | None = None
    tables: Sequence[Grid] = ()
    items: Sequence[str] = ()
    note: str = ""


class PageContent(msgspec.Struct, frozen=True, kw_only=True):
    """A whole page."""

    title: str
    subtitle: str
    warnings: Sequence[str]
    lead: Sequence[str]
    key_figures: Sequence[Tile]
    sections: Sequence[Section]
    footer: Sequence[str]
