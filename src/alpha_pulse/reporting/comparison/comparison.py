"""Compares stored runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from alpha_pulse.core.errors import ConfigError
from alpha_pulse.execution.execution_service import PRIMARY
from alpha_pulse.reporting.comparison.pairs import PairedDifference, loss_difference, return_difference
from alpha_pulse.reporting.tearsheet.content import RunContent
from alpha_pulse.reporting.tearsheet.labels import targets_of
from alpha_pulse.reporting.tearsheet.settings import SettingDifference, setting_differences
from alpha_pulse.reporting.tearsheet.sheet import DataSummary, TearSheet, make_tear_sheet

Value = float | None


class ComparedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One of the runs: its id, whether it is finished, its version and data."""

    run_id: str
    finished: bool
    program_version: str
    data: DataSummary


class RunComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side; values stand in the order of ``runs``, and differences are to the first of them.

    ``metrics``: by name, with the unit in the name: `METRICS`, then `SCORES` of each target after its name. ``targets``: those
    of any of the runs; a run without one has no value of it, and is not paired in it. ``differences``: of each later run over
    the same data as the first; runs over other data have none, and are named in ``unpaired``. ``renamed``: those of them that
    have the bars of the first run under another symbol.
    """

    runs: list[ComparedRun]
    targets: list[str]
    settings: list[SettingDifference]
    metrics: dict[str, list[Value]]
    differences: list[PairedDifference]
    unpaired: list[str]
    renamed: list[str]


class Metric(NamedTuple):
    """A number of a run: its name in JSON and frames, and how it is read from a tear sheet."""

    name: str
    read: Callable[[TearSheet], Value]


def _of_book(name: str, field: str) -> Metric:
    return Metric(name, lambda sheet: getattr(sheet.books[PRIMARY], field))


def _of_trades(name: str, field: str) -> Metric:
    return Metric(name, lambda sheet: getattr(sheet.books[PRIMARY].trades, field))


METRICS = (
    _of_book("net_pnl_cash", "net_pnl"),
    _of_book("total_return", "total_return"),
    _of_book("gross_pnl_cash", "gross_pnl"),
    Metric("charges_cash", lambda sheet: sheet.books[PRIMARY].fees + sheet.books[PRIMARY].costs),
    _of_book("growth_per_year", "growth_per_year"),
    _of_book("sharpe", "sharpe"),
    _of_book("sortino", "sortino"),
    _of_book("calmar", "calmar"),
    _of_book("max_drawdown", "max_drawdown"),
    _of_book("under_water_fraction", "under_water_fraction"),
    _of_book("held_fraction", "held_fraction"),
    _of_book("mean_exposure", "mean_exposure"),
    _of_book("turnover", "turnover"),
    _of_trades("trades", "trades"),
    _of_trades("win_rate", "win_rate"),
    _of_trades("profit_factor", "profit_factor"),
    _of_trades("expectancy_cash", "expectancy"),
    Metric("drift_alarms", lambda sheet: sheet.drift.alarms),
    Metric("adaptations", lambda sheet: len(sheet.drift.actions)),
    Metric("adaptations_accepted", lambda sheet: sheet.drift.accepted),
)
"""Of a run and its combined book."""
SCORES = {
    "labels": "labels",
    "accuracy": "accuracy",
    "log_loss_nats": "log_loss",
    "skill_millinats": "skill_millinats",
    "skill_millinats_last70": "skill_millinats_last70",
    "ece": "ece",
}
"""Of the served prediction of a target: the end of each name, and the field of its score."""


def compare_runs(runs: Sequence[RunContent]) -> RunComparison:
    """Compare two runs or more; the first is what the others are compared with.

    Raises
    ------
    ConfigError
        There are fewer than two runs, or two of the same id.
    """
    names = [run.name for run in runs]
    if len(runs) < 2:
        raise ConfigError(f"{len(runs)} run was given to compare; give two or more")
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"run {name} was given more than once; give each run once")
    sheets = [make_tear_sheet(run) for run in runs]
    targets = list(dict.fromkeys(target for sheet in sheets for target in sheet.scores))
    first, identity = runs[0], runs[0].identity.feed_identity
    paired = [run for run in runs[1:] if run.identity.feed_identity == identity]
    unpaired = [run for run in runs[1:] if run.identity.feed_identity != identity]
    return RunComparison(
        runs=[
            ComparedRun(
                run_id=sheet.run_id, finished=sheet.finished, program_version=sheet.program_version, data=sheet.data
            )
            for sheet in sheets
        ],
        targets=targets,
        settings=setting_differences([run.config for run in runs]),
        metrics={
            **{metric.name: [metric.read(sheet) for sheet in sheets] for metric in METRICS},
            **{
                f"{target}_{name}": [_score(sheet, target, field) for sheet in sheets]
                for target in targets
                for name, field in SCORES.items()
            },
        },
        differences=[
            difference
            for run in paired
            for difference in (
                return_difference(first, run),
                *(loss_difference(first, run, target) for target in _common(first, run)),
            )
        ],
        unpaired=[run.name for run in unpaired],
        renamed=[run.name for run in unpaired if _renamed(first, run)],
    )  # fmt: skip


def _common(first: RunContent, run: RunContent) -> list[str]:
    """The targets that both runs have."""
    others = targets_of(run.tables["predictions"])
    return [target for target in targets_of(first.tables["predictions"]) if target in others]


def _score(sheet: TearSheet, target: str, field: str) -> Value:
    """A score of the served prediction; None where the run has no such target."""
    value: Value = getattr(sheet.scores[target]["served"], field) if target in sheet.scores else None
    return value


def _renamed(first: RunContent, run: RunContent) -> bool:
    """Whether two runs of one symbol each have equal bars, as far as both go, under different symbols."""
    if len(first.symbols) > 1 or len(run.symbols) > 1 or first.symbols == run.symbols:
        return False
    columns = ("open_time", "known_at", "open", "high", "low", "close")
    one, other = (each.tables["bars"].select(columns) for each in (first, run))
    common = min(len(one), len(other))
    return one.head(common).equals(other.head(common))
