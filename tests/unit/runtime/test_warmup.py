"""The warm-up: what compiles beside it, and what it counts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from alpha_pulse.core.config import Config
from alpha_pulse.kernels.decisions import slice_pass
from alpha_pulse.kernels.detection.covariate import covariate_until
from alpha_pulse.kernels.regimes.other_returns import mean_other_returns
from alpha_pulse.kernels.regimes.regime_detector import regime_rows
from alpha_pulse.runtime.compilations import compilations
from alpha_pulse.runtime.warmup import is_warm, warm_up
from alpha_pulse.runtime.warmup_second_half import compile_second_half

SECOND_HALF: tuple[Any, ...] = (regime_rows, slice_pass.run, covariate_until, mean_other_returns)


def signatures(kernel: Any) -> list[object]:
    """The types that a kernel was called with from Python."""
    return list(kernel.signatures)


def test_what_compiles_beside_compiles_nothing_that_the_loop_does_not_use() -> None:
    assert is_warm(Config())  # the session's beginning saw to it
    counted: list[str] = []
    with compilations(counted.append):
        compile_second_half("psi")
    assert counted == []
    assert all(signatures(kernel) for kernel in SECOND_HALF)


def test_a_second_warm_up_compiles_nothing_and_what_compiles_beside_has_the_types_of_the_loop() -> None:
    counted: list[int] = []
    compile_second_half("psi")
    assert warm_up(Config(), counted.append).compiled == 0
    assert counted == []
    assert [len(signatures(kernel)) for kernel in SECOND_HALF] == [1] * len(SECOND_HALF)


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
