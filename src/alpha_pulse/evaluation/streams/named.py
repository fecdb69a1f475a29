"""A stream by its text on the command line: a file, or a generator with its options."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpha_pulse.core.errors import ConfigError, UnknownNameError, did_you_mean
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.missing import CHOICES
from alpha_pulse.evaluation.streams.open import read_stream

GENERATORS = {
    "agrawal": "alpha_pulse.evaluation.streams.agrawal:agrawal",
    "hyperplane": "alpha_pulse.evaluation.streams.generated:hyperplane",
    "led_drift": "alpha_pulse.evaluation.streams.generated:led_drift",
    "rbf_drift": "alpha_pulse.evaluation.streams.generated:rbf_drift",
    "sea": "alpha_pulse.evaluation.streams.generated:sea",
}
_KINDS = {int: "a whole number", float: "a number", tuple: "whole numbers with + between them"}


def open_stream(text: str, target: str | None = None, seed: int = 1, missing: str = "refuse") -> Stream:
    """Open the stream that ``text`` names.

    Parameters
    ----------
    text
        A file, see `evaluation.streams.open`; or a generator of `GENERATORS`, alone or with options:
        ``name:key=value,key=value``, where
        a value is a number, or numbers with ``+`` between them.
    target
        The column of a file with the class; None for the last one.
    seed
        Seed of a generator, if its options do not set one.
    missing
        How to treat a row of a file with a missing value: ``refuse``, ``drop``, or ``keep`` it.

    Raises
    ------
    ConfigError
        An option that cannot be read or is out of range, or a target for a generator.
    DataError
        A file that cannot be used.
    UnknownNameError
        There is no such generator, or it has no such option.

    Examples
    --------
    >>> open_stream("sea:n=1000,seed=3").title
    'SEA concepts, 1,000 x 3'
    >>> open_stream("agrawal:n=1000,functions=2+7").change_points
    (500,)
    """
    choice = next((choice for choice in CHOICES if choice == missing), None)
    if choice is None:
        raise ConfigError(f"--missing is {missing!r}; expected {', '.join(CHOICES[:-1])} or {CHOICES[-1]}")
    name, colon, options = text.partition(":")
    if name in GENERATORS:
        if target is not None:
            raise ConfigError(f"the target {target!r} was given, but {name} is a generator, which has no columns; leave it out")
        return _generated(name, options.split(",") if colon else [], seed)
    if Path(text).is_file() or Path(text).suffix:
        return read_stream(Path(text), target, choice)
    raise UnknownNameError(f"stream {text!r} is neither a file nor a generator{did_you_mean(name, GENERATORS)}")


def _generated(name: str, options: list[str], seed: int) -> Stream:
    module, _, attribute = GENERATORS[name].partition(":")
    make: Callable[..., Stream] = getattr(importlib.import_module(module), attribute)
    defaults = {key: parameter.default for key, parameter in inspect.signature(make).parameters.items()}
    arguments: dict[str, Any] = {}
    for option in options:
        key, equals, value = (part.strip() for part in option.partition("="))
        if not equals:
            raise ConfigError(
                f"stream {name}:{','.join(options)} contains {option!r}; expected key=value, with commas between them"
            )
        if key not in defaults:
            raise UnknownNameError(f"{key!r} is not an option of the generator {name}{did_you_mean(key, defaults)}")
        if key in arguments:
            raise ConfigError(f"stream {name}:{','.join(options)} gives {key} more than once; keep one")
        arguments[key] = _read(value, type(defaults[key]), f"option {key} of {name}")
    return make(**{"seed": seed, **arguments})


def _read(value: str, kind: type, name: str) -> Any:
    try:
        return (
            tuple(_whole(part) for part in value.split("+")) if kind is tuple else _whole(value) if kind is int else kind(value)
        )
    except ValueError:
        raise ConfigError(f"{name} is {value!r}; expected {_KINDS[kind]}") from None


def _whole(text: str) -> int:
    """``10000`` or ``1e4``; ValueError for a text that is not a whole number."""
    try:
        return int(text)
    except ValueError:
        if float(text).is_integer():
            return int(float(text))
        raise
