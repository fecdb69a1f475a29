"""A disk that is really full, or mounted read-only: the true cause is named, and with room again the run is resumed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cli_runs
from faults.server import TESTS
from faults.soaking import sizes

MOUNT = "mount -t tmpfs -o size={size}k tmpfs disk"
Figures = Callable[[str], None]


def on_a_small_disk(
    place: Path, script: str, more: dict[str, str] | None = None, timeout: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run a script of the shell in a namespace where it may mount."""
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=place,
        env={**cli_runs.environment(place), **(more or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    (tmp_path / "disk").mkdir()
    if on_a_small_disk(tmp_path, MOUNT.format(size=64)).returncode:
        pytest.skip("this system lets users mount nothing")
    cli_runs.write_bars(tmp_path / "bars.parquet", 160)
    return tmp_path


def replay(place: Path, *more: str) -> str:
    kept = ["--store", "disk/run.db", "--json", "disk/r.json", "--decisions", "disk/d.jsonl"]
    return shlex.join(cli_runs.command("replay", "--data", "bars.parquet", "--config", "small.toml", *kept, *more))


@pytest.mark.parametrize(
    "sizes",
    [(350,), pytest.param(range(16, 1_200, 64), marks=[pytest.mark.soak, pytest.mark.timeout(600)])],
    ids=["one", "many"],
)
def test_a_full_disk_is_named_and_with_room_the_run_goes_on(place: Path, figures: Figures, sizes: tuple[int, ...]) -> None:
    refused = 0
    for size in sizes:
        first = f"{replay(place)} >/dev/null; code=$?"
        grow = "mount -o remount,size=64m disk; echo resumed >&2"
        again = f"if [ $code = 2 ]; then {replay(place, '--resume')} >/dev/null; echo $code $?; else echo $code 0; fi"
        done = on_a_small_disk(place, f"{MOUNT.format(size=size)}; {first}; {grow}; {again}; cat disk/r.json")
        codes, _, result = done.stdout.partition("\n")
        said, _, later = done.stderr.partition("resumed\n")
        assert "Traceback" not in done.stderr, done.stderr
        assert codes in ("2 0", "0 0"), (size, codes, done.stderr)
        if codes == "2 0":
            refused += 1
            assert "no space is left on the disk; " in said, said
            assert "; free space" in said, said
        assert json.loads(result)["bars"] == 160, later
    figures(f"{len(sizes)} sizes of a disk, full {refused} times: tracebacks 0, resumed {refused}")
    assert refused > len(sizes) // 2


@sizes(small=2, large=50, parts=2)
def test_a_run_that_is_started_again_goes_on_however_often_the_disk_was_full(
    place: Path, figures: Figures, count: int, seed: int
) -> None:
    fill = shlex.join([sys.executable, "-m", "faults.filling", "disk", str(count), str(seed)])
    path = {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src"), *sys.path])}
    done = on_a_small_disk(place, f"{MOUNT.format(size=16_384)}; {fill}", path, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    figures(f"{count} times filled and freed: {found}")
    assert found["full"] == count
    assert (found["lost"], found["doubled"], found["failed"]) == (0, 0, 0)


@sizes(small=2, large=50, parts=1)
def test_a_served_run_that_nobody_touches_goes_on_however_often_the_disk_was_full(
    place: Path, figures: Figures, count: int, seed: int
) -> None:
    cli_runs.write_bars(place / "bars.parquet", 600 * count + 400)
    found = waiting(place, "run", count, seed)
    figures(f"served, {count} times filled and freed: {found}")
    assert (found["waited"], found["state"], found["code"]) == (count, "finished", 0)
    assert (found["lost"], found["doubled"], found["repeated"]) == (0, 0, True)
    assert found["refused"] >= count


@sizes(small=2, large=50, parts=1)
def test_a_replay_that_nobody_touches_goes_on_however_often_the_disk_was_full(
    place: Path, figures: Figures, count: int, seed: int
) -> None:
    cli_runs.write_bars(place / "bars.parquet", 1_400 * count + 1_000)
    (place / "small.toml").write_text(
        "[batch]\nenabled = false\n[store]\ncheckpoint_steps = 200\ngroup_steps = 50\n", encoding="utf-8"
    )
    found = waiting(place, "replay", count, seed)
    figures(f"replay, {count} times filled and some of it freed: {found}")
    assert (found["waited"], found["continued"], found["code"], found["equal"]) == (count, count, 0, True)
    assert (found["lost"], found["doubled"], found["repeated"]) == (0, 0, True)


def waiting(place: Path, command: str, count: int, seed: int) -> dict[str, Any]:
    """What became of a run in ``place`` whose disk was filled ``count`` times."""
    wait = shlex.join([sys.executable, "-m", "faults.waiting", command, "disk", str(count), str(seed)])
    path = {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src"), *sys.path])}
    done = on_a_small_disk(place, f"{MOUNT.format(size=65_536)}; {wait}", path, timeout=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.soak
def test_a_disk_that_is_mounted_read_only_is_named_and_what_it_holds_can_be_checked(place: Path) -> None:
    verify = shlex.join(cli_runs.command("journal", "verify", "disk/run.db"))
    made = f"{MOUNT.format(size=16_384)}; {replay(place)} >/dev/null 2>&1; rm -f disk/run.db-*; mount -o remount,ro disk"
    done = on_a_small_disk(place, f"{made}; {verify}; {replay(place)}")
    assert done.returncode == 2
    assert "160 steps, each block fits the one before" in done.stdout
    assert "the file system is mounted read-only" in done.stderr
    assert "Traceback" not in done.stderr
