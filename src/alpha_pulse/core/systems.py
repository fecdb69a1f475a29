"""The operating systems on which this program runs: those with the locks, file calls and signals of POSIX."""

from __future__ import annotations

import platform
import sys

from alpha_pulse.core.errors import UnsupportedSystemError

SYSTEM = sys.platform
TESTED = "linux"
INSTALL_OPENMP = "install the OpenMP library ('apt install libgomp1' on Debian and Ubuntu, 'brew install libomp' on macOS)"
"""The package lightgbm needs this library and does not contain it."""
_NAMES = {"darwin": "macOS", "linux": "Linux"}


def check_system() -> None:
    """Raise UnsupportedSystemError on Windows.

    What is missing there: ``fcntl.flock`` locks a store, ``os.pread`` and ``os.pwrite`` access its head file, ``resource``
    tells the limits of the process, and ``loop.add_signal_handler`` stops a run.

    >>> check_system()
    """
    if SYSTEM == "win32":
        raise UnsupportedSystemError(
            "AlphaPulse does not run on Windows itself, which lacks the file locks and signals of POSIX that stores and runs "
            "need; install it in the Windows Subsystem for Linux (WSL 2), or use Linux or macOS"
        )


def describe_system() -> str:
    """The operating system and the processor, and whether the tests of this program are run on that system.

    >>> describe_system().endswith(platform.machine()) or "not tested" in describe_system()
    True
    """
    described = f"{_NAMES.get(SYSTEM, SYSTEM)} on {platform.machine()}"
    return described if SYSTEM == TESTED else f"{described}; this program is not tested on it"


def lacks_openmp(error: str) -> bool:
    """Whether the error of an import says that there is no OpenMP library.

    >>> lacks_openmp("libgomp.so.1: cannot open shared object file: No such file or directory")
    True
    """
    return "libgomp" in error or "libomp" in error
