"""The tables of docs/reference that are made from the code equal it, and architecture.md names the layers and dependencies."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from reference import commands, settings
from reference.pages import filled, is_current, tables

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


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


def test_the_layers_of_the_page_are_those_that_are_checked() -> None:
    [layers] = [contract["layers"] for contract in PROJECT["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"]
    checked = [set(re.findall(r"\w+", layer)) for layer in layers if layer != "__main__"]
    rows = re.findall(r"^\| (\d+) \| (`\w+`(?:, `\w+`)*) \|", ARCHITECTURE.partition("\n## Where")[0], re.MULTILINE)
    assert [set(re.findall(r"\w+", names)) for _, names in rows] == checked
    assert [int(number) for number, _ in rows] == list(range(len(checked), 0, -1))


def test_every_dependency_has_a_reason() -> None:
    section = ARCHITECTURE.partition("\n## Dependencies")[2]
    extras = PROJECT["project"]["optional-dependencies"]["dev"]
    for requirement in [*PROJECT["project"]["dependencies"], *extras]:
        name = re.split(r"[><=;]", requirement)[0]
        assert f"`{name}`" in section, name


def test_the_new_names_of_the_page_on_upgrading_exist() -> None:
    page = (
        (ROOT / "docs" / "upgrading.md")
        .read_text(encoding="utf-8")
        .partition("\n## Python names\n")[2]
        .partition("\nThese groups")[0]
    )
    names, _, modules = page.partition("\n## Modules\n")
    package = ROOT / "src" / "alpha_pulse"
    new = re.findall(r"^\| `[\w.]+` \| `([\w.]+)` \|$", modules, re.MULTILINE)
    assert len(new) > 50
    for module in new:
        assert (package / f"{module.replace('.', '/')}.py").exists(), module
    new = re.findall(r"^\| `[\w.]+` \| `([\w.]+)\.(\w+)` \|$", names, re.MULTILINE)
    assert len(new) > 20
    for module, name in new:
        source = (package / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert re.search(rf"^(?:class|(?:async )?def) {name}\b|^{name} =", source, re.MULTILINE), f"{module}.{name}"
