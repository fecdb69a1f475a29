"""Enters into a configuration what identifies the source of own code and plug-ins, so that a changed one is noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from alpha_pulse.agents import AGENTS
from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.plugins import user_path
from alpha_pulse.core.user_code.sources import source_sha256
from alpha_pulse.detectors import DETECTORS
from alpha_pulse.models import ONLINE


class _Named(NamedTuple):
    """Where a section names code of others: the key, what a name is, and the family whose table has the program's own names."""

    key: str
    what: str
    family: str | None
    table: Mapping[str, str]

    def paths(self, settings: Any) -> dict[str, str]:
        """By name in the configuration, ``module:name`` of each that is not the program's own."""
        value = getattr(settings, self.key)
        named = [each.model for each in value.values()] if isinstance(value, dict) else value
        names: Sequence[str] = (named,) if isinstance(named, str) else named
        if self.family is None:
            return {name: name for name in names}
        return {name: path for name in names if (path := user_path(self.family, self.table, name)) is not None}


_SECTIONS = {
    "learning": _Named("model", "model", "models", ONLINE),
    "features": _Named("own", "own feature", None, {}),
    "targets": _Named("own", "own target", None, {}),
    "agents": _Named("members", "agent", "agents", AGENTS),
    "serving": _Named("challengers", "model", "models", ONLINE),
    "adaptation": _Named("detector", "detector", "detectors", DETECTORS),
}
NAMING = {section: f"{section}.{named.key}" for section, named in _SECTIONS.items()}
"""By section of the configuration, the setting that may name code of others. The section's ``sources`` identify it."""


def pinned(config: Config, sections: Sequence[str] = tuple(NAMING)) -> Config:
    """The configuration with the ``sources`` of its sections, by which its hash depends on code that is not the program's.

    Parameters
    ----------
    config
        The configuration.
    sections
        Only these sections of `NAMING`.

    Raises
    ------
    UnknownNameError
        An own feature, target, agent, model or detector does not exist, or its source cannot be read.
    ConfigError
        It differs from the one that ``sources`` names already: that of a stored run, for example.

    >>> pinned(Config()) == Config()
    True
    """
    for section in sections:
        settings = getattr(config, section)
        sources = _sources(section, settings)
        if sources != settings.sources:
            changed = msgspec.structs.replace(settings, sources=sources)
            config = msgspec.structs.replace(config, **{section: changed})
    return config


def _sources(section: str, settings: Any) -> dict[str, str]:
    """The hashes of the section, by name in the configuration."""
    named = _SECTIONS[section]
    sources = {name: source_sha256(named.what, path) for name, path in named.paths(settings).items()}
    for name, stated in settings.sources.items():
        if name not in sources:
            raise ConfigError(f"{section}.sources names {name!r}, which {section}.{named.key} does not have; remove it")
        if sources[name] != stated:
            raise ConfigError(
                f"{named.what} {name!r} is not the one of this configuration: its module has changed (SHA-256 "
                f"{sources[name][:12]}, not {stated[:12]}); restore the module, or remove {section}.sources and start a new run"
            )
    return sources
