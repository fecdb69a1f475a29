from __future__ import annotations

from pathlib import Path

import pytest

from alpha_pulse.cli.atomic_files import AtomicFiles
from alpha_pulse.core.errors import ConfigError


def test_files_take_their_names_together(tmp_path: Path) -> None:
    with AtomicFiles() as together:
        for name in ("a", "b"):
            together.write(tmp_path / name, name.encode())
            assert not (tmp_path / name).exists()
        assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "a", "b": "b"}


def write_and_fail(folder: Path) -> None:
    with AtomicFiles() as together:
        together.write(folder / "a", b"new")
        together.write(folder / "b", b"new")
        raise ZeroDivisionError


def test_what_fails_in_between_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def test_a_file_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name a folder you may write to"), AtomicFiles() as together:
        together.write(tmp_path / "no" / "a", b"")
