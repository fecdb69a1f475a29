"""The public names: pinned, typed, loaded late; and the examples that use them."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import alpha_pulse as ap
from library import every_name

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "AdaptiveModelManager",
    "AlphaPulseError",
    "Bar",
    "Bars",
    "ComparedRuns",
    "Config",
    "EvaluationResult",
    "Example",
    "FeatureVector",
    "MLAwareAgent",
    "MarketView",
    "ModelServingService",
    "OnlineLearningService",
    "PythonModel",
    "RuleAgent",
    "Run",
    "Signal",
    "TradingFeedbackService",
    "__version__",
    "compare",
    "data",
    "evaluate",
    "feature",
    "labelled",
    "open_run",
    "replay",
    "return_over_cost",
    "runs",
    "target",
    "trade_outcome",
    "triple_barrier",
}
"""A name that is removed or renamed breaks users' programs; a new one is entered here and in `every_name.py`."""
RUN_MEMBERS = {
    "adaptations", "config", "equity", "facts", "features", "fills", "finished_result", "id", "labels", "metrics", "models",
    "plot", "predictions", "report", "result", "state", "store", "table", "tables", "trades",
}  # fmt: skip


def test_the_public_names_are_pinned() -> None:
    assert set(ap.__all__) == NAMES
    assert ap.__all__ == sorted(ap.__all__)
    assert dir(ap) == ap.__all__
    assert {name for name in vars(ap.Run) if not name.startswith("_")} == RUN_MEMBERS
    with pytest.raises(AttributeError, match="module 'alpha_pulse' has no attribute 'nothing'"):
        _ = ap.nothing


def test_the_import_is_cheap_and_no_name_needs_pandas_or_jupyter() -> None:
    code = (
        "import sys, alpha_pulse as ap; heavy = {'numpy', 'numba', 'polars', 'matplotlib', 'sqlalchemy', 'rich'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); [getattr(ap, name) for name in ap.__all__]; "
        "assert not {'pandas', 'pyarrow', 'IPython', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_a_typed_script_uses_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mypy checks it strictly, as a part of ``make test``, like the examples."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"]
    assert {"tests", "examples"} <= set(settings["files"])
    tree = ast.parse(Path(every_name.__file__).read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ap"
    }
    assert used == set(ap.__all__)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    every_name.main(tmp_path)


@pytest.mark.parametrize("notebook", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda path: path.name)
def test_the_cells_of_a_notebook_run(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 5
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        assert cell["outputs"] == [], f"cell {number} has outputs, which would become stale; clear them"
        run_cell("".join(cell["source"]), f"{notebook.name}, cell {number}", names)


def run_cell(source: str, where: str, names: dict[str, Any]) -> None:
    """Run a cell, and show the value of its last expression as a notebook does."""
    tree = ast.parse(source, where)
    assert not source.startswith(("%", "!"))
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), where, "eval"), names)
        shown = [getattr(value, method)() for method in ("_repr_html_", "_repr_png_") if hasattr(value, method)]
        assert any(shown), f"{where}: {value!r} shows itself neither as HTML nor as an image"


def test_the_script_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    script = ROOT / "examples" / "first_run.py"
    monkeypatch.setattr(sys, "argv", [str(script)])
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out
    assert "EURUSD, 6,225 bars of 1h" in printed
    assert "naive_bayes" in printed


def test_the_script_refuses_times_without_a_zone_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = tmp_path / "prices.csv"
    bars.write_text("time,open,high,low,close\n2024-01-01 00:00:00,1,2,1,2\n2024-01-01 01:00:00,2,3,2,3\n")
    script = ROOT / "examples" / "first_run.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(bars)])
    with pytest.raises(SystemExit, match=r'has no time zone.* tz="UTC"'):
        runpy.run_path(str(script), run_name="__main__")
