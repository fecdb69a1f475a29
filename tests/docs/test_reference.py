"""The tables of docs/reference that are made from the code equal it, and each setting and option has a meaning."""

from __future__ import annotations

import re

import pytest

from reference import commands, settings
from reference.pages import filled, is_current, tables


@pytest.mark.parametrize("page", list(tables()))
def test_a_page_has_the_tables_of_the_code(page: str) -> None:
    assert is_current(page), f"docs/reference/{page} differs from the code: run 'python -m reference --write-docs'"


def test_every_row_has_a_meaning() -> None:
    for name, table in {**settings.tables(), **commands.tables()}.items():
        _, _, *rows = table.splitlines()
        assert rows, name
        for row in rows:
            meaning = re.split(r"(?<!\\)\|", row)[-2].strip()
            assert meaning.endswith("."), row


def test_a_page_without_the_place_of_a_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference.settings.tables", lambda: {"nothing": "| |"})
    with pytest.raises(ValueError, match=r"configuration\.md has places for .* but the tables are \['settings of nothing'\]"):
        filled("configuration.md")
