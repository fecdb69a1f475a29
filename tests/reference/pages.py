"""The tables of docs/reference that are generated from the code, and their places in the pages.

A table is between ``<!-- reference: NAME -->`` and ``<!-- end: NAME -->``. All other text of a page is written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from . import commands, errors, exported, library, routes, settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
TABLE = re.compile(r"<!-- reference: (?P<name>[^>]+) -->\n.*?<!-- end: (?P=name) -->", re.DOTALL)
IN_DOCS = re.compile(r"\bdocs/((?:[a-z-]+/)*([a-z-]+\.md))")


def tables() -> dict[str, dict[str, str]]:
    """Each table by its name, by the page on which it stands."""
    return {
        "api.md": {"routes": routes.table()},
        "cli.md": {**{f"options of {name}": text for name, text in commands.tables().items()}, "errors": errors.table()},
        "configuration.md": {f"settings of {name}": text for name, text in settings.tables().items()},
        "library.md": library.tables(),
        "tables.md": {"exported tables": exported.tables(), "views": exported.views()},
    }


def filled(page: str) -> str:
    """The text of a page, with the tables generated from the code.

    Raises
    ------
    ValueError
        The page lacks the place of a table, or has a place without a table.
    """
    text = (FOLDER / page).read_text(encoding="utf-8")
    made = tables()[page]
    places = [match["name"] for match in TABLE.finditer(text)]
    if sorted(places) != sorted(made):
        raise ValueError(f"docs/reference/{page} has places for {sorted(places)}, but the tables are {sorted(made)}")
    return TABLE.sub(lambda match: _between_markers(match["name"], made[match["name"]]), text)


def write(page: str) -> None:
    """Write the tables into a page."""
    (FOLDER / page).write_text(filled(page), encoding="utf-8")


def is_current(page: str) -> bool:
    """Whether the tables of a page equal those of the code."""
    return filled(page) == (FOLDER / page).read_text(encoding="utf-8")


def _between_markers(name: str, table: str) -> str:
    linked = IN_DOCS.sub(r"[\2](../\1)", table).replace("](../reference/", "](")
    return f"<!-- reference: {name} -->\n\n{linked}\n\n<!-- end: {name} -->"
