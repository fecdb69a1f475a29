"""Find figures of the docs that are older than the code: `python -m benchmarks.check` (exit code 1), or `make bench-check`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results_store import load
from benchmarks.source import ROOT, Source, behind, current, stated

SECTION = re.compile(r"<!-- benchmark: (\w+) -->(.*?)<!-- end: \1 -->", re.DOTALL)


def figures(root: Path) -> Iterator[tuple[str, Source | None]]:
    """Each measurement of the docs, by name, with its stated source."""
    for name, part in sorted(load(root / "docs" / "results.json").items()):
        yield f"docs/results.md, {name}", part.source
    for name, content in SECTION.findall((root / "docs" / "performance.md").read_text(encoding="utf-8")):
        yield f"docs/performance.md, {name}", stated(content)


def main(root: Path = ROOT) -> int:
    """Print for each whether it is older than the code."""
    if current(root).commit is None:
        print("there is no git history here: figures are compared with the code only by the content of its files")
    reasons: dict[str | None, list[str]] = {}
    known: dict[Source | None, str | None] = {}
    for name, source in figures(root):
        if source not in known:
            known[source] = behind(source, root)
        reasons.setdefault(known[source], []).append(name)
    for reason, names in reasons.items():
        print("up to date:" if reason is None else f"older than the code, {reason}:")
        for name in names:
            print(f"  {name}")
    return int(any(reason is not None for reason in reasons))


if __name__ == "__main__":
    sys.exit(main())
