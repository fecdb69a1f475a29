"""`alpha-pulse train`: a table or JSON of folds, and sentences about what cannot be trained."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from alpha_pulse.learning.walk_forward import WalkForward
from cli_runs import run

BARS = ("--target", "volatility", "--model", "logistic", "--folds", "3")


def test_the_table_and_the_json_have_the_same_folds(tmp_path: Path) -> None:
    shown, json = (run(tmp_path, "train", *BARS, *more) for more in ((), ("--json",)))
    assert (shown.returncode, json.returncode) == (0, 0), shown.stderr + json.stderr
    (found,) = msgspec.json.decode(json.stdout, type=list[WalkForward])
    assert (found.session_id, found.model, found.window, found.horizon, found.embargo) == (
        "EURUSD/volatility", "logistic", "grow", 12, 12,
    )  # fmt: skip
    assert found.skill > 20.0
    for fold in found.folds:
        (line,) = [line for line in shown.stdout.splitlines() if line.startswith(f"  fold {fold.number} ")]
        assert f"{fold.skill:+.1f}" in line
        assert fold.left_out == 12 + 12 - 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "volatilty"), "--target is 'volatilty'; did you mean 'volatility'?"),
        (("--target", "direction", "--model", "lightgmb"), "unknown model 'lightgmb'; did you mean 'lightgbm'?"),
        (("--target", "direction", "--folds", "0"), "--folds is 0; expected 1 or more"),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(tmp_path, "train", *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
