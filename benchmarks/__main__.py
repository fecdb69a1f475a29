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
    """Run the benchmarks that were asked for; a missed target is shown, not an error."""
    asked = _parser().parse_args(arguments)
    if asked.quick and asked.write_docs:
        print("--quick figures mean nothing and are not written to the docs; leave one of the two out", file=sys.stderr)
        return 2
    core = pin()  # before the libraries start threads
    from alpha_pulse.core.errors import DataError
    from benchmarks.session import Session

    session = Session(core, sys.stderr if str(asked.json) == "-" else sys.stdout)
    try:
        for name in asked.names or BENCHMARKS:
            session.add(name, Options(quick=asked.quick, data=asked.data, peer=asked.peer))
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    if asked.json is not None:
        session.write_json(asked.json)
    if asked.write_docs:
        session.write_page(PAGE)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures on one core; prints tables.")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="name", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works; the figures mean nothing")
    parser.add_argument("--data", type=Path, metavar="FILE", help=".arff for logistic; bars of one symbol for loop")
    parser.add_argument("--peer", type=Path, metavar="FILE", help="a script that replays a Parquet file, beside engine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the raw figures there ('-': standard output)")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
