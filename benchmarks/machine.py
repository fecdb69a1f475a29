"""The machine, the versions and the load of a measurement."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from alpha_pulse.core.clock import wall_ns
from benchmarks.source import current

LIBRARIES = ("numpy", "numba", "river", "lightgbm")


class Conditions(msgspec.Struct, frozen=True):
    """The code (`benchmarks.source`), the machine and the date of a measurement.

    ``load`` is the load average of the last minute before and after; None where unknown.
    """

    date: str
    processor: str
    cores: int
    pinned_to: int | None
    versions: dict[str, str]
    load: tuple[float, float] | None
    source: str

    def __str__(self) -> str:
        core = "not bound to a core" if self.pinned_to is None else "bound to one core"
        load = "unknown" if self.load is None else f"{self.load[0]:.2f} before, {self.load[1]:.2f} after"
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        where = f"{self.processor} ({self.cores} cores), {core}"
        return f"Measured {self.date} at {self.source} on {where}; {versions}; load average {load}."


def load_average() -> float | None:
    """The mean number of runnable processes in the last minute, this one included; None where the system does not report it."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def conditions(pinned_to: int | None, load_before: float | None) -> Conditions:
    """The current conditions."""
    load = load_average()
    return Conditions(
        date=datetime.fromtimestamp(wall_ns() / 1e9, UTC).date().isoformat(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        pinned_to=pinned_to,
        versions={"Python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        load=None if load is None or load_before is None else (load_before, load),
        source=str(current()),
    )


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
