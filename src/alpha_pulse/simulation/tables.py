"""The simulations for docs/concepts/detectors.md and docs/serving.md by name, with their jobs and numbers of runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.detectors.calibrated import TUNED, ThresholdCurve, ThresholdCurves
from alpha_pulse.simulation import (
    comparison_trials,
    covariate_trials,
    detector_trials,
    interval_trials,
    promotion_trials,
    regime_trials,
    strategy_trials,
)
from alpha_pulse.simulation.comparison_trials import NullTrial, PowerTrial
from alpha_pulse.simulation.covariate_trials import CovariateDelay, CovariateFalseAlarms
from alpha_pulse.simulation.detector_calibration import FULL, QUICK, calibrate, steps
from alpha_pulse.simulation.detector_trials import Delay, FalseAlarms
from alpha_pulse.simulation.interval_trials import Coverage
from alpha_pulse.simulation.promotion_trials import PromotionNull, PromotionPower
from alpha_pulse.simulation.regime_calibration import FULL as FULL_REGIMES
from alpha_pulse.simulation.regime_calibration import QUICK as QUICK_REGIMES
from alpha_pulse.simulation.regime_calibration import calibrate_regimes, regime_steps
from alpha_pulse.simulation.regime_trials import Recurrence, RegimeDelay, RegimeFalseAlarms
from alpha_pulse.simulation.strategy_trials import EnsembleRegret

Job = Callable[[], msgspec.Struct]
Report = Callable[[int], None]


class Simulation(msgspec.Struct, frozen=True):
    """One table: its jobs, each of which gives one row, and the number of runs per job for the docs."""

    about: str
    runs: int
    jobs: Callable[[int, int, Sequence[str]], Sequence[Job]]
    at_least: int = 2


class Calibration(msgspec.Struct, frozen=True):
    """A table that is part of the program: the number of its steps, and the function that computes it (or a quick draft)."""

    about: str
    steps: Callable[[Sequence[str]], int]
    make: Callable[[Sequence[str], bool, int, Report | None], Any]


CALIBRATIONS: dict[str, Calibration] = {
    "thresholds": Calibration(
        "thresholds", steps, lambda names, full, seed, report: calibrate(names, FULL if full else QUICK, seed, report)
    ),
    "regime_thresholds": Calibration(
        "thresholds of regimes",
        lambda _: regime_steps(),
        lambda _, full, seed, report: calibrate_regimes(FULL_REGIMES if full else QUICK_REGIMES, seed, report),
    ),
}

SIMULATIONS: dict[str, Simulation] = {
    "false_alarms": Simulation("false alarms", 40, detector_trials.false_alarm_jobs),
    "delays": Simulation("delays until a change is found", 200, detector_trials.delay_jobs),
    "feature_false_alarms": Simulation(
        "false alarms about features", 200, lambda runs, seed, _: covariate_trials.covariate_false_alarm_jobs(runs, seed)
    ),
    "feature_delays": Simulation(
        "delays until a changed feature is found", 200, lambda runs, seed, _: covariate_trials.covariate_delay_jobs(runs, seed)
    ),
    "regime_false_alarms": Simulation(
        "false changes of regime", 200, lambda runs, seed, _: regime_trials.false_alarm_jobs(runs, seed)
    ),
    "regime_delays": Simulation(
        "delays until a new regime is found", 200, lambda runs, seed, _: regime_trials.delay_jobs(runs, seed)
    ),
    "regime_recurrence": Simulation(
        "names of returning regimes", 20, lambda runs, seed, _: regime_trials.recurrence_jobs(runs, seed)
    ),
    "interval_coverage": Simulation(
        "coverage of intervals", 2_000, lambda runs, seed, _: interval_trials.coverage_jobs(runs, seed)
    ),
    "comparison_nulls": Simulation(
        "false winners between equal learners", 500, lambda runs, seed, _: comparison_trials.null_jobs(runs, seed)
    ),
    "comparison_power": Simulation(
        "labels until the better learner is found", 100, lambda runs, seed, _: comparison_trials.power_jobs(runs, seed)
    ),
    "promotion_nulls": Simulation(
        "promotions of challengers that are not better", 2_000, lambda runs, seed, _: promotion_trials.null_jobs(runs, seed)
    ),
    "promotion_power": Simulation(
        "labels until a better challenger is promoted", 200, lambda runs, seed, _: promotion_trials.power_jobs(runs, seed)
    ),
    "ensemble_regret": Simulation("regret of the ensemble", 20, lambda runs, seed, _: strategy_trials.regret_jobs(runs, seed)),
}


class Simulated(msgspec.Struct):
    """The results, a list per table; None for a table that was not requested."""

    seed: int
    thresholds: ThresholdCurves | None = None
    regime_thresholds: dict[str, ThresholdCurve] | None = None
    false_alarms: list[FalseAlarms] | None = None
    delays: list[Delay] | None = None
    feature_false_alarms: list[CovariateFalseAlarms] | None = None
    feature_delays: list[CovariateDelay] | None = None
    regime_false_alarms: list[RegimeFalseAlarms] | None = None
    regime_delays: list[RegimeDelay] | None = None
    regime_recurrence: list[Recurrence] | None = None
    interval_coverage: list[Coverage] | None = None
    comparison_nulls: list[NullTrial] | None = None
    comparison_power: list[PowerTrial] | None = None
    promotion_nulls: list[PromotionNull] | None = None
    promotion_power: list[PromotionPower] | None = None
    ensemble_regret: list[EnsembleRegret] | None = None


def tables() -> list[str]:
    """The names of all tables."""
    return [*CALIBRATIONS, *SIMULATIONS]


def check_known(requested: Sequence[str], detectors: Sequence[str]) -> None:
    """Raise UnknownNameError for a table or a detector that is not simulated."""
    for noun, names, known in (("table", requested, tables()), ("detector", detectors, list(TUNED))):
        for name in names:
            if name not in known:
                raise UnknownNameError(f"there is no {noun} {name!r} to simulate{did_you_mean(name, known)}")


def how_many(name: str, runs: int | None, seed: int, detectors: Sequence[str]) -> int:
    """The number of steps that `simulate` reports for a table."""
    return CALIBRATIONS[name].steps(detectors) if name in CALIBRATIONS else len(_jobs(name, runs, seed, detectors))


def about(name: str) -> str:
    """A short description of a table."""
    return CALIBRATIONS[name].about if name in CALIBRATIONS else SIMULATIONS[name].about


def _jobs(name: str, runs: int | None, seed: int, detectors: Sequence[str]) -> Sequence[Job]:
    simulation = SIMULATIONS[name]
    n_runs = simulation.runs if runs is None else runs
    if n_runs < simulation.at_least:
        raise ConfigError(f"{n_runs} runs of {name!r} were requested, but at least {simulation.at_least} are needed")
    return simulation.jobs(n_runs, seed, detectors)


def simulate(
    into: Simulated, name: str, runs: int | None = None, detectors: Sequence[str] = tuple(TUNED), report: Report | None = None
) -> None:
    """Compute one table and store it in the results, ``into``.

    Parameters
    ----------
    name
        Of `tables`.
    runs
        Runs in each cell; None for the number in the docs. For thresholds any number gives a quick draft.
    detectors
        Of `TUNED`, for tables about detectors of a stream of numbers.
    report
        Called with the number of finished steps, out of `how_many`.
    """
    if name in CALIBRATIONS:
        setattr(into, name, CALIBRATIONS[name].make(detectors, runs is None, into.seed, report))
        return
    rows: list[Any] = []
    for job in _jobs(name, runs, into.seed, detectors):
        rows.append(job())
        if report is not None:
            report(len(rows))
    setattr(into, name, rows)
