"""The command: `python -m reference [--write-docs]`: compare the tables of docs/reference with the code, or write them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .pages import is_current, tables, write


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 if a page differs from the code and is not written."""
    options = _parser().parse_args(arguments)
    stale = [page for page in tables() if not is_current(page)]
    for page in stale:
        if options.write_docs:
            write(page)
        print(f"docs/reference/{page}: {'written' if options.write_docs else 'differs from the code; use --write-docs'}")
    return 1 if stale and not options.write_docs else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference", description="Compare the tables of docs/reference with the code."
    )
    parser.add_argument("--write-docs", action="store_true", help="write the tables that differ")
    return parser


if __name__ == "__main__":
    sys.exit(main())
