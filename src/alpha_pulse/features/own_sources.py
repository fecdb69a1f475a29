"""Enters into a configuration what identifies the source of each own feature, so that a changed one is noticed."""

from __future__ import annotations

import msgspec

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.core.user_code import source_sha256


def pinned(config: Config) -> Config:
    """The configuration with ``features.sources``, by which the hash of the configuration depends on the own features.

    Raises
    ------
    UnknownNameError
        An own feature does not exist, or its source cannot be read.
    ConfigError
        It differs from the one that ``features.sources`` names already: that of a stored run, for example.

    >>> pinned(Config()) == Config()
    True
    """
    settings = config.features
    if not settings.own and not settings.sources:
        return config
    sources = {path: source_sha256("own feature", path) for path in settings.own}
    for path, stated in settings.sources.items():
        if path not in sources:
            raise ConfigError(f"features.sources names {path!r}, which features.own does not have; remove it")
        if sources[path] != stated:
            raise ConfigError(
                f"own feature {path!r} is not the one of this configuration: its module has changed (SHA-256 "
                f"{sources[path][:12]}, not {stated[:12]}); restore the module, or remove features.sources and start a new run"
            )
    return msgspec.structs.replace(config, features=msgspec.structs.replace(settings, sources=sources))
