"""The challengers of a configuration, checked."""

from __future__ import annotations

import re

from alpha_pulse.core.config import Config
from alpha_pulse.core.errors import ConfigError, did_you_mean

TAKEN = ("online", "batch", "base", "density", "base_rate", "served", "no_change", "lightgbm")
"""Names of other members."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_challengers(config: Config) -> None:
    """Check names and targets of ``serving.challengers``, and the members in ``serving.order`` and ``serving.weights``.

    Raises
    ------
    ConfigError
        A name is no word, or that of another member; or there is no such target or member, or an order has one twice.

    >>> from alpha_pulse.core.config import Challenger, ServingConfig
    >>> check_challengers(Config(serving=ServingConfig(challengers={"online": Challenger(model="sgd")})))
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.ConfigError: serving.challengers names 'online', which another member has; choose another name
    """
    serving = config.serving
    members = ("online", "batch", "base", "density", *serving.challengers)
    for key, names in (("order", serving.order), ("weights", tuple(serving.weights))):
        for name in names:
            if name not in members:
                raise ConfigError(f"serving.{key} names {name!r}{did_you_mean(name, members)}")
        if len(set(names)) < len(names) or (key == "order" and "base" in names):
            raise ConfigError("serving.order names a member twice, or the base rate, which always comes last; leave these out")
    targets = ("volatility", "direction", *(path.rpartition(":")[2] for path in config.targets.own))
    for name, challenger in config.serving.challengers.items():
        if not _NAME.fullmatch(name):
            raise ConfigError(f"serving.challengers names {name!r}; expected a word of letters, digits and _")
        if name in (*TAKEN, config.learning.model):
            raise ConfigError(f"serving.challengers names {name!r}, which another member has; choose another name")
        for target in challenger.targets:
            if target not in targets:
                raise ConfigError(f"serving.challengers.{name}.targets names {target!r}{did_you_mean(target, targets)}")
