"""Simulated results as tables of words and numbers, for a terminal and for the documentation alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from alpha_pulse.simulation.comparison_trials import LABELS, POWER_LABELS
from alpha_pulse.simulation.covariate_trials import CovariateDelay, CovariateFalseAlarms
from alpha_pulse.simulation.detector_calibration import PER
from alpha_pulse.simulation.detector_trials import CALIBRATED, EVENTS, STATED, Delay, FalseAlarms
from alpha_pulse.simulation.promotion_trials import NULL_LABELS
from alpha_pulse.simulation.promotion_trials import POWER_LABELS as PROMOTION_LABELS
from alpha_pulse.simulation.strategy_trials import LENGTH, SEGMENTS
from alpha_pulse.simulation.tables import Simulated

WITHOUT_RIVER = "River is not installed, so its columns are empty: pip install 'alpha-pulse[river]'."
SETTINGS = (CALIBRATED, "as published", "River's defaults")
NOTHING = "·"
Line = tuple[str, Sequence[str]]
T = TypeVar("T", FalseAlarms, Delay)


class Repeated(Protocol):
    """A result of several runs."""

    @property
    def runs(self) -> int:
        """How many."""
        ...


class Section(msgspec.Struct, frozen=True):
    """One table: ``rows`` of (name, cells), a heading where there are no cells."""

    title: str
    first: str
    titles: Sequence[str]
    rows: Sequence[Line]
    notes: Sequence[str] = ()


def sections(results: Simulated, name: str) -> list[Section]:
    """The tables that show one simulation."""
    return MAKERS[name](results)


def grouped(cells: Iterable[T], heading: Callable[[T], str], row: Callable[[T], str]) -> dict[str, dict[str, dict[str, T]]]:
    """Cells by heading, row and settings, in order of first appearance."""
    groups: dict[str, dict[str, dict[str, T]]] = {}
    for cell in cells:
        groups.setdefault(heading(cell), {}).setdefault(row(cell), {})[cell.settings] = cell
    return groups


def _thresholds(results: Simulated) -> list[Section]:
    titles = [f"{per:,}" for per in PER]
    rows: list[Line] = []
    for name, curves in (results.thresholds or {}).items():
        rows.append((name, ()))
        for dependence, curve in curves.items():
            by_rate = dict(zip(curve.per, curve.threshold, strict=True))
            rows.append((f"  {dependence}", [f"{by_rate[per]:.4g}" if per in by_rate else NOTHING for per in PER]))
    return [Section("Thresholds by values per false alarm", "detector", titles, rows)]


def _regime_thresholds(results: Simulated) -> list[Section]:
    rows: list[Line] = []
    for name, curve in (results.regime_thresholds or {}).items():
        rows.append((name, ()))
        rows += [(f"  {per:,.0f}", [f"{probability:.4g}"]) for per, probability in zip(curve.per, curve.threshold, strict=True)]
    title = "Probability from which a change is reported, by blocks per false alarm"
    return [Section(title, "blocks", ["probability"], rows)]


def _false_alarms(results: Simulated) -> list[Section]:
    cells = results.false_alarms or []
    rows: list[Line] = []
    for detector, streams in grouped(cells, lambda cell: cell.detector, lambda cell: cell.stream).items():
        rows.append((detector, ()))
        for stream, by_settings in streams.items():
            ours, published, rivers = (by_settings.get(settings) for settings in SETTINGS)
            rates = [NOTHING if one is None else f"{one.rate:.2f}" for one in (ours, published, rivers)]
            bound = NOTHING if ours is None else f"{ours.upper:.2f}"
            rows.append((f"  {stream}", [rates[0], bound, *rates[1:]]))
    most, others = (
        max((cell.runs for cell in cells if (cell.settings == CALIBRATED) == wanted), default=0) for wanted in (True, False)
    )
    about = (
        f"{most:,} runs of {EVENTS:,} events; published and River's: up to {others:,} runs. The stated rate of calibrated is "
        "1, for the dependence of the stream; bound: upper bound of its rate (95 %)."
    )
    title = f"False alarms in {STATED:,.0f} events in which nothing changes"
    notes = (about, *_missing(cells))
    return [Section(title, "stream", ["calibrated", "bound", "published", "River's"], rows, notes)]


def _missing(cells: Iterable[FalseAlarms | Delay]) -> Sequence[str]:
    return () if any(cell.settings == SETTINGS[-1] for cell in cells) else (WITHOUT_RIVER,)


def _delays(results: Simulated) -> list[Section]:
    rows: list[Line] = []
    for change, detectors in grouped(results.delays or [], lambda cell: cell.change, lambda cell: cell.detector).items():
        rows.append((change, ()))
        for detector, by_settings in detectors.items():
            rows.append((f"  {detector}", [text for settings in SETTINGS for text in _delay(by_settings.get(settings))]))
    notes = (
        "Median events from the change to the alarm; found: in % of the changes, before the next one; false: alarms in "
        f"{STATED:,.0f} events before the first change. A blip should not be found.",
        *_missing(results.delays or []),
    )
    titles = ["calibrated", "found", "false", "published", "found", "false", "River's", "found", "false"]
    return [Section("Events until a change is found", "detector", titles, rows, notes)]


def _delay(cell: Delay | None) -> list[str]:
    if cell is None:
        return [NOTHING] * 3
    return [_whole(cell.median), f"{100 * cell.detected:.0f}", f"{cell.false_alarms:.1f}"]


def _whole(number: float | None) -> str:
    return NOTHING if number is None else f"{number:,.0f}"


def _feature_false_alarms(results: Simulated) -> list[Section]:
    cells = results.feature_false_alarms or []
    rows = _headed((_watching(cell), (f"  {cell.stream}", [f"{cell.rate:.2f}", f"{cell.upper:.2f}"])) for cell in cells)
    notes = (
        f"{_runs(cells):,} runs of {EVENTS:,} rows. The stated rate is 1, up to an autocorrelation of .9; "
        "bound: upper bound (95 %).",
    )
    title = f"False alarms in {STATED:,.0f} rows of features in which nothing changes"
    return [Section(title, "stream", ["rate", "bound"], rows, notes)]


def _feature_delays(results: Simulated) -> list[Section]:
    rows = _headed(
        (
            _watching(cell),
            (
                f"  {cell.change}",
                [
                    _whole(cell.median),
                    _percent(cell.detected),
                    _whole(cell.change_point_error),
                    _percent(cell.right_feature),
                    _percent(cell.other_features),
                ],
            ),
        )
        for cell in results.feature_delays or []
    )
    notes = (
        "One feature of them changes. Median rows until the alarm; found: in % of the changes, within 2,000 rows; off: median "
        "error of the estimated change, in rows; named: alarms that name the feature that changed, others: alarms that name "
        "one that did not change, in %.",
    )
    return [
        Section("Rows until a changed feature is found", "change", ["rows", "found", "off", "named", "others"], rows, notes)
    ]


def _watching(cell: CovariateFalseAlarms | CovariateDelay) -> str:
    return f"{cell.detector}, {cell.features} feature{'s' if cell.features > 1 else ''}"


def _headed(lines: Iterable[tuple[str, Line]]) -> list[Line]:
    """Lines under their headings, each heading once."""
    groups: dict[str, list[Line]] = {}
    for heading, line in lines:
        groups.setdefault(heading, []).append(line)
    return [line for heading, group in groups.items() for line in ((heading, ()), *group)]


def _regime_false_alarms(results: Simulated) -> list[Section]:
    cells = results.regime_false_alarms or []
    rows = [
        (cell.market, [f"{cell.labels:.2f}", f"{cell.points:.2f}", f"{cell.rate:.2f}", f"{cell.upper:.2f}"]) for cell in cells
    ]
    notes = (
        f"{_runs(cells):,} runs of 20,000 bars. Labels: changes of the name; points: changes of trend or correlation; "
        "bound: upper bound of both together (95 %).",
    )
    title = "Changes of regime reported in 10,000 bars in which nothing changes"
    return [Section(title, "market", ["labels", "points", "both", "bound"], rows, notes)]


def _regime_delays(results: Simulated) -> list[Section]:
    rows = [
        (
            cell.change,
            [_whole(cell.median), _whole(cell.slowest_tenth), f"{100 * cell.detected:.0f}", _whole(cell.change_point_error)],
        )
        for cell in results.regime_delays or []
    ]
    notes = ("Found: in % of the changes, within 2,000 bars; off: median error of the estimated change, in bars.",)
    return [Section("Bars until a regime is found", "change", ["median", "slowest tenth", "found", "off"], rows, notes)]


def _recurrence(results: Simulated) -> list[Section]:
    rows = [
        (cell.market, [f"{100 * share:.1f}" for share in (cell.accuracy, cell.kappa, cell.return_accuracy)])
        for cell in results.regime_recurrence or []
    ]
    notes = (
        "Calm, normal and turbulent periods of 600 to 1,800 bars in random order. Right: bars with the right name; adjusted: "
        "the same, corrected for chance (kappa); returns: periods of a returning regime that are given its name again.",
    )
    return [Section("Names of returning regimes, in %", "market", ["right", "adjusted", "returns"], rows, notes)]


def _coverage(results: Simulated) -> list[Section]:
    cells = results.interval_coverage or []
    rows = [
        (
            f"AR(1), {cell.persistence:g}",
            [f"{100 * share:.1f}" for share in (cell.covered, cell.low, cell.high, cell.independent)],
        )
        for cell in cells
    ]
    notes = (
        f"{_runs(cells):,} paths of {max((cell.values for cell in cells), default=0):,} losses, intervals of 95 %; low and "
        "high: bounds of the percentage (95 %); naive: with losses treated as independent.",
    )
    return [Section("Intervals that contain the true mean, in %", "losses", ["covered", "low", "high", "naive"], rows, notes)]


def _runs(cells: Sequence[Repeated]) -> int:
    return max((cell.runs for cell in cells), default=0)


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.0f}"


def _nulls(results: Simulated) -> list[Section]:
    trials = results.comparison_nulls or []
    rows = [
        (
            f"horizon {trial.horizon}, {trial.forecasts} forecasts, {trial.loss}",
            [f"{100 * share:.1f}" for share in (trial.decided, trial.low, trial.independent)],
        )
        for trial in trials
    ]
    notes = (
        f"{_runs(trials):,} runs, evaluated after each of {LABELS:,} labels, at alpha = "
        "5 %; bound: lower bound (99 %); naive: overlapping labels treated as independent.",
    )
    return [
        Section(
            "Runs in which a winner between equal learners is reported, in %",
            "null",
            ["decided", "bound", "naive"],
            rows,
            notes,
        )
    ]


def _power(results: Simulated) -> list[Section]:
    rows = [
        (
            f"horizon {trial.horizon}, strength {trial.strength:g}",
            [
                f"{trial.difference:.4f}",
                f"{100 * trial.decided:.0f}",
                f"{100 * trial.wrong_sign:.0f}",
                _whole(trial.median_labels),
            ],
        )
        for trial in results.comparison_power or []
    ]
    notes = (
        f"Difference: of mean squared errors of probabilities. Decided within {POWER_LABELS:,} labels; labels: median until "
        "then.",
    )
    titles = ["difference", "decided", "wrong", "labels"]
    return [Section("Runs in which the better learner is found, in %", "advantage", titles, rows, notes)]


def _promotion_nulls(results: Simulated) -> list[Section]:
    trials = results.promotion_nulls or []
    rows = [
        (
            f"horizon {trial.horizon}, equal {trial.null}",
            [f"{100 * share:.2f}" for share in (trial.promoted, trial.upper, trial.canary)],
        )
        for trial in trials
    ]
    notes = (
        f"{_runs(trials):,} runs of {NULL_LABELS:,} labels with three challengers, decided after each label, at alpha = 5 %; "
        "bound: upper bound of promoted (99 %); canary: runs in which a challenger became the canary.",
    )
    title = "Runs in which a challenger that is not better is promoted, in %"
    return [Section(title, "null", ["promoted", "bound", "canary"], rows, notes)]


def _promotion_power(results: Simulated) -> list[Section]:
    trials = results.promotion_power or []
    rows = [
        (
            f"horizon {trial.horizon}, strength {trial.strength:g}",
            [
                _percent(trial.promoted),
                _whole(trial.labels_to_promotion),
                _percent(trial.wrong),
                _percent(trial.rolled_back),
                _whole(trial.labels_to_rollback),
                _whole(trial.labels_reversed),
            ],
        )
        for trial in trials
    ]
    notes = (
        f"{_runs(trials):,} runs; in % of them, within {PROMOTION_LABELS:,} labels. Promoted: the better one of three "
        "challengers; wrong: another; rolled back: a champion without skill, promoted by hand. Labels: median until then in "
        "these runs, the time as the canary included; reversed: the same for a champion with the better forecasts reversed.",
    )
    titles = ["promoted", "labels", "wrong", "rolled back", "labels", "reversed"]
    return [
        Section(
            "Labels until a better challenger is promoted, and a bad champion rolled back", "advantage", titles, rows, notes
        )
    ]


def _regret(results: Simulated) -> list[Section]:
    trials = results.ensemble_regret or []
    rows = [
        (
            f"horizon {trial.horizon}, {'members sleep, one joins' if trial.sleeping else 'all awake'}",
            [f"{round(nats, 1) + 0.0:,.1f}" for nats in (trial.regret, trial.largest, trial.bound, trial.delay_term)],
        )
        for trial in trials
    ]
    notes = (
        f"In nats, over {SEGMENTS * LENGTH:,} labels in {SEGMENTS} segments, relative to the best member of each segment in "
        f"hindsight. Mean and largest of {_runs(trials):,} runs; bound: without the delay term, whose mean is the last column.",
    )
    return [Section("Regret of the ensemble", "labels", ["regret", "largest", "bound", "delay term"], rows, notes)]


MAKERS: dict[str, Callable[[Simulated], list[Section]]] = {
    "thresholds": _thresholds,
    "regime_thresholds": _regime_thresholds,
    "false_alarms": _false_alarms,
    "delays": _delays,
    "feature_false_alarms": _feature_false_alarms,
    "feature_delays": _feature_delays,
    "regime_false_alarms": _regime_false_alarms,
    "regime_delays": _regime_delays,
    "regime_recurrence": _recurrence,
    "interval_coverage": _coverage,
    "comparison_nulls": _nulls,
    "comparison_power": _power,
    "promotion_nulls": _promotion_nulls,
    "promotion_power": _promotion_power,
    "ensemble_regret": _regret,
}
