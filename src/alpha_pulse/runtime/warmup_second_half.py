"""Compiles half of the kernels in a second process: the detectors of regimes and features, and the decision pass.

Run as ``python -m alpha_pulse.runtime.warmup_second_half psi``; it writes the name of each kernel that it compiles.
"""

from __future__ import annotations

import signal
import sys

import msgspec
import numpy as np

from alpha_pulse.core.config import AdaptationConfig
from alpha_pulse.core.durations import DAY_NS
from alpha_pulse.engine.regime_monitor import RegimeMonitor
from alpha_pulse.kernels.base.addresses import ArrayTable
from alpha_pulse.kernels.decisions import layout, slice_pass
from alpha_pulse.learning.feature_monitor import FeatureMonitor
from alpha_pulse.runtime.compilations import compilations


def compile_second_half(feature_detector: str) -> None:
    """Call each kernel once, with the types that the loop uses, in the order in which the first half would reach them."""
    symbols, ts = ("OTHER", "WARMUP"), np.zeros(1, dtype=np.int64)
    regimes = RegimeMonitor(symbols, DAY_NS)
    others = regimes.others(np.ones((1, len(symbols))))
    regimes.detectors[symbols[0]].update_many(ts, np.column_stack((np.ones((1, 3)), others[:, 0])))
    no_slices = ArrayTable(layout.TABLE, {"cursor": np.zeros(layout.CURSOR, dtype=np.int64)})
    slice_pass.run(no_slices.words, -1, layout.DECIDE)
    settings = msgspec.structs.replace(AdaptationConfig(), feature_detector=feature_detector)
    FeatureMonitor(symbols[0], ("value",), settings).observe_block(np.zeros((1, 1)), None, ts)


def main() -> None:
    """The entry point of the process; it ends when its output is no longer read."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with compilations(lambda name: print(name, flush=True)):
        compile_second_half(sys.argv[1])


if __name__ == "__main__":
    main()
