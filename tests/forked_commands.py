"""Runs commands, each in a fresh copy of a process that has imported the program: what only refuses need not import it again.

`python -m forked_commands FOLDER` reads a JSON list of lists of arguments from standard input, and leaves ``N.out`` and
``N.err`` of the N-th in FOLDER. It prints the exit codes as a JSON list.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import alpha_pulse.cli_evaluate
import alpha_pulse.cli_replay
import alpha_pulse.cli_simulate  # noqa: F401  (imported for the copies)
from alpha_pulse.cli import main


def _become(arguments: list[str], out: Path, err: Path) -> None:
    """Run the command with its streams in files. Never returns."""
    code = 1
    try:
        for descriptor, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        sys.argv = ["alpha-pulse", *arguments]
        main()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _codes(folder: Path) -> list[int]:
    codes = []
    for at, arguments in enumerate(json.load(sys.stdin)):
        child = os.fork()
        if child == 0:
            _become(arguments, folder / f"{at}.out", folder / f"{at}.err")
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return codes


if __name__ == "__main__":
    print(json.dumps(_codes(Path(sys.argv[1]))))
