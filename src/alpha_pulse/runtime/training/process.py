"""A trainer that trains in another process, so that the process that trades never waits for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import msgspec

from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import StateError
from alpha_pulse.engine.training.trainers import Trainer
from alpha_pulse.learning.training import Trained
from alpha_pulse.runtime.training import worker
from alpha_pulse.runtime.training.worker import LENGTH_BYTES, Request, decode

ATTEMPTS = 2
"""A training that fails, or whose process ends, is started once more."""


class _Job:
    """One round: its answer comes in a thread that only waits for it."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.over = Event()
        self.results: dict[str, Trained] | None = None
        self.problem = ""


class ProcessTrainer:
    """Trains in another process, which is started at the first training and then waits for the next.

    Parameters
    ----------
    path
        The store of the run, in a file.
    otherwise
        Trains where a result is needed at once and there is none, because the process failed.
    """

    def __init__(self, path: Path, otherwise: Trainer) -> None:
        self._path = path
        self._otherwise = otherwise
        self._process: subprocess.Popen[bytes] | None = None
        self._job: _Job | None = None

    @property
    def pid(self) -> int | None:
        """The process; None while there is none."""
        return None if self._process is None else self._process.pid

    def begin(self, end: int) -> None:
        """Start a round, without waiting for it. A round in progress is given up."""
        if self._job is not None:
            self.close()
        self._job = _Job(end)
        Thread(target=self._run, args=(self._job,), name="training", daemon=True).start()

    def done(self, end: int) -> bool:
        """Whether `take` would not wait."""
        return self._job is None or self._job.end != end or self._job.over.is_set()

    def problem(self, end: int) -> str:
        """Why a round that is done has no results; empty where it has some, or is not done."""
        job = self._job
        return "" if job is None or job.end != end or not job.over.is_set() else job.problem

    def take(self, end: int) -> dict[str, Trained]:
        """Wait for the results of a round."""
        job, self._job = self._job, None
        if job is not None and job.end == end:
            job.over.wait()
            if job.results is not None:
                return job.results
        return dict(self._otherwise.take(end))

    def close(self) -> None:
        """End the process, and the round in progress."""
        job, process = self._job, self._process
        self._job = self._process = None
        if process is not None:
            process.kill()
        if job is not None:
            job.over.wait()
        if process is not None:
            _end(process)

    def _run(self, job: _Job) -> None:
        for _ in range(ATTEMPTS):
            if self._job is not job:
                break
            try:
                job.results = decode(self._asked(job))
                job.problem = ""
                break
            except (StateError, OSError) as error:
                job.problem = str(error) if isinstance(error, StateError) else reason_of(error)
        job.over.set()

    def _asked(self, job: _Job) -> bytes:
        """The answer of the process to one request. Raises StateError where it ends before, OSError where it cannot start."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = _started()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(Request(str(self._path), job.end)) + b"\n")
            process.stdin.flush()
        length = process.stdout.read(LENGTH_BYTES)
        answer = process.stdout.read(int.from_bytes(length, "little"))
        if len(length) < LENGTH_BYTES or len(answer) < int.from_bytes(length, "little"):
            raise StateError(f"the process that trains ended with code {_end(process)}")
        return answer


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill a process, release its pipes, and return its exit code."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
    return process.wait()


def _started() -> subprocess.Popen[bytes]:
    # Plug-ins are found as by this process. In a session of its own: Ctrl-C in the terminal ends this process, which ends that.
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = (sys.executable, "-P", "-m", worker.__name__)
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ, start_new_session=True
    )
