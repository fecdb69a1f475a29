"""What a program for POSIX says on Windows: simulated by the name of the system, without the modules that are missing there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alpha_pulse.core import systems

ON_WINDOWS = """
import sys
sys.modules.update(dict.fromkeys(("fcntl", "resource", "pwd", "uvloop"), None))
from alpha_pulse.core import systems
systems.SYSTEM = "win32"
"""
SENTENCE = "AlphaPulse does not run on Windows itself, "


def on_windows(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ON_WINDOWS + program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def commanded(*words: str) -> subprocess.CompletedProcess[str]:
    return on_windows("from alpha_pulse.cli.main import main; main()", *words)


@pytest.mark.parametrize("words", [("replay",), ("journal", "verify", "run.db")])
def test_on_windows_a_command_is_refused_in_one_sentence(words: tuple[str, ...]) -> None:
    done = commanded(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"alpha-pulse: {SENTENCE}")
    assert "WSL 2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_on_windows_the_doctor_says_so_and_ends() -> None:
    done = commanded("doctor")
    assert done.returncode == 1
    [line] = done.stdout.splitlines()
    assert line.startswith("NOT OK  system")
    assert "WSL 2" in line


def test_on_windows_help_and_version_are_shown() -> None:
    assert "replay" in commanded("--help").stdout
    assert commanded("--version").stdout.startswith("alpha-pulse ")


def test_on_windows_a_python_program_gets_the_sentence() -> None:
    done = on_windows("import alpha_pulse; import alpha_pulse.engine.system")
    assert done.stderr.splitlines()[-1].startswith(f"alpha_pulse.core.errors.UnsupportedSystemError: {SENTENCE}")


def test_another_system_is_described_as_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "SYSTEM", "darwin")
    systems.check_system()
    assert systems.describe_system().startswith("macOS on ")
    assert systems.describe_system().endswith("; this program is not tested on it")
