"""The results of a run as a table, as JSON, and as the page docs/mutants.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from .catalogue import MUTANTS, TO_KILL
from .runner import Result
from .table import ROOT, STAGES

PAGE = ROOT / "docs" / "mutants.md"
HEAD = """# Mutants

A mutant is a defect that is inserted into a copy of the source; the tests must detect it. `make mutants` runs all
mutants and writes this page. [Contributing](contributing.md#mutants) describes how to run one and how to add one."""
COLOURS = {"killed": "green", "equivalent": "cyan", "survived": "red", "stale": "red", "error": "red"}


def score(results: Sequence[Result]) -> str:
    """``killed of so many``, equivalent ones left out."""
    judged = [result for result in results if result.outcome != "equivalent"]
    return f"{sum(result.outcome == 'killed' for result in judged)} of {len(judged)} killed"


def show(results: Sequence[Result], console: Console) -> None:
    """The table, and in full what did not come out as it must."""
    table = Table("stage", "mutant", "outcome", "s", "first test that failed")
    for result in results:
        colour = COLOURS[result.outcome]
        table.add_row(STAGES[result.stage], result.name, f"[{colour}]{result.outcome}[/]", f"{result.seconds:.1f}", result.by)
    console.print(table)
    for result in results:
        if result.detail:
            console.print(f"\n{result.name}: {result.outcome}\n{result.detail}", markup=False)
    equivalent = sum(result.outcome == "equivalent" for result in results)
    console.print(f"{score(results)}, {equivalent} equivalent")


def as_json(results: Sequence[Result]) -> bytes:
    """One object: the score and every result."""
    content: dict[str, Any] = {"score": score(results), "results": results}
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def page(score: str) -> str:
    """The page: the score of the newest run, the mutants by stage, and those that no test can detect."""
    lines = [HEAD, "", f"Newest run: {score}.", "", "| stage | mutants |", "| --- | --- |"]
    for stage, title in STAGES.items():
        names = ", ".join(f"`{mutant.name}`" for mutant in TO_KILL if mutant.stage == stage)
        lines.append(f"| {title} | {names} |")
    lines += ["", "These mutants are equivalent to the source, so no test can detect them:", ""]
    lines += [f"- `{mutant.name}`: {mutant.equivalent}" for mutant in MUTANTS if mutant.equivalent]
    return "\n".join([*lines, ""])


def write_page(results: Sequence[Result]) -> None:
    """Write the page with the score of ``results``."""
    PAGE.write_text(page(score(results)))
