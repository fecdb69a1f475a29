"""Compiles the kernels in a process of its own, so that this one can answer requests meanwhile.

The process is ``python -m alpha_pulse.runtime.warmup_process``: it reads a configuration from its input, and writes reports as
lines of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable

import msgspec

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import AlphaPulseError, NotReadyError
from alpha_pulse.runtime.warmup import warm_up

FAILED = "the kernels could not be compiled"


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """The number of kernels compiled so far, or why they cannot be compiled."""

    compiled: int = 0
    problem: str | None = None


async def warm_up_beside(config: Config, on_compiled: Callable[[int], object]) -> None:
    """As `alpha_pulse.runtime.warmup.warm_up`, in another process, which is killed when the task is cancelled.

    Parameters
    ----------
    config
        The configuration of the runs to prepare.
    on_compiled
        Called with the number of kernels compiled so far.

    Raises
    ------
    NotReadyError
        Not all kernels could be compiled, or they could not be stored.
    """
    problem: str | None = None
    process = await _start(config)
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            report = msgspec.json.decode(line, type=Report)
            problem = report.problem
            on_compiled(report.compiled)
        code = await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if problem is None and code != 0:
        problem = f"the process that compiles them {_end(code)}"
    if problem is not None:
        raise NotReadyError(f"{FAILED}: {problem}")


async def _start(config: Config) -> asyncio.subprocess.Process:
    command = (sys.executable, "-P", "-m", __name__)
    # Plug-ins are found as by this process.
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with tempfile.TemporaryFile() as settings:
            settings.write(msgspec.json.encode(config))
            settings.seek(0)
            # In a session of its own: Ctrl-C in the terminal ends this process, which then ends that one and its children.
            return await asyncio.create_subprocess_exec(
                *command, stdin=settings, stdout=asyncio.subprocess.PIPE, env=environ, start_new_session=True
            )
    except OSError as error:
        raise NotReadyError(f"{FAILED}: no process can be started ({reason_of(error)})") from None


def _end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}; start again, or run 'alpha-pulse warmup', which shows the error"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    cause = ", possibly for lack of memory" if name == "SIGKILL" else ""
    return f"was ended by signal {-code} ({name}){cause}; start again to compile the rest"


def main() -> None:
    """The entry point of the process; it ends when its output is no longer read."""
    try:
        done = warm_up(msgspec.json.decode(sys.stdin.buffer.read(), type=Config), lambda compiled: _write(Report(compiled)))
    except AlphaPulseError as error:
        _write(Report(problem=str(error)))
    else:
        if done.problem is not None:
            place = f"{done.cache}: {done.problem}; set NUMBA_CACHE_DIR to another folder"
            _write(Report(problem=f"they cannot be stored in {place}"))


def _write(report: Report) -> None:
    print(msgspec.json.encode(report).decode(), flush=True)


if __name__ == "__main__":
    main()
