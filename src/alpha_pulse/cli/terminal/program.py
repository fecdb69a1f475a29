"""The name under which a shell finds this program."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

NAME = "alpha-pulse"


def program() -> str:
    """The first word of a command line that starts this program again.

    It is ``alpha-pulse``, unless the program was started by a path, as ``make run`` does, and a shell would not find the same
    program by its name: then the path.
    """
    path = Path(sys.argv[0])
    found = shutil.which(NAME)
    if path.name != NAME or not path.is_file() or (found is not None and path.samefile(found)):
        return NAME
    return sys.argv[0]
