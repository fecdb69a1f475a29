"""Harmed files: no traceback, every loaded value is what its cell says, every refusal is true."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from alpha_pulse.feeds.reading import MarketData
from faults.soaking import sizes
from layouts import trials
from layouts.trials import count_outcomes, trial


@sizes(small=400, large=100_000, parts=10)
def test_a_damaged_file_is_read_by_its_cells_or_refused_with_a_true_reason(count: int, seed: int, tmp_path: Path) -> None:
    results = [trial(seed * 1_000_000 + number, tmp_path) for number in range(count)]
    wrong = [result for result in results if result.complaint]
    assert not wrong, "\n".join(map(str, wrong[:5]))
    outcomes = count_outcomes(results)
    assert outcomes["loaded"] > count // 10
    assert outcomes["refused"] > count // 10


@pytest.mark.parametrize("field", ["ts_start", "close"])
def test_the_oracle_finds_a_value_that_differs_from_its_cell(
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
    loaded = [result for number in range(60) if (result := trial(number, tmp_path)).outcome == "loaded"]
    assert loaded
    assert all(result.complaint for result in loaded)


def test_the_oracle_finds_a_refusal_that_names_another_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = trials.outcome

    def lying(base: trials.Base, path: Path) -> MarketData | str:
        found = honest(base, path)
        return found.replace(", row ", ", row 1") if isinstance(found, str) else found

    monkeypatch.setattr(trials, "outcome", lying)
    refused = [result for number in range(60) if ", row " in (result := trial(number, tmp_path)).sentence]
    assert sum(result.complaint is not None for result in refused if result.outcome == "refused") > 5
