"""The commands that exchange versions with an MLflow tracking server: push and pull."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec

from alpha_pulse.cli.models.changing import actor_name
from alpha_pulse.gateway.model_messages import version_out
from alpha_pulse.integrations.mlflow_registry import ENVIRONMENT, MlflowServer
from alpha_pulse.library.registries import open_registry
from alpha_pulse.serving.registry.version_files import SHOWN


def push(folder: Path | None, version: str, uri: str, *, json: bool) -> None:
    """Upload a version to a server, and print its name there.

    Raises
    ------
    AlphaPulseError
        There is no such version, MLflow is not installed, or the server cannot be used.
    """
    pushed = _server(uri).push(open_registry(folder), version)
    if json:
        print(msgspec.json.encode(pushed).decode())
        return
    aliases = f", alias {', '.join(pushed.aliases)}" if pushed.aliases else ""
    print(f"version {pushed.version[:SHOWN]} is version {pushed.number} of {pushed.name} at {uri}{aliases}")


def pull(folder: Path | None, version: str, uri: str, actor: str | None, *, json: bool) -> None:
    """Register a version from a server, and print it.

    Raises
    ------
    AlphaPulseError
        The server has no such version, MLflow is not installed, or the server cannot be used.
    """
    registry = open_registry(folder)
    pulled = _server(uri).pull(registry, version, actor_name(actor))
    info = registry.show(pulled).info
    if json:
        print(msgspec.json.encode(version_out(info)).decode())
    else:
        print(f"version {pulled[:SHOWN]} of {info.symbol}/{info.target} is registered, in state {info.state}")


def _server(uri: str) -> MlflowServer:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowServer(uri)
