"""Read the configuration: flag > environment > file > default; unknown keys and values out of range are refused.

Environment: ``ALPHA_PULSE__SECTION__KEY=value``. File: TOML, one table per section.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.config_errors import ENV_PREFIX, SECRETS, explain, source_of
from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.core.renamed import new_name


def load_config(
    path: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Config:
    """Read the configuration.

    Parameters
    ----------
    path
        A TOML file, or None.
    environ
        The environment (default: the process's); keys ``ALPHA_PULSE__SECTION__KEY``.
    overrides
        From flags: ``{"section.key": value}``.

    Raises
    ------
    ConfigError
        For a file that cannot be read, an unknown key or an invalid value; names the place and the expected values.

    >>> load_config(environ={"ALPHA_PULSE__VENUE__FEE_BPS": "2.5"}).venue.fee_bps
    2.5
    """
    content = _read_toml(path) if path is not None else {}
    sources = {} if path is None else dict.fromkeys(_keys(content), str(path))
    for name, raw in sorted((os.environ if environ is None else environ).items()):
        if name.startswith(ENV_PREFIX) and name not in SECRETS:
            keys = name[len(ENV_PREFIX) :].lower().split("__")
            _put(content, keys, _parse(raw), name)
            sources[".".join(keys)] = name
    for name, value in (overrides or {}).items():
        _put(content, name.split("."), value, name)
        sources[name] = name
    _refuse_unknown(content, Config, sources, "")
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        sentence = explain(error, content, Config, sources)
        raise ConfigError(f"{sentence}; see 'alpha-pulse config show' for every key and its default") from None


def _keys(content: Mapping[str, Any]) -> list[str]:
    """All keys of a file, as ``section.key``."""
    keys: list[str] = []
    for name, value in content.items():
        keys += [name, *(f"{name}.{key}" for key in value)] if isinstance(value, Mapping) else [name]
    return keys


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration file {path} cannot be read ({error.strerror}); name an existing TOML file") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number too long for Python
        raise ConfigError(f"configuration file {path} is not valid TOML: {error}") from None


def _parse(raw: str) -> Any:
    """The value of an environment variable: parsed as TOML if possible (numbers, booleans, lists), else the text."""
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except ValueError:
        return raw


def _put(content: dict[str, Any], keys: list[str], value: Any, name: str) -> None:
    section = content
    for key in keys[:-1]:
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise ConfigError(f"{name} names a key below {key!r}, which is a value; write SECTION and KEY, joined by '__'")
    section[keys[-1]] = value


def _refuse_unknown(content: Mapping[str, Any], kind: type[msgspec.Struct], sources: Mapping[str, str], section: str) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in content.items():
        if key not in fields:
            where = source_of(f"{section}.{key}" if section else key, sources) or "the configuration"
            place = f"in section [{section}]" if section else "at the top level"
            advice = new_name(section, key, content) or did_you_mean(key, fields)
            raise ConfigError(f"{where}: unknown key {key!r} {place}{advice}")
        inner, below = fields[key].type, f"{section}.{key}" if section else key
        if isinstance(value, Mapping) and _is_section(inner):
            _refuse_unknown(value, inner, sources, below)
        elif isinstance(value, Mapping) and get_origin(inner) is dict and _is_section(get_args(inner)[1]):
            for name, each in value.items():
                if isinstance(each, Mapping):
                    _refuse_unknown(each, get_args(inner)[1], sources, f"{below}.{name}")


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
