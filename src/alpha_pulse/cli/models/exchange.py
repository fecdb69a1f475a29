"""The commands that bring versions into the registry and out of it: add, export and import."""

from __future__ import annotations

from pathlib import Path

import msgspec

from alpha_pulse.cli.models.changing import actor_name
from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
from alpha_pulse.cli.terminal.streams import result_file
from alpha_pulse.core.causes import reason_of
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.gateway.model_messages import version_out
from alpha_pulse.library.places import find_run, run_id_of
from alpha_pulse.library.registries import open_registry
from alpha_pulse.runtime.models.versions import stored_version
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.version_files import SHOWN
from alpha_pulse.stores.reading import StoreReader


def add_from_run(folder: Path | None, run: str, session: str, *, batch: bool, actor: str | None, json: bool) -> None:
    """Register the model of a session from the newest checkpoint of a stored run.

    Raises
    ------
    AlphaPulseError
        There is no such run, session or model, the store is damaged, or the registry cannot be written.
    """
    registry, path = open_registry(folder), find_run(run)
    with StoreReader(path) as reader:
        run_id = run_id_of(reader)
        artefact, lineage = stored_version(reader, session, batch=batch)
    before = registry.standing().states
    version = registry.add(artefact, lineage, actor=actor_name(actor), reason=f"added from run {run_id}")
    done = "was registered before" if version in before else "is registered as a candidate"
    _print(
        registry,
        version,
        f"{lineage.kind} model {lineage.model} of {session}, {lineage.examples:,} examples: {done}",
        json=json,
    )


def export(folder: Path | None, name: str, to: Path, *, json: bool) -> None:
    """Write a version to a file.

    Raises
    ------
    AlphaPulseError
        There is no such version, it is damaged, or the file cannot be written.
    """
    registry = open_registry(folder)
    check_folders_exist({"--to": to}, None)
    check_separate_files({"--to": to}, {}, None)
    version = registry.find(name)
    content = registry.export(version)
    with result_file(to) as file:
        assert file is not None
        file.write(content)
    if json:
        print(msgspec.json.encode({"version": version, "to": str(to), "bytes": len(content)}).decode())
    else:
        print(f"version {version[:SHOWN]} written to {to}, {len(content) / 1e3:,.0f} kB")


def import_file(folder: Path | None, file: Path, actor: str | None, *, json: bool) -> None:
    """Register a version from a file.

    Raises
    ------
    AlphaPulseError
        The file cannot be read or is damaged, or the registry cannot be written.
    """
    registry = open_registry(folder)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {reason_of(error)}; give a file of alpha-pulse models export") from None
    before = registry.standing().states
    version = registry.import_version(content, str(file), actor=actor_name(actor))
    done = "was registered before" if version in before else "is registered as a candidate"
    info = registry.show(version).info
    _print(registry, version, f"version {version[:SHOWN]} of {info.symbol}/{info.target} {done}", json=json)


def _print(registry: Registry, version: str, done: str, *, json: bool) -> None:
    if json:
        print(msgspec.json.encode(version_out(registry.show(version).info)).decode())
    else:
        print(f"{done}; alpha-pulse models show {version[:SHOWN]} shows it")
