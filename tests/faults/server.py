"""Runs the product in forked copies of one warm process, kills them or has their disk fail, and tells what became of them.

`python -m faults.server` reads one JSON request a line and answers each with one. It is started by `Server`, with the shim of
``shim.c`` loaded, so that a copy costs milliseconds and each fault strikes at an exact call.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

WRITES, SYNCS, NAMES, CLOSES = 1, 2, 4, 8
KILL, KILL_IN_MID_WRITE = 1, 2
PATIENCE_S = 60.0
TESTS = Path(__file__).resolve().parents[1]


class Fault(msgspec.Struct, frozen=True):
    """Which call below ``folder`` fails: the ``nth`` of some kinds, with ``error``, once or for ever; or kills the process."""

    folder: str
    kinds: int
    nth: int
    error: int = 0
    forever: bool = False
    kill: int = 0


class Request(msgspec.Struct, frozen=True):
    """A job and what it takes. ``kill_after_s`` counts from the first line that the job writes."""

    job: str
    arguments: dict[str, Any] = {}
    fault: Fault | None = None
    kill_after_s: float | None = None


class Answer(msgspec.Struct, frozen=True):
    """How a copy ended (a signal as a negative number), its lines, its standard error, and how often a fault struck."""

    code: int
    lines: list[str]
    error: str
    injected: int
    seen: int

    @property
    def told(self) -> list[dict[str, Any]]:
        """The lines that are JSON objects and whole."""
        return [json.loads(line) for line in self.lines if line.startswith("{") and line.endswith("}")]


class Server:
    """The warm process, as its user sees it."""

    def __init__(self, shim: Path | None) -> None:
        self.has_faults = shim is not None
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "src"), *sys.path]),
            "OMP_NUM_THREADS": "1",
        }
        if shim is not None:
            environment["LD_PRELOAD"] = str(shim)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.server"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: Request) -> Answer:
        """Have one job done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(request).decode() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the server of faults ended"
        return msgspec.json.decode(line, type=Answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server, with the shim where a C compiler can make it."""
    with tempfile.TemporaryDirectory(prefix="alpha-pulse-faults-") as folder:
        server = Server(compiled(Path(folder)))
        try:
            yield server
        finally:
            server.close()


def compiled(folder: Path) -> Path | None:
    """The shim as a library; None where it cannot be made."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    library = folder / "shim.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(Path(__file__).with_name("shim.c")), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return library if done.returncode == 0 else None


# In the warm process.


def _answer(request: Request, job: Callable[..., object]) -> Answer:
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            os.close(reader)
            _become(request, job, writer, errors.fileno())
        os.close(writer)
        lines, killed = _listened(reader, child, request.kill_after_s)
        os.close(reader)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        errors.seek(0)
        error = errors.read().decode("utf-8", "replace")
    counts = [0, 0]
    if lines and lines[-1].startswith("#"):
        counts = [int(word) for word in lines.pop()[1:].split()]
    elif code == -signal.SIGKILL and not killed:
        counts = [1, 1]
    return Answer(code, lines, error, *counts)


def _listened(reader: int, child: int, kill_after_s: float | None) -> tuple[list[str], bool]:
    """The whole lines of a copy until it ends; whether it was killed from here."""
    held, killed = b"", False
    ends = time.monotonic() + PATIENCE_S
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, ends - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            killed, ends = True, time.monotonic() + PATIENCE_S
            continue
        block = os.read(reader, 1 << 16)
        if not block:
            break
        if not held and kill_after_s is not None and not killed:
            ends = time.monotonic() + kill_after_s
        held += block
    # A line that the kill cut short was not told.
    return held.decode("utf-8", "replace").split("\n")[:-1], killed


def _become(request: Request, job: Callable[..., object], writer: int, errors: int) -> None:
    """Do the job in a copy of this process. Never returns."""
    code = 70
    library = ctypes.CDLL(None)
    try:
        os.dup2(writer, 1)
        os.dup2(errors, 2)
        fault = request.fault
        if fault is not None:
            library.fault_arm(
                fault.folder.encode(), fault.kinds, ctypes.c_long(fault.nth), fault.error, int(fault.forever), fault.kill
            )
        job(**request.arguments)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if request.fault is not None:
            library.fault_disarm()
            os.write(1, b"\n#%d %d\n" % (library.fault_injected(), library.fault_seen()))
        os._exit(code)


def _serve() -> None:
    from faults import jobs

    jobs.warm_up()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = msgspec.json.decode(line, type=Request)
        answer = _answer(request, getattr(jobs, request.job))
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
