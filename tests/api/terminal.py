"""``alpha-pulse run`` as a user starts it: a process of its own, interrupted or killed before the next."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import cli_runs

START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Terminal:
    """The first terminal: one run at a time, interrupted or killed before the next."""

    def __init__(
        self, place: Path, port: int, environ: dict[str, str], make: Callable[..., list[str]] = cli_runs.command
    ) -> None:
        self._make = make
        self._place = place
        self.port = port
        self.environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: str) -> None:
        self.interrupt()
        words = command.split()
        assert words[0] == "alpha-pulse"
        self._process = subprocess.Popen(
            [*self._make(*words[1:]), "--port", str(self.port)],
            cwd=self._place,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, self._process.stderr.read() if self._process.stderr else b""
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/health").json()["compiling"] is None:
                    return
            time.sleep(0.05)
        pytest.fail("the run was not up in time")

    def kill(self) -> None:
        """As a power cut would, as far as the process knows."""
        assert self._process is not None
        self._process.kill()
        # Standard error ends when whoever writes it is dead, which a copy is a moment after its client.
        self._process.communicate(timeout=30)
        self._process = None

    def interrupt(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        _, said = self._process.communicate(timeout=30)
        assert self._process.returncode == 130, said
        assert b"Resume with" in said
        assert b"Traceback" not in said
        self._process = None
