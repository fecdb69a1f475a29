"""The command: `python -m benchmarks [names...] [--quick] [--data FILE] [--peer FILE] [--json FILE] [--write-docs]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import BENCHMARKS
from benchmarks.measure import Options, pin

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the requested benchmarks; a missed target is shown and is not an error."""
    options = _parser().parse_args(arguments)
    if options.quick and options.write_docs:
        print(
            "the figures of --quick are not measurements, so they are not written to the docs; omit --quick or --write-docs",
            file=sys.stderr,
        )
        return 2
    core = pin()  # before libraries start threads
    from alpha_pulse.core.errors import DataError
    from benchmarks.session import Session

    session = Session(core, sys.stderr if str(options.json) == "-" else sys.stdout)
    try:
        for name in options.names or BENCHMARKS:
            session.add(name, Options(quick=options.quick, data=options.data, peer=options.peer))
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json is not None:
        session.write_json(options.json)
    if options.write_docs:
        session.write_page(PAGE)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure on one core, and print tables.")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="name", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, only to check that it works; the figures are not measurements"
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help=".arff for logistic; bars of one symbol for loop")
    parser.add_argument(
        "--peer", type=Path, metavar="FILE", help="a script that replays a Parquet file, to compare with engine"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures to this file ('-': standard output)")
    parser.add_argument("--write-docs", action="store_true", help="write the tables into docs/performance.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
