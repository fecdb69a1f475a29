"""Compiled kernels on disk: never stale, compiled again only where an edit reaches, removed when they are old."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alpha_pulse.kernels.base import kernel_cache
from alpha_pulse.kernels.base.jit import kernel

STEPS = "from alpha_pulse.kernels.base.jit import kernel\n\n@kernel\ndef step(x):\n    return x * {rate}\n"
TWICE = "\n\n@kernel\ndef twice(x):\n    return step(step(x))\n"
FARM = "from alpha_pulse.kernels.base.jit import kernel\nfrom farm.deep.steps import step" + TWICE
APART = "from alpha_pulse.kernels.base.jit import kernel\n\n@kernel\ndef apart(x):\n    return x + 1\n"
USE = """
from numba.core import event
from farm.apart import apart
from farm.top import twice

class Names(event.Listener):
    def on_start(self, found): pass
    def on_end(self, found): names.append(found.data["dispatcher"].__name__)

names = []
event.register("numba:compile", Names())
print(twice(1.0), apart(1.0), sorted(names))
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own."""
    remembered = (kernel_cache.cache_root, kernel_cache.module_folder, kernel_cache.make_folder)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    for each in remembered:
        each.cache_clear()
    yield tmp_path / "kernels" / "alpha-pulse-kernels"
    for each in remembered:
        each.cache_clear()


def add(x: float, y: float) -> float:
    return x + y


def test_an_edit_compiles_what_it_reaches_and_nothing_else(tmp_path: Path) -> None:
    deep = tmp_path / "farm" / "deep"
    deep.mkdir(parents=True)
    (deep / "steps.py").write_text(STEPS.format(rate=2))
    (tmp_path / "farm" / "top.py").write_text(FARM)
    (tmp_path / "farm" / "apart.py").write_text(APART)

    def used() -> str:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment.get("PYTHONPATH", "")])
        done = subprocess.run((sys.executable, "-c", USE), env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert used() == "4.0 2.0 ['apart', 'step', 'twice']"
    assert used() == "4.0 2.0 []"
    (deep / "steps.py").write_text(STEPS.format(rate=3))
    assert used() == "9.0 2.0 ['step', 'twice']"


def test_each_signature_has_files_that_no_other_writes(root: Path) -> None:
    compiled = kernel(add)
    compiled(1.0, 2.0)
    first = {path: path.read_bytes() for path in root.rglob("*.nb*")}
    compiled(1, 2)
    both = {path: path.read_bytes() for path in root.rglob("*.nb*")}
    assert len(first) == 2
    assert len(both) == 4
    assert first.items() <= both.items()


def test_a_kernel_is_compiled_once_whatever_constants_others_call_it_with(root: Path) -> None:
    callee = kernel(add)

    @kernel
    def caller(x: float) -> float:
        return callee(x, 1) + callee(x, 2) + callee(x, y=3)

    assert caller(1.0) == 9.0
    assert len(callee.overloads) == 1  # type: ignore[attr-defined]


def test_a_file_that_cannot_be_read_is_made_again(root: Path) -> None:
    kernel(add)(1.0, 2.0)
    for path in root.rglob("*.nb*"):
        path.write_bytes(b"")
    assert kernel(add)(1.0, 2.0) == 3.0
    assert all(path.stat().st_size for path in root.rglob("*.nb*"))


def test_where_nothing_can_be_kept_kernels_still_run(root: Path) -> None:
    root.parent.write_text("a file where the folder should be")
    assert kernel(add)(1.0, 2.0) == 3.0


def test_the_temporary_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ours = kernel_cache._temporary_root()
    assert ours == kernel_cache._temporary_root()
    ours.chmod(0o777)
    assert kernel_cache._temporary_root() != ours


def test_old_versions_go_and_what_is_used_stays(tmp_path: Path) -> None:
    day, now = kernel_cache.DAY_S, 1e9

    def made(name: str, age: float) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "kernel.nbc").write_bytes(b"")
        os.utime(folder, (now - age, now - age))
        return folder

    newest = [made(f"pack.a-{rank}", (2 + rank) * day) for rank in range(kernel_cache.VERSIONS_KEPT)]
    replaced = made("pack.a-old", 9 * day)
    busy = [made(f"pack.b-{rank}", rank) for rank in range(9)]
    forgotten = [made("pack.c-1", 31 * day), made("5eed5eed5eed5eed", 31 * day)]
    mark = tmp_path / "warm-1-2"
    mark.touch()
    os.utime(mark, (now - 31 * day, now - 31 * day))
    kernel_cache.prune(tmp_path, now)
    assert all(folder.is_dir() for folder in newest + busy)
    assert not any(path.exists() for path in [replaced, mark, *forgotten])


def test_what_other_programs_keep_beside_it_stays(root: Path) -> None:
    foreign = [root.parent / "thesis.txt", root.parent / "project-0123456789abcdef" / "kernel.nbi"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not ours")
        os.utime(path, (0, 0))
        os.utime(path.parent, (0, 0))
    kernel(add)(1.0, 2.0)
    assert any(root.rglob("*.nbi"))
    assert all(path.read_text() == "not ours" for path in foreign)
