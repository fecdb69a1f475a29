"""The command: `python -m golden [RUN ...] [--write]`: compare runs with the tables kept, or keep new ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .runs import RUNS
from .tables import FOLDER, difference, read, tables_of, write


def main(arguments: Sequence[str] | None = None) -> int:
    """1 where a run differs from the one kept and nothing new is to be kept."""
    asked = _parser().parse_args(arguments)
    code = 0
    for name in asked.runs or RUNS:
        found = tables_of(RUNS[name].finish())
        known = (FOLDER / name / "run.json").exists()
        differs = difference(read(name), found) if known else "no tables are kept yet"
        print(f"{name}: {differs or 'equal'}; {found.head.bars} bars, {found.head.events}", flush=True)
        if differs and asked.write:
            write(name, found)
        elif differs:
            code = 1
    size = sum(path.stat().st_size for path in FOLDER.glob("*/*"))
    print(f"{size:,} bytes are kept")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m golden", description="Compares runs with their golden tables.")
    parser.add_argument("runs", nargs="*", choices=[[], *RUNS], metavar="RUN", help=f"of {', '.join(RUNS)}")
    parser.add_argument("--write", action="store_true", help="keep the tables of runs that differ")
    return parser


if __name__ == "__main__":
    sys.exit(main())
