"""The commands that read the registry: list, show and diff."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console

from alpha_pulse.cli.render.models import show_details, show_difference, show_list
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.gateway.model_messages import ModelList, details_out, served_out, version_out
from alpha_pulse.library.registries import open_registry
from alpha_pulse.serving.registry.registry import STATES


def list_versions(folder: Path | None, symbol: str | None, target: str | None, state: str | None, *, json: bool) -> None:
    """Print the versions, all or those that are selected.

    Raises
    ------
    ConfigError
        There is no such state.
    StateError, StoreError
        The registry is damaged or cannot be read.
    """
    if state is not None and state not in STATES:
        raise ConfigError(f"--state {state!r} is unknown{did_you_mean(state, STATES)}")
    registry = open_registry(folder)
    infos, served = registry.versions(symbol, target, state)
    found = ModelList([version_out(info) for info in infos], [served_out(each) for each in served])
    if json:
        print(_pretty(found))
        return
    if not infos:
        which = "no such versions" if symbol or target or state else "no versions"
        print(f"{which} in {registry.folder}; stored runs register their batch models, and alpha-pulse models add any model")
        return
    show_list(found, _console())
    print(f"registry: {registry.folder}")


def show_version(folder: Path | None, version: str, *, json: bool) -> None:
    """Print one version. Raises NotFoundError, ConfigError, StateError or StoreError."""
    details = details_out(open_registry(folder).show(version))
    if json:
        print(_pretty(details))
    else:
        show_details(details, _console())


def compare(folder: Path | None, first: str, second: str, *, json: bool) -> None:
    """Print what differs between two versions. Raises NotFoundError, ConfigError, StateError or StoreError."""
    difference = open_registry(folder).diff(first, second)
    if json:
        print(_pretty(difference))
    else:
        show_difference(difference, _console())


def _pretty(content: msgspec.Struct) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
