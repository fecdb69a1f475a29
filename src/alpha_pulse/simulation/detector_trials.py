"""False alarms and delays of detectors: calibrated, with published parameters, and River's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.plugins import load
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.base import Detector, Domain
from alpha_pulse.detectors.calibrated import TUNED, CalibratedDetector
from alpha_pulse.simulation.changing_streams import AFTER, BEFORE, CHANGING, PERIOD, Changing
from alpha_pulse.simulation.stationary_streams import Row, Stationary, accepted

STATED = 10_000.0
"""Events per false alarm of the calibrated detectors in the tables."""
EVENTS = 10_000
NORMAL_95 = 1.645
RIVER = {
    "adwin": "ADWIN",
    "ddm": "binary.DDM",
    "eddm": "binary.EDDM",
    "fhddm": "binary.FHDDM",
    "hddm_a": "binary.HDDMA",
    "hddm_w": "binary.HDDMW",
    "kswin": "KSWIN",
    "page_hinkley": "PageHinkley",
}
OF_RIGHT_ANSWERS = {"fhddm"}
"""River's detectors whose input is 1 for a right prediction."""
CALIBRATED = "calibrated"
TIMES = 25
"""Stationary runs of a calibrated detector for each run of another one, because its stated rate is what the table shows."""
SLOW = {"hddm_a": 5, "hddm_w": 5, "kswin": 20}
"""River's slow detectors: only one of this many runs is made."""


class FalseAlarms(msgspec.Struct, frozen=True):
    """False alarms of one detector on one stationary stream, per ``STATED`` events; ``upper`` is a 95 % bound."""

    detector: str
    settings: str
    stream: str
    dependence: str
    runs: int
    events: int
    alarms: int
    rate: float
    upper: float


class Delay(msgspec.Struct, frozen=True):
    """The delay until one detector finds one kind of change, in events. For a blip, ``detected`` should be small.

    ``false_alarms`` counts those before the first change, per ``STATED`` events.
    """

    detector: str
    settings: str
    change: str
    changes: int
    detected: float
    median: float | None
    slowest_tenth: float | None
    false_alarms: float


class Contender(msgspec.Struct, frozen=True):
    """A detector in one setting: ``alarms`` returns the indices of the alarms of a new detector in (n,) values."""

    detector: str
    settings: str
    domain: Domain
    alarms: Callable[[Row, Stationary | None], NDArray[np.int64]]
    every: int = 1


def contenders(names: Sequence[str] = tuple(TUNED), samples_per_false_alarm: float = STATED) -> Iterator[Contender]:
    """For each detector: calibrated, with the parameters of its paper, and, where installed, River's with its defaults."""
    for name in names:
        kind = load("detectors", DETECTORS, name)
        domain = kind().domain
        yield Contender(name, CALIBRATED, domain, _calibrated(name, samples_per_false_alarm))
        yield Contender(name, "as published", domain, _published(kind))
        if find_spec("river") is not None:
            yield Contender(name, "River's defaults", domain, _river(name), SLOW.get(name, 1))


def _calibrated(name: str, samples_per_false_alarm: float) -> Callable[[Row, Stationary | None], NDArray[np.int64]]:
    def alarms(values: Row, stream: Stationary | None) -> NDArray[np.int64]:
        dependence = "independent" if stream is None else stream.dependence
        horizon = 1 if stream is None else stream.horizon
        detector: Detector = CalibratedDetector(name, samples_per_false_alarm, dependence=dependence, horizon=horizon)
        return np.flatnonzero(detector.update_many(values))

    return alarms


def _published(kind: Callable[[], Detector]) -> Callable[[Row, Stationary | None], NDArray[np.int64]]:
    return lambda values, _: np.flatnonzero(kind().update_many(values))


def _river(name: str) -> Callable[[Row, Stationary | None], NDArray[np.int64]]:
    module, _, attribute = f"river.drift.{RIVER[name]}".rpartition(".")
    kind: Any = getattr(importlib.import_module(module), attribute)

    def alarms(values: Row, _: Stationary | None) -> NDArray[np.int64]:
        detector, alarm_indices = kind(**({"seed": 1} if name == "kswin" else {})), []
        shown = 1.0 - values if name in OF_RIGHT_ANSWERS else values
        for index, value in enumerate(shown.tolist()):
            detector.update(value)
            if detector.drift_detected:
                alarm_indices.append(index)
        return np.array(alarm_indices, dtype=np.int64)

    return alarms


def false_alarms(contender: Contender, stream: Stationary, runs: int, seed: int) -> FalseAlarms:
    """Alarms in ``runs`` runs of `EVENTS` events; a calibrated detector has `TIMES` times as many runs.

    The bound uses the spread between runs; without any alarm it is that of a Poisson law.
    """
    rng = np.random.default_rng([seed, *stream.name.encode()])
    runs = max(runs * (TIMES if contender.settings == CALIBRATED else 1) // contender.every, 2)
    counts = np.array([len(contender.alarms(stream.make(EVENTS, rng), stream)) for _ in range(runs)], dtype=float)
    scale = STATED / EVENTS
    rate = float(counts.mean()) * scale
    upper = rate + NORMAL_95 * float(counts.std(ddof=1)) / np.sqrt(runs) * scale
    if counts.sum() == 0.0:
        upper = 3.0 / runs * scale
    return FalseAlarms(
        contender.detector, contender.settings, stream.name, stream.dependence, runs, runs * EVENTS, int(counts.sum()), rate,
        float(upper),
    )  # fmt: skip


def delay(contender: Contender, change: Changing, runs: int, seed: int) -> Delay:
    """The fraction of changes found before the next one, and the events until then."""
    rng = np.random.default_rng([seed, *change.name.encode()])
    runs = max(runs // contender.every, 2)
    within = AFTER if len(change.rises) == 1 else PERIOD
    delays, before = [], 0
    for _ in range(runs):
        alarms = contender.alarms(change.make(rng), None)
        before += int((alarms < BEFORE).sum())
        for rise in change.rises:
            later = alarms[(alarms >= rise) & (alarms < rise + within)]
            if later.size:
                delays.append(int(later[0]) - rise)
    changes = runs * len(change.rises)
    return Delay(
        contender.detector, contender.settings, change.name, changes, len(delays) / changes,
        float(np.median(delays)) if delays else None,
        float(np.quantile(delays, 0.9)) if delays else None,
        before * STATED / (runs * BEFORE),
    )  # fmt: skip


def false_alarm_jobs(runs: int, seed: int, names: Sequence[str] = tuple(TUNED)) -> list[Callable[[], FalseAlarms]]:
    """Calls of `false_alarms` for every contender and every stream that it accepts."""
    return [
        partial(false_alarms, contender, stream, runs, seed)
        for contender in contenders(names)
        for stream in accepted(contender.domain)
    ]


def delay_jobs(runs: int, seed: int, names: Sequence[str] = tuple(TUNED)) -> list[Callable[[], Delay]]:
    """Calls of `delay` for every contender and every kind of change."""
    return [partial(delay, contender, change, runs, seed) for contender in contenders(names) for change in CHANGING]
