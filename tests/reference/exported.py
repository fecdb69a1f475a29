"""The tables of an export and the views of a store, from their declarations."""

from __future__ import annotations

import re

from alpha_pulse.journal.export.columns import TABLES, Exported
from alpha_pulse.stores.views import PREFIX, VIEWS

from .markdown import markdown_table

TYPES = {"text": "text", "whole": "integer", "number": "float", "time": "time", "flag": "boolean"}
_CHOICE = re.compile(r"((?:\w+, )*\w+ or \w+)(?=;|$)")
"""The values that a column can have, at the start of its meaning."""


def tables() -> str:
    """A section for each exported table."""
    return "\n\n".join(_section(name, table) for name, table in TABLES.items())


def _section(name: str, table: Exported) -> str:
    rows = [[f"`{column.name}`", TYPES[column.kind], _sentence(_values_as_code(column.meaning))] for column in table.columns]
    if table.of_features:
        rows.append(["...", TYPES["number"], "Each feature of the run, under its name."])
    return f"### {name}\n\n{_sentence(table.about)}\n\n{markdown_table(['column', 'type', 'meaning'], rows)}"


def views() -> str:
    """The columns of each view."""
    rows = [
        [f"`{PREFIX}{name}`", ", ".join(["`seq`", "`position`", *(f"`{column.name}`" for column in columns)])]
        for name, columns in VIEWS.items()
    ]
    return markdown_table(["view", "columns"], rows)


def _values_as_code(meaning: str) -> str:
    """``calm or turbulent; null for the first`` as `` `calm` or `turbulent`; null for the first ``."""
    choice = _CHOICE.match(meaning)
    if choice is None:
        return meaning
    return re.sub(r"\b(?!or\b)\w+", r"`\g<0>`", choice[0]) + meaning[choice.end() :]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
