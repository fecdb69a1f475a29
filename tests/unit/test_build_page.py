"""Builds of the dashboard in one checkout take turns."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAM = "import build_page\nwith build_page.one_at_a_time():\n    print('building', flush=True)\n"


def test_a_second_build_waits_for_the_first_one() -> None:
    with (SCRIPTS / "build_page.py").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        second = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=SCRIPTS, stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert second.stdout.readline() == "waiting for another process that builds the dashboard in this checkout\n"
        assert second.poll() is None
        fcntl.flock(file, fcntl.LOCK_UN)
        assert second.communicate(timeout=60)[0] == "building\n"
    assert second.returncode == 0
