"""The warm-up: what compiles beside it, and what it counts."""

from __future__ import annotations

import subprocess
import sys

from alpha_pulse.core.config import Config
from alpha_pulse.kernels.regimes.regime_detector import regime_end
from alpha_pulse.runtime.compilations import compilations
from alpha_pulse.runtime.warmup import is_warm, warm_up
from alpha_pulse.runtime.warmup_watchers import compile_watchers


def test_what_compiles_beside_compiles_nothing_that_the_loop_does_not_use() -> None:
    assert is_warm(Config())  # the session's beginning saw to it
    counted: list[int] = []
    with compilations(counted.append):
        compile_watchers("psi")
    assert counted == []
    assert regime_end.signatures  # type: ignore[attr-defined]  # a block ended


def test_a_second_warm_up_compiles_nothing() -> None:
    counted: list[int] = []
    assert warm_up(Config(), counted.append).compiled == 0
    assert counted == []


def test_the_process_beside_ends_when_nobody_reads_its_lines() -> None:
    command = (sys.executable, "-c", "from alpha_pulse.runtime.compilations import compilations as c\n" + LONG)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        process.stdout.close()
        assert process.wait(timeout=60) != 0


LONG = """
from numba import njit
with c(lambda _: print(flush=True)):
    while True:
        njit(lambda x: x + 1)(1)
"""
