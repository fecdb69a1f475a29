"""The classes of a column: equal numbers are one class, large numbers keep all digits, and the order is fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
WHOLE_UP_TO = Decimal(10) ** 30
"""Whole numbers below this are written with all digits."""


def exact(text: str) -> Decimal | None:
    """The number in a text, exactly; None for another text.

    >>> exact("9007199254740993"), exact("1.50") == exact("1.5"), exact("red")
    (Decimal('9007199254740993'), True, None)
    """
    return Decimal(text) if _NUMBER.fullmatch(text) and len(text) < 400 else None


def classes_of(texts: Iterable[str]) -> dict[str, str]:
    """The class of each distinct text, in the order of the classes: as numbers if all texts are numbers, else as text.

    >>> classes_of(["10", "2.0", "2"])
    {'2': '2', '2.0': '2', '10': '10'}
    >>> classes_of(["b", "1", "1.0"])
    {'1': '1', '1.0': '1', 'b': 'b'}
    """
    by_class: dict[Decimal | str, list[str]] = {}
    for text in sorted(texts):
        number = exact(text)
        by_class.setdefault(text if number is None else number, []).append(text)
    keys = list(by_class)
    if all(isinstance(key, Decimal) for key in keys):
        names = {key: _name(key, by_class[key]) for key in sorted(keys)}
    else:
        names = dict(sorted(((key, _name(key, by_class[key])) for key in keys), key=lambda pair: pair[1]))
    return {text: name for key, name in names.items() for text in by_class[key]}


def _name(key: Decimal | str, texts: list[str]) -> str:
    if isinstance(key, Decimal) and abs(key) < WHOLE_UP_TO and key == key.to_integral_value():
        return str(int(key))
    return min(texts, key=len)
