"""What is shown of a run: a table, JSON, and the section of the page for contributors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from .catalogue import MUTANTS, TO_KILL
from .runner import Result
from .table import ROOT, STAGES

PAGE = ROOT / "docs" / "contributing.md"
BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"
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


def section(said: str) -> str:
    """The list by stage, as Markdown, under the score ``said``."""
    lines = [BEGIN, f"Newest run: {said}.", "", "| stage | planted faults |", "| --- | --- |"]
    for stage, title in STAGES.items():
        names = ", ".join(f"`{mutant.name}`" for mutant in TO_KILL if mutant.stage == stage)
        lines.append(f"| {title} | {names} |")
    lines += ["", "Equivalent, so no test can notice them:", ""]
    lines += [f"- `{mutant.name}`: {mutant.equivalent}" for mutant in MUTANTS if mutant.equivalent]
    return "\n".join([*lines, END])


def write_page(results: Sequence[Result], page: Path = PAGE) -> None:
    """Put list and score between the markers of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + section(score(results)) + after)
