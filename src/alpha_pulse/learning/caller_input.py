"""What the callers of sessions pass: settings of a session, and labelled examples; checked before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from alpha_pulse.core.errors import ConfigError, did_you_mean
from alpha_pulse.core.numbers import a_class, a_row, a_weight
from alpha_pulse.models.base import Row


class LabelledRow(NamedTuple):
    """A labelled example with its own features, from a caller that does not use the loop."""

    features: Row | Sequence[float]
    label: int
    weight: float = 1.0


LabelledExample = tuple[Row | Sequence[float], int] | tuple[Row | Sequence[float], int, float]
"""A `LabelledRow`, or a tuple with its fields."""


class SessionSettings(NamedTuple):
    """The settings of a caller's session: ``horizon`` and ``n_features`` are None where the service chooses them."""

    target: str = "direction"
    horizon: int | None = None
    n_features: int | None = None


def session_settings(config: Mapping[str, Any] | None) -> SessionSettings:
    """The checked settings of a session.

    Raises ConfigError for an unknown key, for a number that is not a whole number from 1 on, and for a target with a slash.

    >>> session_settings({"horizon": 3})
    SessionSettings(target='direction', horizon=3, n_features=None)
    """
    settings = dict(config or {})
    unknown = set(settings) - set(SessionSettings._fields)
    if unknown:
        name = min(unknown)
        raise ConfigError(f"session config: unknown key {name!r}{did_you_mean(name, SessionSettings._fields)}")
    for name, of in (("horizon", "events"), ("n_features", "features")):
        value = settings.get(name)
        if value is not None and (type(value) is not int or value < 1):
            raise ConfigError(f"session config: {name} is {value!r}, but a whole number of {of}, at least 1, is expected")
    target = settings.get("target", "direction")
    if not isinstance(target, str) or not target or "/" in target:
        raise ConfigError(f"session config: target is {target!r}, but a name without '/' is expected")
    return SessionSettings(**settings)


def checked_examples(session_id: str, examples: Sequence[LabelledExample], width: int) -> list[tuple[Row, int, float]]:
    """The features, label and weight of each example.

    Raises DataError for a row of another length, or a value that is not a number, label or weight; NonFiniteError if one is not
    finite.
    """
    what = f"for session {session_id}"
    return [
        (
            a_row(f"the features of example {i} {what}", row.features, width),
            a_class(f"the label of example {i} {what}", row.label, 2),
            a_weight(f"the weight of example {i} {what}", row.weight),
        )
        for i, row in enumerate(LabelledRow(*example) for example in examples)
    ]
