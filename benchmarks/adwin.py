"""The drift detector on errors whose rate jumps twice, against River's ADWIN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import numpy as np
from river import drift

from alpha_pulse.detectors.drift import Adwin
from alpha_pulse.kernels.adwin import DRIFT, adwin_state, adwin_step, adwin_steps
from benchmarks.measure import Options, interleave
from benchmarks.report import Table, rate_table

DELTA = 0.002
CLOCK = 32
"""Values between two tests: River's default, so that both do the same number of tests."""
RATES = (0.2, 0.3, 0.2)
RIVER = "River"
ROUNDS = 5


class RiverAdwin(Protocol):
    """What is used of River's class, which has no types."""

    @property
    def drift_detected(self) -> bool: ...

    def update(self, value: float) -> None: ...


def run(options: Options) -> list[Table]:
    """A call per value, and the compiled loop."""
    n = 3_000 if options.quick else 90_000
    rng = np.random.default_rng(6)
    values = (rng.random(n) < np.repeat(RATES, n // len(RATES))).astype(np.float64)
    given = values.tolist()
    alarms: dict[str, float] = {}

    def river() -> None:
        detector = cast(Callable[..., RiverAdwin], drift.ADWIN)(delta=DELTA, clock=CLOCK)
        count = 0
        for value in given:
            detector.update(value)
            count += detector.drift_detected
        alarms[RIVER] = count

    def detector(name: str, clock: int) -> Callable[[], None]:
        def work() -> None:
            update = Adwin(DELTA, clock).update
            alarms[name] = sum(update(value) for value in given)

        return work

    def kernel() -> None:
        state = adwin_state(DELTA, CLOCK)
        alarms["kernel call"] = sum(adwin_step(state, value) == DRIFT for value in given)

    def loop() -> None:
        flags = np.zeros(n, dtype=np.int64)
        adwin_steps(adwin_state(DELTA, CLOCK), values, flags)
        alarms["compiled loop"] = int((flags == DRIFT).sum())

    works = {
        RIVER: river,
        "Adwin.update": detector("Adwin.update", CLOCK),
        "Adwin.update, a test at each value": detector("Adwin.update, a test at each value", 1),
        "kernel call": kernel,
        "compiled loop": loop,
    }
    speeds = interleave(works, n, ROUNDS)
    title = f"ADWIN on {n:,} errors with 2 changes, a test every {CLOCK} values"
    return [rate_table(title, speeds, unit="values", baseline=RIVER, extra={"alarms": alarms}, extra_form="{:.0f}")]
