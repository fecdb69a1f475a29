"""Harmed files: no traceback, every loaded value is what its cell says, every refusal is true."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from alpha_pulse.feeds.reading import MarketData
from faults.soaking import sizes
from layouts import trials
from layouts.trials import tally, trial


@sizes(small=400, large=100_000, parts=10)
def test_a_harmed_file_is_read_by_its_cells_or_refused_truly(count: int, seed: int, tmp_path: Path) -> None:
    verdicts = [trial(seed * 1_000_000 + number, tmp_path) for number in range(count)]
    wrong = [verdict for verdict in verdicts if verdict.complaint]
    assert not wrong, "\n".join(map(str, wrong[:5]))
    outcomes = tally(verdicts)
    assert outcomes["loaded"] > count // 10
    assert outcomes["refused"] > count // 10


@pytest.mark.parametrize("field", ["ts_start", "close"])
def test_the_judge_finds_a_value_that_its_cell_does_not_say(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = trials.outcome

    def lying(base: trials.Base, path: Path) -> MarketData | str:
        found = honest(base, path)
        if isinstance(found, str):
            return found
        changed = getattr(found.bars, field).copy()
        changed[-1] += 1
        return msgspec.structs.replace(found, bars=msgspec.structs.replace(found.bars, **{field: changed}))

    monkeypatch.setattr(trials, "outcome", lying)
    loaded = [verdict for number in range(60) if (verdict := trial(number, tmp_path)).outcome == "loaded"]
    assert loaded
    assert all(verdict.complaint for verdict in loaded)


def test_the_judge_finds_a_refusal_that_names_another_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = trials.outcome

    def lying(base: trials.Base, path: Path) -> MarketData | str:
        found = honest(base, path)
        return found.replace(", row ", ", row 1") if isinstance(found, str) else found

    monkeypatch.setattr(trials, "outcome", lying)
    refused = [verdict for number in range(60) if ", row " in (verdict := trial(number, tmp_path)).sentence]
    assert sum(verdict.complaint is not None for verdict in refused if verdict.outcome == "refused") > 5
