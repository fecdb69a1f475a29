"""What differs between two versions of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from alpha_pulse.serving.registry.artefact import Artefact
from alpha_pulse.serving.registry.lineage import Lineage

_APART = ("settings", "metrics")


class FieldDifference(msgspec.Struct, frozen=True):
    """One field with its two values; a value is None where there is no such field."""

    name: str
    first: Any
    second: Any


class ArrayDifference(msgspec.Struct, frozen=True):
    """One array of the two states: the shapes, None where it is missing, and how many numbers differ, and by how much at most.

    The last two are None where the shapes differ.
    """

    name: str
    first: tuple[int, ...] | None
    second: tuple[int, ...] | None
    different: int | None
    largest: float | None


class VersionDifference(msgspec.Struct, frozen=True):
    """What differs between two versions: of their lineage and artefact, of the settings of their runs, of what was measured,
    and of their states. ``features`` is the first feature that differs, with its place from 1."""

    first: str
    second: str
    fields: tuple[FieldDifference, ...]
    settings: tuple[FieldDifference, ...]
    metrics: tuple[FieldDifference, ...]
    features: FieldDifference | None
    arrays: tuple[ArrayDifference, ...]


def compare_versions(first: tuple[Artefact, Lineage], second: tuple[Artefact, Lineage]) -> VersionDifference:
    """What differs between two versions."""
    (artefact, lineage), (other, others) = first, second
    mine, its = msgspec.to_builtins(lineage), msgspec.to_builtins(others)
    plain = [_plain(mine, artefact.arguments), _plain(its, other.arguments)]
    return VersionDifference(
        lineage.version,
        others.version,
        _differences(*plain),
        _differences(_flat(lineage.settings), _flat(others.settings)),
        _differences(mine["metrics"], its["metrics"]),
        _first_feature(artefact.features, other.features),
        tuple(_arrays(artefact, other)),
    )


def _plain(lineage: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in lineage.items() if name not in _APART} | _flat({"arguments": arguments})


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by their full name.

    >>> _flat({"seed": 1, "batch": {"leaves": 8}})
    {'seed': 1, 'batch.leaves': 8}
    """
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {before + name: value}
    return flat


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    """
    >>> _differences({"a": 1, "b": 2}, {"a": 1, "c": 3})
    (FieldDifference(name='b', first=2, second=None), FieldDifference(name='c', first=None, second=3))
    """
    names = dict.fromkeys([*first, *second])
    return tuple(
        FieldDifference(name, first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    )


def _first_feature(first: tuple[str, ...], second: tuple[str, ...]) -> FieldDifference | None:
    for place in range(max(len(first), len(second))):
        one, other = (names[place] if place < len(names) else None for names in (first, second))
        if one != other:
            return FieldDifference(str(place + 1), one, other)
    return None


def _arrays(first: Artefact, second: Artefact) -> list[ArrayDifference]:
    found, mine, its = list[ArrayDifference](), first.state.arrays, second.state.arrays
    for name in sorted({*mine, *its}):
        one, other = mine.get(name), its.get(name)
        shapes = None if one is None else one.shape, None if other is None else other.shape
        if one is None or other is None or shapes[0] != shapes[1]:
            found.append(ArrayDifference(name, *shapes, None, None))
            continue
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        different = int(np.count_nonzero(one != other))
        if different:
            found.append(ArrayDifference(name, *shapes, different, float(apart.max())))
    return found
