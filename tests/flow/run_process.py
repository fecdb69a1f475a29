"""A process of ``alpha-pulse run``: its API, its end, and the process that compiles for it at a first start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alpha_pulse.kernels.base.kernel_cache import cache_root
from cli_runs import environment, forked

PATIENCE_S = 60.0
SERVED = ("--config", "small.toml", "--port", "0", "--json")
NOT_COMPILED = "alpha_pulse.kernels.agents.reversion-"
"""A module whose one kernel is compiled in half a second, and is in no other kernel."""


class Running:
    """A run that is up."""

    def __init__(self, process: subprocess.Popen[str], started: dict[str, Any]) -> None:
        self.process = process
        self.started = started
        self.token = Path(started["token_file"]).read_text(encoding="ascii").strip()

    def signed_in(self) -> str:
        """The session token that the page gets for the one-time link."""
        body = json.dumps({"ticket": self.started["link"].partition("#ticket=")[2]}).encode()
        request = urllib.request.Request(self.started["url"] + "/api/v1/auth/exchange", body, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.loads(answer.read())["token"])

    def get(self, path: str, token: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        request = urllib.request.Request(self.started["url"] + path, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.started["url"] + path, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def until(self, state: str) -> dict[str, Any]:
        """Ask until the run is in a state."""
        ends = time.monotonic() + PATIENCE_S
        while (found := self.get("/api/v1/system"))["state"] != state:
            assert time.monotonic() < ends, found
            time.sleep(0.02)
        return found

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; exit code, and what was said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said


@contextmanager
def up(
    place: Path, *flags: str, make: Callable[..., list[str]] = forked, compiled: bool = True, **extra: str
) -> Iterator[Running]:
    """A run whose engine is compiled; ``extra`` variables are in its environment. It is killed at the end."""
    with _up(place, make("run", "--data", "bars.parquet", *SERVED, *flags), compiled=compiled, **extra) as run:
        yield run


@contextmanager
def demo_up(place: Path, *flags: str) -> Iterator[Running]:
    """As `up`, of the synthetic demo."""
    with _up(place, forked("run", "--demo", "drift", *SERVED, *flags), compiled=True) as run:
        yield run


@contextmanager
def _up(place: Path, command: list[str], *, compiled: bool, **extra: str) -> Iterator[Running]:
    process = subprocess.Popen(
        command, cwd=place, env=environment(place, **extra), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        run = Running(process, json.loads(line))
        while compiled and run.get("/health")["compiling"] is not None:
            time.sleep(0.02)
        yield run
    finally:
        process.kill()
        process.communicate()


def nearly_full_cache(folder: Path) -> str:
    """A folder for NUMBA_CACHE_DIR: the compiled kernels of these tests but one, and no mark that they are complete."""
    root = folder / "alpha-pulse-kernels"
    root.mkdir()
    for entry in cache_root().iterdir():
        if entry.is_dir() and not entry.name.startswith(NOT_COMPILED):
            (root / entry.name).symlink_to(entry)
    return str(folder)


def compiler_of(run: Running) -> int:
    """The process that compiles for a run, as soon as it is there."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == run.process.pid and b"warmup_process" in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:  # it has ended
                continue
        time.sleep(0.01)
    raise AssertionError("no process compiles")


@contextmanager
def held(process: int) -> Iterator[None]:
    """Nothing is compiled until the end of the block."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
