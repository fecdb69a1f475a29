"""Writes the effective configuration as a valid TOML file, with the source of each value as a comment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.config_errors import ENV_PREFIX, SECRETS

Value = Any
"""A value of a setting: text, a flag, a number, a tuple, a mapping or a struct of such values, or None."""
_NOTE_AT = 44


def origins(path: Path | None = None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The source of each key that is set, by ``section.key``: the name of the file or the variable.

    Parameters
    ----------
    path
        A configuration file that `core.config_loading.load_config` accepts, or None.
    environ
        The environment (default: the process's).

    >>> origins(environ={"ALPHA_PULSE__VENUE__FEE_BPS": "2.5"})
    {'venue.fee_bps': 'ALPHA_PULSE__VENUE__FEE_BPS'}
    """
    sources: dict[str, str] = {}
    if path is not None:
        for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            keys = [f"{name}.{key}" for key in value] if isinstance(value, dict) else [name]
            sources.update(dict.fromkeys(keys, str(path)))
    for name in sorted(os.environ if environ is None else environ):
        if name.startswith(ENV_PREFIX) and name not in SECRETS:
            sources[name[len(ENV_PREFIX) :].lower().replace("__", ".")] = name
    return sources


def to_toml(config: Config, origin: Mapping[str, str]) -> str:
    """The whole configuration as TOML; a key without a value is written as a comment.

    >>> print(to_toml(Config(), {"seed": "my.toml"}).splitlines()[0])
    seed = 1                                    # my.toml
    """
    lines: list[str] = []
    sections: list[str] = []
    for field in msgspec.structs.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, msgspec.Struct):
            sections += ["", f"[{field.name}]"]
            for key in msgspec.structs.fields(value):
                sections.append(_line(key.name, getattr(value, key.name), origin.get(f"{field.name}.{key.name}")))
        else:
            lines.append(_line(field.name, value, origin.get(field.name)))
    return "\n".join([*lines, *sections, ""])


def _line(key: str, value: Value, origin: str | None) -> str:
    if value is None:
        return f"{'# ' + key + ' is not set':<{_NOTE_AT}}# {origin or 'default'}"
    return f"{key + ' = ' + literal(value):<{_NOTE_AT - 1}} # {origin or 'default'}"


def literal(value: Value) -> str:
    """A TOML literal. JSON strings are valid TOML basic strings.

    >>> print(literal({"X": 0.5}))
    { "X" = 0.5 }
    """
    if isinstance(value, msgspec.Struct):
        return literal(msgspec.structs.asdict(value))
    if isinstance(value, tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, Mapping):
        items = ", ".join(f"{literal(name)} = {literal(item)}" for name, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return "true" if value is True else "false" if value is False else repr(value)
