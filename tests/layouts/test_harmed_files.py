"""Harmed files: no traceback, every loaded value is what its cell says, every refusal is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.soaking import sizes
from layouts.trials import tally, trial


@sizes(small=400, large=100_000, parts=10)
def test_a_harmed_file_is_read_by_its_cells_or_refused_truly(count: int, seed: int, tmp_path: Path) -> None:
    verdicts = [trial(seed * 1_000_000 + number, tmp_path) for number in range(count)]
    wrong = [verdict for verdict in verdicts if verdict.complaint]
    outcomes = tally(verdicts)
    assert not wrong, "\n".join(map(str, wrong[:5]))
    assert sum(outcomes.values()) == count
    assert outcomes["loaded"] > count // 20
    assert outcomes["refused"] > count // 20
    print(outcomes)


def test_the_judge_finds_a_value_that_its_cell_does_not_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import layouts.trials as trials
    from alpha_pulse.feeds.reading import MarketData

    plain = trials._read

    def lying(base: trials.Base, path: Path) -> MarketData | str:
        found = plain(base, path)
        if not isinstance(found, str):
            found.bars.close[0] *= 1.001
        return found

    monkeypatch.setattr(trials, "_read", lying)
    assert any(trial(number, tmp_path).complaint for number in range(60))
