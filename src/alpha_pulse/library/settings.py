"""Load the configuration of a command or of a call, and check the names in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import Config
from alpha_pulse.core.config_errors import place_of
from alpha_pulse.core.config_loading import load_config
from alpha_pulse.core.config_toml import origins
from alpha_pulse.core.errors import AlphaPulseError, ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.core.plugins import load, names
from alpha_pulse.core.user_code.names import path_of
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.detectors.calibrated import tuned
from alpha_pulse.engine.own_sources import NAMING, pinned
from alpha_pulse.features.own import Feature
from alpha_pulse.features.own_columns import load_own
from alpha_pulse.feedback.own_labels import load_targets
from alpha_pulse.feedback.own_target import OwnTarget
from alpha_pulse.models import ONLINE

Settings = Config | Mapping[str, Any] | str | Path | None
"""A configuration as users state it: a `Config`, a dict of sections, the path of a TOML file, or None for the defaults."""


def load_settings(path: Path | None) -> Config:
    """Read the configuration from its file and the environment.

    Raises
    ------
    ConfigError
        A key or a value is invalid.
    UnknownNameError
        Neither this program nor a plug-in has such an agent, detector or model, or there is no such own feature or target.
    """
    return _checked(load_config(path), origins(path))


def settings_of(config: Settings, changes: Mapping[str, Any]) -> Config:
    """The configuration of a call: ``changes`` > ``config`` as a dict or the environment > ``config`` as a file > default.

    Parameters
    ----------
    config
        A `Config` is taken as it is, without the environment.
    changes
        Settings by section, such as ``{"venue": {"fee_bps": 2.0}}``; ``seed`` has no section.

    Raises
    ------
    ConfigError
        A key or a value is invalid.
    UnknownNameError
        Neither this program nor a plug-in has such an agent, detector or model, or there is no such own feature or target.

    >>> settings_of({"venue": {"fee_bps": 3}}, {"seed": 7}).venue.fee_bps
    3.0
    >>> settings_of(None, {"fee_bps": 3})
    Traceback (most recent call last):
    alpha_pulse.core.errors.ConfigError: unknown setting 'fee_bps'; it belongs to a section: write venue={'fee_bps': 3}
    """
    if isinstance(config, str | Path):
        path = Path(config)
        overrides = _by_key(changes)
        return _checked(load_config(path, overrides=overrides), {**origins(path), **dict.fromkeys(overrides, "")})
    if isinstance(config, Config):
        overrides = _by_key(msgspec.to_builtins(config)) | _by_key(changes)
        return _checked(load_config(environ={}, overrides=overrides), {})
    if config is not None and not isinstance(config, Mapping):
        raise ConfigError(
            f"config is {type(config).__name__}, but a Config, a dict of sections or the path of a TOML file is expected"
        )
    overrides = _by_key(config or {}) | _by_key(changes)
    return _checked(load_config(overrides=overrides), {**origins(), **dict.fromkeys(overrides, "")})


def _by_key(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by ``section.key``. Raises ConfigError for an unknown section, and for a setting without its section."""
    fields = {field.name: field.type for field in msgspec.structs.fields(Config)}
    found: dict[str, Any] = {}
    for name, value in sections.items():
        kind = fields.get(name)
        if kind is None:
            raise ConfigError(f"unknown setting {name!r}{_section_advice(name, value, fields)}")
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            found[name] = _plain(value)
            continue
        content = msgspec.to_builtins(value) if isinstance(value, kind) else value
        if not isinstance(content, Mapping):
            raise ConfigError(f"{name} is {content!r}, but a dict of the settings of section {name} is expected")
        found |= {f"{name}.{key}": _plain(inner) for key, inner in content.items()}
    return found


def _section_advice(name: str, value: Any, fields: Mapping[str, Any]) -> str:
    owners = [
        section for section, kind in fields.items() if isinstance(kind, type) and name in getattr(kind, "__struct_fields__", ())
    ]
    if owners:
        return f"; it belongs to a section: write {owners[0]}={{{name!r}: {value!r}}}"
    return did_you_mean(name, fields)


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python, and an own feature, target, agent or model as its path."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Feature | OwnTarget | FunctionType | type):
        return path_of(value)
    return value.item() if isinstance(value, np.generic) else value


def _checked(config: Config, sources: Mapping[str, str]) -> Config:
    """The configuration, after a check of the names in it; ``sources`` are the places of keys."""
    _refuse_unknown("learning.model", "models", ONLINE, (config.learning.model,), sources)
    _refuse_unknown("adaptation.detector", "detectors", DETECTORS, (config.adaptation.detector,), sources)
    if config.adaptation.drift_threshold is not None:
        _try_threshold(config.adaptation.detector, config.adaptation.drift_threshold, sources)
    _refuse_unknown("agents.members", "agents", AGENTS, config.agents.members, sources)
    return _with_own_code(config, sources)


def _with_own_code(config: Config, sources: Mapping[str, str]) -> Config:
    """Load own features and targets, and enter the sources of all own code. Raises the error of the loader, with the place of
    the key."""
    for section, key in NAMING.items():
        try:
            config = pinned(config, [section])
            if section == "features":
                load_own(config.features)
            elif section == "targets":
                load_targets(config.targets)
        except AlphaPulseError as error:
            raise type(error)(f"{_place(key, sources)}: {error}") from error
    return config


def _try_to_load(key: str, family: str, table: Mapping[str, str], name: str, sources: Mapping[str, str]) -> None:
    """Load what is named by a path, such as ``river:...`` or ``my_module:MyClass``. Raises the error of the loader, with the
    place of the key."""
    try:
        load(family, table, name)
    except (ConfigError, UnknownNameError) as error:
        raise type(error)(f"{_place(key, sources)}: {error}") from None


def _try_threshold(detector: str, threshold: float, sources: Mapping[str, str]) -> None:
    """Build the detector with the threshold. Raises its error, with the place of the key."""
    try:
        tuned(detector, 1.0, threshold=threshold)
    except ConfigError as error:
        raise ConfigError(f"{_place('adaptation.drift_threshold', sources)}: {error}") from None


def _refuse_unknown(
    key: str, family: str, table: Mapping[str, str], chosen: Collection[str], sources: Mapping[str, str]
) -> None:  # fmt: skip
    known, noun = names(family, table), family.removesuffix("s")
    for name in chosen:
        if ":" in name:
            _try_to_load(key, family, table, name, sources)
        elif name not in known:
            raise UnknownNameError(f"{_place(key, sources)}: unknown {noun} {name!r}{did_you_mean(name, known)}")


def _place(key: str, sources: Mapping[str, str]) -> str:
    return place_of(key, sources.get(key) or None)
