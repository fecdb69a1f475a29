"""The scripts in examples/ that docs/how-to/use-the-services.md shows print what it says."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "use-the-services.md").read_text(encoding="utf-8")
SCRIPTS = [ROOT / "examples" / name for name in sorted(set(re.findall(r"python examples/(\w+\.py)", PAGE)))]
SERVICES = ("OnlineLearningService", "ModelServingService", "TradingFeedbackService", "AdaptiveModelManager", "MLAwareAgent")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_what_the_page_shows(script: Path) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(script), run_name="__main__")
    shown = PAGE.partition(f"python examples/{script.name}\n")[2].partition("```")[0]
    assert printed.getvalue() == shown


def test_every_service_has_an_example() -> None:
    text = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
    assert [name for name in SERVICES if f"ap.{name}(" not in text] == []


def test_the_own_feature_makes_predictions_better(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "own_feature.py"), run_name="__main__")
    without, with_it = (float(skill) for skill in re.findall(r"skill ([+-][0-9.]+) millinats", capsys.readouterr().out))
    assert with_it > without > 0.0
