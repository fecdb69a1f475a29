"""Enters into a configuration what identifies the source of each own feature and target, so that a changed one is noticed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alpha_pulse.core.config import Config, FeaturesConfig, TargetsConfig
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.user_code import source_sha256

SECTIONS = ("features", "targets")
"""The sections of the configuration that name own code."""


def pinned(config: Config, sections: Sequence[str] = SECTIONS) -> Config:
    """The configuration with ``features.sources`` and ``targets.sources``, by which its hash depends on the own code.

    Parameters
    ----------
    config
        The configuration.
    sections
        Only these sections.

    Raises
    ------
    UnknownNameError
        An own feature or target does not exist, or its source cannot be read.
    ConfigError
        It differs from the one that ``sources`` names already: that of a stored run, for example.

    >>> pinned(Config()) == Config()
    True
    """
    for section in sections:
        settings: FeaturesConfig | TargetsConfig = getattr(config, section)
        if settings.own or settings.sources:
            changed = msgspec.structs.replace(settings, sources=_sources(section.removesuffix("s"), settings))
            config = msgspec.structs.replace(config, **{section: changed})
    return config


def _sources(kind: str, settings: FeaturesConfig | TargetsConfig) -> dict[str, str]:
    """The hashes of the modules; ``kind`` is ``feature`` or ``target``."""
    sources = {path: source_sha256(f"own {kind}", path) for path in settings.own}
    for path, stated in settings.sources.items():
        if path not in sources:
            raise ConfigError(f"{kind}s.sources names {path!r}, which {kind}s.own does not have; remove it")
        if sources[path] != stated:
            raise ConfigError(
                f"own {kind} {path!r} is not the one of this configuration: its module has changed (SHA-256 "
                f"{sources[path][:12]}, not {stated[:12]}); restore the module, or remove {kind}s.sources and start a new run"
            )
    return sources
