"""The commands that change who serves: promote, retire, rollback, freeze and unfreeze."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import msgspec

from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.gateway.model_messages import served_out
from alpha_pulse.library.registries import open_registry
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.entries import ModelState
from alpha_pulse.serving.registry.version_files import SHOWN

HIGHER: tuple[ModelState, ...] = ("shadow", "canary", "champion")
"""The states that a version is promoted to."""


def promote(folder: Path | None, version: str, to: str, actor: str | None, reason: str, *, json: bool) -> None:
    """Let a version enter a higher state, and print who serves then.

    Raises
    ------
    ConfigError, NotFoundError
        There is no such state or version.
    ConflictError
        The version cannot enter it, or the champion is frozen.
    """
    state = next((each for each in HIGHER if each == to), None)
    if state is None:
        raise ConfigError(f"--to {to!r} is no state to promote to{did_you_mean(to, HIGHER)}")
    _move(open_registry(folder), version, state, actor, reason, json=json)


def retire(folder: Path | None, version: str, actor: str | None, reason: str, *, json: bool) -> None:
    """Let a version serve no longer, and print who serves then. Raises as `promote`."""
    _move(open_registry(folder), version, "retired", actor, reason, json=json)


def _move(registry: Registry, name: str, state: ModelState, actor: str | None, reason: str, *, json: bool) -> None:
    version = registry.find(name)
    session = "/".join(registry.move(version, state, actor=actor_name(actor), reason=reason))
    _print(registry, session, f"version {version[:SHOWN]} is {state} now", json=json)


def rollback(folder: Path | None, session: str, actor: str | None, reason: str, *, json: bool) -> None:
    """Make the earlier champion the champion again, and print who serves then. Raises ConflictError if there is none."""
    registry = open_registry(folder)
    version = registry.rollback(session, actor=actor_name(actor), reason=reason)
    _print(registry, session, f"version {version[:SHOWN]} is champion again", json=json)


def freeze(folder: Path | None, session: str, actor: str | None, reason: str, *, json: bool) -> None:
    """Forbid changes of the champion, and print who serves. Raises ConflictError if it is frozen already."""
    registry = open_registry(folder)
    registry.freeze(session, actor=actor_name(actor), reason=reason)
    _print(registry, session, f"the champion of {session} is frozen", json=json)


def unfreeze(folder: Path | None, session: str, actor: str | None, reason: str, *, json: bool) -> None:
    """Allow changes of the champion again, and print who serves. Raises ConflictError unless it is frozen."""
    registry = open_registry(folder)
    registry.unfreeze(session, actor=actor_name(actor), reason=reason)
    _print(registry, session, f"the champion of {session} can be changed again", json=json)


def actor_name(given: str | None) -> str:
    """Who makes a change: the name given, or that of the user."""
    if given is not None:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in containers
        return f"user {os.getuid()}"


def _print(registry: Registry, session: str, done: str, *, json: bool) -> None:
    symbol, target = registry.key(session)
    (served,) = registry.versions(symbol, target)[1]
    if json:
        print(msgspec.json.encode(served_out(served)).decode())
        return
    aliases = {"champion": served.champion, "challenger": served.challenger}
    shown = ", ".join(f"{alias} {'none' if held is None else held[:SHOWN]}" for alias, held in aliases.items())
    print(f"{done}; {session}: {shown}")
