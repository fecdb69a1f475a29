"""Simulated results as tables of words and numbers, for a terminal and for docs/detectors.md alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from alpha_pulse.learning.comparison_trials import LABELS, POWER_LABELS
from alpha_pulse.learning.detector_calibration import PER
from alpha_pulse.learning.detector_trials import CALIBRATED, EVENTS, STATED, Delay, FalseAlarms
from alpha_pulse.learning.simulations import Simulated

SETTINGS = (CALIBRATED, "as published", "River's defaults")
NOTHING = "·"
Line = tuple[str, Sequence[str]]
T = TypeVar("T", FalseAlarms, Delay)


class Section(msgspec.Struct, frozen=True):
    """One table: ``rows`` of (name, cells), a heading where there are no cells."""

    title: str
    first: str
    titles: Sequence[str]
    rows: Sequence[Line]
    notes: Sequence[str] = ()


def sections(found: Simulated, name: str) -> list[Section]:
    """The tables that show one simulation."""
    return MAKERS[name](found)


def grouped(cells: Iterable[T], heading: Callable[[T], str], row: Callable[[T], str]) -> dict[str, dict[str, dict[str, T]]]:
    """Cells by heading, row and settings, each in the order in which it came first."""
    groups: dict[str, dict[str, dict[str, T]]] = {}
    for cell in cells:
        groups.setdefault(heading(cell), {}).setdefault(row(cell), {})[cell.settings] = cell
    return groups


def _thresholds(found: Simulated) -> list[Section]:
    titles = [f"{per:,}" for per in PER]
    rows: list[Line] = []
    for name, curves in (found.thresholds or {}).items():
        rows.append((name, ()))
        for dependence, curve in curves.items():
            by_rate = dict(zip(curve.per, curve.threshold, strict=True))
            rows.append((f"  {dependence}", [f"{by_rate[per]:.4g}" if per in by_rate else NOTHING for per in PER]))
    return [Section("Thresholds by values per false alarm", "detector", titles, rows)]


def _false_alarms(found: Simulated) -> list[Section]:
    cells = found.false_alarms or []
    rows: list[Line] = []
    for detector, streams in grouped(cells, lambda cell: cell.detector, lambda cell: cell.stream).items():
        rows.append((detector, ()))
        for stream, by_settings in streams.items():
            ours, published, rivers = (by_settings.get(settings) for settings in SETTINGS)
            rates = [NOTHING if one is None else f"{one.rate:.2f}" for one in (ours, published, rivers)]
            bound = NOTHING if ours is None else f"{ours.upper:.2f}"
            rows.append((f"  {stream}", [rates[0], bound, *rates[1:]]))
    ours, others = (
        max((cell.runs for cell in cells if (cell.settings == CALIBRATED) == wanted), default=0) for wanted in (True, False)
    )
    notes = (
        f"{ours:,} runs of {EVENTS:,} events, of the others up to {others:,}. Calibrated: 1 is stated, for the dependence of",
        "the stream; bound: of its rate, 95 %, from above.",
    )
    title = f"False alarms in {STATED:,.0f} events in which nothing changes"
    return [Section(title, "stream", ["calibrated", "bound", "published", "River's"], rows, (" ".join(notes),))]


def _delays(found: Simulated) -> list[Section]:
    rows: list[Line] = []
    for change, detectors in grouped(found.delays or [], lambda cell: cell.change, lambda cell: cell.detector).items():
        rows.append((change, ()))
        for detector, by_settings in detectors.items():
            rows.append((f"  {detector}", [text for settings in SETTINGS for text in _delay(by_settings.get(settings))]))
    notes = (
        "Median events from the change to the alarm; found: in % of the changes, before the next one; false: alarms in "
        f"{STATED:,.0f} events before the first change. Of a blip nothing should be found.",
    )
    titles = ["calibrated", "found", "false", "published", "found", "false", "River's", "found", "false"]
    return [Section("Events until a change is found", "detector", titles, rows, notes)]


def _delay(cell: Delay | None) -> list[str]:
    if cell is None:
        return [NOTHING] * 3
    return [_whole(cell.median), f"{100 * cell.found:.0f}", f"{cell.false_alarms:.1f}"]


def _whole(number: float | None) -> str:
    return NOTHING if number is None else f"{number:,.0f}"


def _nulls(found: Simulated) -> list[Section]:
    trials = found.comparison_nulls or []
    rows = [
        (
            f"horizon {trial.horizon}, {trial.forecasts} forecasts, {trial.loss}",
            [f"{100 * share:.1f}" for share in (trial.decided, trial.low, trial.naive)],
        )
        for trial in trials
    ]
    notes = (
        f"{max((trial.runs for trial in trials), default=0):,} runs, looked at after each of {LABELS:,} labels, at alpha = "
        "5 %; bound: 99 %, from below; naive: overlapping labels taken as independent.",
    )
    return [Section("Runs in which a winner is named between equals, in %", "null", ["decided", "bound", "naive"], rows, notes)]


def _power(found: Simulated) -> list[Section]:
    rows = [
        (
            f"horizon {trial.horizon}, strength {trial.strength:g}",
            [
                f"{trial.difference:.4f}",
                f"{100 * trial.decided:.0f}",
                f"{100 * trial.wrong:.0f}",
                _whole(trial.median_labels),
            ],
        )
        for trial in found.comparison_power or []
    ]
    notes = (
        f"Difference: of mean squared errors of probabilities. Decided within {POWER_LABELS:,} labels; labels: median until "
        "then.",
    )
    titles = ["difference", "decided", "wrong", "labels"]
    return [Section("Runs that name the better learner, in %", "advantage", titles, rows, notes)]


MAKERS: dict[str, Callable[[Simulated], list[Section]]] = {
    "thresholds": _thresholds,
    "false_alarms": _false_alarms,
    "delays": _delays,
    "comparison_nulls": _nulls,
    "comparison_power": _power,
}
