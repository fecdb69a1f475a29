"""Writes the results of `alpha-pulse simulate-detectors --json FILE` into docs/concepts/detectors.md and docs/serving.md.

`python -m benchmarks.detector_page FILE ...`
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from alpha_pulse.cli.render.simulation import Section, sections
from alpha_pulse.simulation.tables import Simulated, tables
from benchmarks.report import fill

DOCS = Path(__file__).resolve().parent.parent / "docs"
DETECTORS, SERVING = DOCS / "concepts" / "detectors.md", DOCS / "serving.md"
OF_SERVING = ("promotion_nulls", "promotion_power", "ensemble_regret")
"""The tables of `SERVING`; the others are those of `DETECTORS`."""


def markdown(section: Section) -> str:
    """The table in Markdown; headings are bold rows."""
    lines = [[section.first, *section.titles], ["---", *("---:" for _ in section.titles)]]
    lines += [
        [name.strip(), *cells] if cells else [f"**{name}**", *("" for _ in section.titles)] for name, cells in section.rows
    ]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n\n".join([f"**{section.title}**", body, *section.notes])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write each table of the file at its place."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detector_page",
        description="Write tables into docs/concepts/detectors.md and docs/serving.md.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="from alpha-pulse simulate-detectors --json FILE")
    for file in parser.parse_args(arguments).files:
        simulated = msgspec.json.decode(file.read_bytes(), type=Simulated)
        for name in tables():
            if getattr(simulated, name) is not None:
                path = SERVING if name in OF_SERVING else DETECTORS
                content = "\n\n".join(markdown(section) for section in sections(simulated, name))
                path.write_text(fill(path.read_text(encoding="utf-8"), name, content), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
