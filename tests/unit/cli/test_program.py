"""The first word of the commands that a message suggests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alpha_pulse.cli.results.next_steps import next_steps
from alpha_pulse.cli.terminal.program import program


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a program in a folder that is not on the PATH, by which it was started."""
    path = tmp_path / "bin" / "alpha-pulse"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(path), "run"])
    return str(path)


def test_a_program_that_is_not_on_the_path_is_named_by_its_place(installed: str) -> None:
    assert program() == installed
    assert f"{installed} show run.db" in next_steps("run.db")


def test_a_program_on_the_path_is_named_by_its_name(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(installed).parent))
    assert program() == "alpha-pulse"


def test_a_program_started_as_a_module_is_named_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/alpha_pulse/__main__.py"])
    assert program() == "alpha-pulse"
