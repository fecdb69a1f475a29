"""The registry under kills, full disks, several writers and changed bytes: nothing wrong is loaded, nothing durable is lost."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from alpha_pulse.core.errors import StateError
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.registry import VersionDetails
from faults.server import CLOSES, KILL, KILL_IN_MID_WRITE, NAMES, SYNCS, WRITES, Fault, Request, Server
from registry_samples import SESSION, artefact, filled

Figures = Callable[[str], None]
EVERYTHING = WRITES | SYNCS | NAMES | CLOSES
CHANGES = 9


def durable(folder: Path) -> int:
    """How many changes a registry has, after a check that each version can be loaded."""
    registry = Registry(folder)
    entries = registry.log.read()
    for version in registry.standing().states:
        registry.load(version)
    return len(entries)


@pytest.mark.parametrize("stride", [29, pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
def test_a_kill_at_each_call_leaves_all_durable_changes_and_no_half_of_one(
    server: Server, disk: Path, figures: Figures, stride: int
) -> None:
    kills = 0
    for kill in (KILL, KILL_IN_MID_WRITE):
        for nth in range(1, 1_000, stride):
            place, kinds = disk / f"{kill}-{nth}", EVERYTHING if kill == KILL else WRITES
            request = Request("register", {"folder": str(place / "models")}, Fault(str(disk), kinds, nth, kill=kill))
            answer = server.ask(request)
            if not answer.injected:
                assert answer.code == 0, answer.error
                break
            assert answer.code == -signal.SIGKILL
            told = max((line["entries"] for line in answer.told if "entries" in line), default=0)
            assert told <= durable(place / "models") <= told + 1
            assert server.ask(Request("register", {"folder": str(place / "models")})).code == 0
            assert durable(place / "models") == CHANGES
            kills += 1
    figures(f"{kills} kills, one at each call that changes a file: unreadable 0, lost 0")
    assert kills > 100 // stride


@pytest.mark.parametrize("kinds", [WRITES, SYNCS, NAMES])
def test_a_full_disk_is_said_and_later_changes_succeed(server: Server, disk: Path, kinds: int) -> None:
    for nth in range(1, 30, 5):
        place = disk / str(nth)
        fault = Fault(str(disk), kinds, nth, error=errno.ENOSPC, forever=True)
        answer = server.ask(Request("register", {"folder": str(place)}, fault))
        assert "Traceback" not in answer.error, answer.error
        refusals = [line["refused"] for line in answer.told if "refused" in line]
        assert [f"registry {place} cannot be written: no space is left on the disk" in text for text in refusals] == [True]
        durable(place)
        assert server.ask(Request("register", {"folder": str(place)})).code == 0
        assert durable(place) == CHANGES


def test_several_processes_write_at_once(plain_server: Server, disk: Path) -> None:
    writers, each = 3, 8
    answer = plain_server.ask(Request("register_at_once", {"folder": str(disk / "models"), "writers": writers, "each": each}))
    assert answer.told[-1] == {"codes": [0] * writers}, answer.error
    registry = Registry(disk / "models")
    infos, (served,) = registry.versions()
    assert {info.version for info in infos} == {artefact(number).version for number in range(writers * each)}
    assert registry.log.read()[-1].version == served.champion
    assert durable(disk / "models") == 2 * writers * each


def test_a_version_is_never_loaded_from_files_with_a_changed_byte(disk: Path, figures: Figures) -> None:
    flips, rng = 1_000, np.random.default_rng(20)
    registry, versions = filled(disk / "models")
    files = sorted(path for path in (disk / "models").rglob("*") if path.is_file() and path.stat().st_size)
    assert len(files) == 2 * len(versions) + 2
    loaded, shown = 0, 0
    for number in range(flips):
        file = files[number % len(files)]
        whole = file.read_bytes()
        at = int(rng.integers(len(whole)))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ int(rng.integers(1, 256))]) + whole[at + 1 :])
        for version in versions:
            concerned = version in file.parts or file.parent.name == "models"
            with pytest.raises(StateError) if concerned else contextlib.nullcontext():
                registry.load(version)
                loaded += concerned
        shown += _shown(registry, next((version for version in versions if version in file.parts), versions[0])) is None
        file.write_bytes(whole)
    figures(f"{flips} flipped bytes in artefacts, lineages, the log and its head: loaded {loaded}")
    assert loaded == 0
    assert shown == 0
    assert durable(disk / "models") == 5


def _shown(registry: Registry, version: str) -> str | None:
    """What is said of a version; None where it is shown as a sound one."""
    try:
        details: VersionDetails = registry.show(version)
    except StateError as error:
        return str(error)
    return details.problem


@pytest.mark.parametrize("name", ["moves.log", "moves.head", "artefact.aps", "lineage.json"])
def test_a_file_that_is_cut_short_or_swapped_is_refused(disk: Path, name: str) -> None:
    registry, versions = filled(disk / "models")
    place = disk / "models" if name.startswith("moves") else disk / "models" / "versions" / versions[0]
    whole = (place / name).read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-1], b""):
        (place / name).write_bytes(content)
        with pytest.raises(StateError):
            registry.load(versions[0])
    (place / name).write_bytes(whole)
    if place != disk / "models":
        shutil.copy(place.parent / versions[1] / name, place / name)
        with pytest.raises(StateError):
            registry.load(versions[0])
    with pytest.raises(StateError):
        registry.import_version(registry.export(f"{SESSION}@champion")[:-1], "cut.apm", actor="test")


def test_an_exported_file_with_a_changed_byte_is_refused(disk: Path) -> None:
    registry, _ = filled(disk / "models")
    content, rng = registry.export(f"{SESSION}@champion"), np.random.default_rng(3)
    other = Registry(disk / "other")
    for _ in range(200):
        at = int(rng.integers(len(content)))
        changed = content[:at] + bytes([content[at] ^ int(rng.integers(1, 256))]) + content[at + 1 :]
        with pytest.raises(StateError, match=r"model\.apm cannot be imported: a packed state"):
            other.import_version(changed, "model.apm", actor="test")
    assert other.versions() == ([], [])
