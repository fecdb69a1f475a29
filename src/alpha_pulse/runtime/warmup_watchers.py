"""Compiles the detectors of features and regimes in a second process, which takes about as long as the first one.

Run as ``python -m alpha_pulse.runtime.warmup_watchers psi``; it writes a line for each kernel that it compiles.
"""

from __future__ import annotations

import signal
import sys

import numpy as np

from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.core.types import Bar
from alpha_pulse.detectors.covariate import FEATURE_DETECTORS
from alpha_pulse.detectors.regime import LEAST_BLOCK
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.runtime.compilations import compilations


def compile_watchers(feature_detector: str) -> None:
    """Call each of their kernels once, with the types that the loop uses."""
    symbols = ("WARMUP", "OTHER")
    regimes = RegimeMonitor(symbols, DAY_NS)
    for number in range(LEAST_BLOCK + 1):  # the first bar has no return, so the block ends one later
        regimes.observe([Bar(symbol, number * DAY_NS, DAY_NS, 1.0, 1.0, 1.0, 1.0) for symbol in symbols])
    FEATURE_DETECTORS[feature_detector](("value",)).update(np.zeros(1))


def main() -> None:
    """The entry point of the process; it ends when its output is no longer read."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with compilations(lambda _: print(flush=True)):
        compile_watchers(sys.argv[1])


if __name__ == "__main__":
    main()
