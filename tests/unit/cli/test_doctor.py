"""The doctor: sound where a run would start, and each fault named with the way to mend it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import msgspec
import pytest

from alpha_pulse.cli.doctor import MODULES, Finding, examine
from cli_runs import forked


def doctor(*flags: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        forked("doctor", *flags), capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **(environ or {})}
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def by_name(config: Path | None = None, port: int | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(config, port or free_port())}


def test_every_package_that_a_run_needs_is_looked_at() -> None:
    from importlib.metadata import requires

    needed = {line.split(">")[0] for line in requires("alpha-pulse") or () if "extra ==" not in line and ";" not in line}
    assert set(MODULES) >= needed - {"httptools", "rich", "typer"}, "what a command itself is made of need not be looked at"


def test_a_sound_installation_is_called_sound() -> None:
    found = by_name()
    assert {name for name, finding in found.items() if not finding.ok} <= {"page"}, "the page may not be built in a checkout"
    assert "6,225 bars" in found["bundled data"].detail
    assert all(not finding.fix for finding in found.values() if finding.ok)


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        finding = by_name(port=port)["port"]
    assert not finding.ok
    assert str(port) in finding.detail
    assert "--port" in finding.fix


def test_a_broken_setting_is_told_once(tmp_path: Path) -> None:
    config = tmp_path / "bad.toml"
    config.write_text("[execution]\ninitial_cahs = 3\n")
    found = by_name(config)
    assert not found["settings"].ok
    assert "initial_cash" in found["settings"].fix
    assert found["kernels"].ok


def test_a_run_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "file"
    place.write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    finding = by_name()["run folder"]
    assert not finding.ok
    assert "XDG_DATA_HOME" in finding.fix


def test_the_command_prints_a_line_each_and_speaks_json() -> None:
    port = free_port()
    told = doctor("--port", str(port))
    said = msgspec.json.decode(doctor("--port", str(port), "--json").stdout)
    assert told.returncode == (0 if said["ok"] else 1)
    lines = told.stdout.splitlines()
    assert len(lines) == len(said["findings"])
    assert all(line.startswith(("ok ", "NOT OK ")) for line in lines)
