"""Versions in the registry of MLflow: what is pushed is pulled again bit for bit, and the aliases are those of here."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import cli_runs
from alpha_pulse.serving.registry import Registry
from registry_samples import SESSION, add, artefact, filled

PATIENCE_S = 90.0
NAME = "SYN.direction"


class MlflowTracking:
    """A tracking server on this machine, with its files in a folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        self.files = folder / "files"
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(self.files),
        ]  # fmt: skip
        environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        self._process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            try:
                if httpx.get(f"{self.uri}/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError("the tracking server did not start")

    def aliases(self) -> dict[str, str]:
        """The aliases of the model, as the server tells them."""
        found = httpx.get(f"{self.uri}/api/2.0/mlflow/registered-models/get", params={"name": NAME}).json()
        return {each["alias"]: each["version"] for each in found["registered_model"].get("aliases", [])}

    def stop(self) -> None:
        os.killpg(self._process.pid, 15)
        self._process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowTracking]:
    tracking = MlflowTracking(tmp_path_factory.mktemp("mlflow"))
    try:
        yield tracking
    finally:
        tracking.stop()


def models(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``alpha-pulse models`` in a process of its own, with the registry in ``place``."""
    command = cli_runs.command("models", *arguments, "--registry", str(place))
    environ = {**cli_runs.environment(place), "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=120, check=False)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="needs mlflow: pip install --group clients")
def test_versions_go_to_a_tracking_server_and_back(server: MlflowTracking, tmp_path: Path) -> None:
    registry, (first, second, third) = filled(tmp_path / "here")
    there = Registry(tmp_path / "there")

    def push(name: str) -> dict[str, object]:
        done = models(registry.folder, "push", name, "--to", server.uri, "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told

    assert push(f"{SESSION}@champion") == {
        "version": second, "name": NAME, "number": "1", "aliases": ["champion"], "uri": server.uri,
    }  # fmt: skip
    assert push(first[:8])["aliases"] == ["challenger"]
    assert push(third)["aliases"] == []
    assert push(second)["number"] == "1"
    assert server.aliases() == {"champion": "1", "challenger": "2"}

    pulled = models(there.folder, "pull", f"{SESSION}@champion", "--from", server.uri)
    assert pulled.stdout == f"version {second[:12]} of {SESSION} is registered, in state candidate\n", pulled.stderr
    assert there.load(second).to_bytes() == artefact(2).to_bytes()
    assert there.lineage(second) == registry.lineage(second)
    assert there.show(second).moves[0].reason == f"pulled from {server.uri}"
    newest = models(there.folder, "pull", f"{SESSION}@newest", "--from", server.uri, "--json")
    assert json.loads(newest.stdout)["version"] == third
    assert json.loads(models(there.folder, "pull", first, "--from", server.uri, "--json").stdout)["version"] == first

    registry.rollback(SESSION, actor="me", reason="worse")
    assert push(second)["aliases"] == []
    assert push(first)["aliases"] == ["champion"]
    assert server.aliases() == {"champion": "2"}

    for name, words in (
        (f"{SESSION}@challenger", f"{SESSION} has no challenger on {server.uri}; it has champion"),
        ("SYN/nothing@champion", "has no versions of 'SYN/nothing'; push one with alpha-pulse models push"),
        ("0" * 64, "give a whole id, or SYMBOL/target@champion"),
    ):
        refused = models(there.folder, "pull", name, "--from", server.uri)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert words in refused.stderr
    for file in server.files.rglob("version.apm"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    empty = Registry(tmp_path / "empty")
    damaged = models(empty.folder, "pull", f"{SESSION}@champion", "--from", server.uri)
    assert damaged.returncode == 2
    assert f"version.apm of version 2 of {NAME} cannot be imported: a packed state is damaged" in damaged.stderr
    assert empty.versions() == ([], [])


@pytest.mark.soak
@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="needs mlflow: pip install --group clients")
def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    done = models(tmp_path, "push", f"{SESSION}@champion", "--to", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    sentence = "MLflow at http://127.0.0.1:9 cannot be used: connection refused; check the address and the server"
    assert done.stderr == f"alpha-pulse: {sentence}\n"


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="MLflow is installed")
def test_without_mlflow_the_commands_say_how_to_install_it(tmp_path: Path) -> None:
    add(Registry(tmp_path / "models"), 1)
    for command in (("push", f"{SESSION}@newest", "--to"), ("pull", f"{SESSION}@newest", "--from")):
        done = cli_runs.run(tmp_path, "models", *command, "http://127.0.0.1:9", "--registry", "models")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "alpha-pulse: MLflow is not installed; install it with: pip install 'alpha-pulse[mlflow]'\n"
