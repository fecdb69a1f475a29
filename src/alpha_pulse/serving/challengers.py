"""The challengers of a configuration, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from alpha_pulse.core.config import Challenger
from alpha_pulse.core.errors import ConfigError, did_you_mean

TAKEN = ("online", "batch", "base", "base_rate", "served", "no_change", "lightgbm")
"""Names of other members."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_challengers(challengers: Mapping[str, Challenger], model: str, targets: Sequence[str]) -> None:
    """Check names and targets of ``serving.challengers``; ``model`` is the name of the online model.

    Raises
    ------
    ConfigError
        A name is no word, or that of another member; or there is no such target.

    >>> check_challengers({"fast": Challenger(model="sgd")}, "logistic", ("direction",))
    >>> check_challengers({"online": Challenger(model="sgd")}, "logistic", ("direction",))
    Traceback (most recent call last):
    ...
    alpha_pulse.core.errors.ConfigError: serving.challengers names 'online', which another member has; choose another name
    """
    for name, challenger in challengers.items():
        if not _NAME.fullmatch(name):
            raise ConfigError(f"serving.challengers names {name!r}; expected a word of letters, digits and _")
        if name in (*TAKEN, model):
            raise ConfigError(f"serving.challengers names {name!r}, which another member has; choose another name")
        for target in challenger.targets:
            if target not in targets:
                raise ConfigError(f"serving.challengers.{name}.targets names {target!r}{did_you_mean(target, targets)}")
