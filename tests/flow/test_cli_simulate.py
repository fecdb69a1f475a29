"""`alpha-pulse simulate-detectors` as a user runs it, on few runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli_runs
from alpha_pulse.cli.render.simulation import sections
from alpha_pulse.detectors.calibrated import DEPENDENCES, TUNED
from alpha_pulse.detectors.regime_settings import shipped_regime_curves
from alpha_pulse.simulation import tables
from alpha_pulse.simulation.tables import SIMULATIONS, Simulated, how_many, simulate

QUICK = ("--runs", "2", "--detector", "ddm", "--table", "false_alarms", "--table", "delays")


def test_it_shows_each_table_and_writes_all_of_them(tmp_path: Path) -> None:
    done = cli_runs.run(tmp_path, "simulate-detectors", *QUICK, "--json", "found.json")
    assert done.returncode == 0, done.stderr
    assert "False alarms in 10,000 events" in done.stdout
    assert "abrupt, 0.2 to 0.7" in done.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["comparison_nulls"] is None
    cells = {(cell["settings"], cell["stream"]): cell for cell in found["false_alarms"]}
    assert len(cells) == 27
    assert {cell["runs"] for cell in cells.values()} == {2, 50}
    assert all(cell["rate"] <= cell["upper"] for cell in cells.values())


def test_equal_seeds_give_equal_results_on_standard_output_alone(tmp_path: Path) -> None:
    one, two = (cli_runs.run(tmp_path, "simulate-detectors", *QUICK, "--json", "-") for _ in range(2))
    assert one.stdout == two.stdout
    assert json.loads(one.stdout)["seed"] == 1
    other = cli_runs.run(tmp_path, "simulate-detectors", *QUICK, "--json", "-", "--seed", "2")
    assert json.loads(other.stdout)["delays"] != json.loads(one.stdout)["delays"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--table", "delay"), "there is no table 'delay' to simulate; did you mean 'delays'?"),
        (("--detector", "adwn"), "there is no detector 'adwn' to simulate; did you mean 'adwin'?"),
        (("--json", "nowhere/found.json"), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_before_any_work(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = cli_runs.run(tmp_path, "simulate-detectors", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_thresholds_are_found_for_each_dependence_and_shown() -> None:
    found = Simulated(seed=1)
    told: list[int] = []
    simulate(found, "thresholds", 2, ("ddm",), told.append)
    assert told == list(range(1, how_many("thresholds", 2, 1, ("ddm",)) + 1))
    assert found.thresholds is not None
    assert set(found.thresholds["ddm"]) == set(DEPENDENCES)
    (section,) = sections(found, "thresholds")
    assert [name.strip() for name, _ in section.rows] == ["ddm", *DEPENDENCES]


def test_thresholds_of_regimes_are_probabilities_that_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "QUICK_REGIMES", 1_000)
    found = Simulated(seed=1)
    told: list[int] = []
    simulate(found, "regime_thresholds", 2, report=told.append)
    assert told == list(range(1, how_many("regime_thresholds", 2, 1, ()) + 1))
    assert found.regime_thresholds is not None
    assert set(found.regime_thresholds) == set(shipped_regime_curves())
    (section,) = sections(found, "regime_thresholds")
    shown = [float(cells[0]) for _, cells in section.rows if cells][: len(found.regime_thresholds["volatility"].per)]
    assert shown == sorted(shown)
    assert shown[0] == 0.5


@pytest.mark.parametrize("name", SIMULATIONS)
def test_every_table_can_be_made_and_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One job of each: the docs show hundreds of runs of all."""
    simulation = SIMULATIONS[name]
    jobs = simulation.jobs(simulation.at_least, 1, tuple(TUNED))
    first = type(simulation)(simulation.about, simulation.runs, lambda *_: [jobs[0]], simulation.at_least)
    monkeypatch.setitem(tables.SIMULATIONS, name, first)
    found = Simulated(seed=1)
    simulate(found, name, simulation.at_least)
    assert len(getattr(found, name)) == 1
    for section in sections(found, name):
        assert section.rows
        assert all(len(cells) in (0, len(section.titles)) for _, cells in section.rows)
