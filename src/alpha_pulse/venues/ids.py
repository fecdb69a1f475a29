"""Ids of orders, fills, signals and predictions as numbers, from which their texts can be derived.

Ids that this program creates follow a pattern, and their numbers need no table:

=========== ======================================== =====================
Id          Text                                     Number
=========== ======================================== =====================
order       ``book/symbol/step`` and ``.../stop``    2 * step, 2 * step + 1
fill        that of its order and ``/f``             that of its order
signal      ``combined/symbol/step``, ``rules/...``  4 * step + 0, 1
..          ``ml/symbol/step``, the name of its book 4 * step + 2, 3
prediction  ``symbol/direction/step``, none          step, -1
=========== ======================================== =====================

Any other text has a number below -1 in an `IdTable`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core.errors import StateError
from alpha_pulse.kernels.execution.layout import NO_ID, SIGNAL_OF_BOOK

SOURCES = ("combined", "rules", "ml")
LONGEST_STEP = 17
"""Digits of a step: its numbers fit into int64."""
KEPT = 64
"""Number of texts above which those that are no longer referenced are dropped."""
ORDER_OF_FILL, OTHER = "order", "id"


class IdTable:
    """The texts that follow no pattern, by number. Texts that are no longer referenced are dropped from time to time.

    >>> ids = IdTable()
    >>> ids.order("combined/X/7/stop", "combined", "X"), ids.signal("rules/X/7", "rules_only", "X"), ids.prediction("p1", "X")
    (15, 29, -2)
    >>> ids.order_text(15, "combined", "X"), ids.signal_text(29, "rules_only", "X"), ids.prediction_text(-2, "X")
    ('combined/X/7/stop', 'rules/X/7', 'p1')
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._texts: dict[int, tuple[str, str]] = {}
        self._newest = NO_ID
        self._limit = KEPT
        self._users: list[Callable[[], Sequence[NDArray[np.int64]]]] = []

    def __len__(self) -> int:
        return len(self._texts)

    # From text to number.

    def order(self, text: str, book: str, symbol: str) -> int:
        """The number of an order's id."""
        number = order_number(text, book, symbol)
        return self._number(ORDER_OF_FILL, text) if number is None else number

    def fill(self, text: str, book: str, symbol: str) -> int:
        """The number of a fill's id; that of its order if it is the order's id followed by ``/f``."""
        if text.endswith("/f"):
            return self.order(text[:-2], book, symbol)
        return self._number(OTHER, text)

    def signal(self, text: str, book: str, symbol: str) -> int:
        """The number of a signal's id."""
        number = signal_number(text, book, symbol)
        return self._number(OTHER, text) if number is None else number

    def prediction(self, text: str | None, symbol: str) -> int:
        """The number of a prediction's id."""
        if text is None:
            return NO_ID
        number = prediction_number(text, symbol)
        return self._number(OTHER, text) if number is None else number

    def _number(self, kind: str, text: str) -> int:
        number = self._numbers.get((kind, text))
        if number is None:
            number = self._newest = self._newest - 1
            self._numbers[kind, text] = number
            self._texts[number] = kind, text
        return number

    # From number to text.

    def order_text(self, number: int, book: str, symbol: str) -> str:
        """The id of an order."""
        if number < 0:
            return self._texts[number][1]
        return order_text(number, book, symbol)

    def fill_text(self, number: int, book: str, symbol: str) -> str:
        """The id of a fill."""
        if number < 0 and self._texts[number][0] == OTHER:
            return self._texts[number][1]
        return self.order_text(number, book, symbol) + "/f"

    def signal_text(self, number: int, book: str, symbol: str) -> str:
        """The id of a signal."""
        if number < 0:
            return self._texts[number][1]
        return signal_text(number, book, symbol)

    def prediction_text(self, number: int, symbol: str) -> str | None:
        """The id of a prediction."""
        if number == NO_ID:
            return None
        return self._texts[number][1] if number < 0 else prediction_text(number, symbol)

    # What is kept.

    def add_user(self, columns: Callable[[], Sequence[NDArray[np.int64]]]) -> None:
        """Keep the texts of all numbers that ``columns()`` returns whenever it is called."""
        self._users.append(columns)

    def prune(self) -> None:
        """Drop the texts that are not referenced, if there are many."""
        if len(self._texts) <= self._limit:
            return
        used = {int(number) for user in self._users for column in user() for number in column[column < NO_ID]}
        self._texts = {number: text for number, text in self._texts.items() if number in used}
        self._numbers = {text: number for number, text in self._texts.items()}
        self._limit = KEPT + 2 * len(self._texts)

    def dump(self, columns: Sequence[NDArray[np.int64]]) -> list[tuple[str, str]]:
        """The texts to which ``columns`` refer. The numbers in ``columns`` are replaced by numbers from -2 down, so that equal
        content has equal numbers."""
        texts: list[tuple[str, str]] = []
        renumbered: dict[int, int] = {}
        for column in columns:
            for place in zip(*np.nonzero(column < NO_ID), strict=True):
                number = int(column[place])
                if number not in renumbered:
                    renumbered[number] = NO_ID - 1 - len(texts)
                    texts.append(self._texts[number])
                column[place] = renumbered[number]
        return texts

    def load(self, texts: Sequence[tuple[str, str]], columns: Sequence[NDArray[np.int64]]) -> None:
        """Replace the numbers in ``columns``, which refer to the result of `dump`, by this table's numbers. Raises StateError
        when a text is missing."""
        for column in columns:
            for place in zip(*np.nonzero(column < NO_ID), strict=True):
                saved = NO_ID - 1 - int(column[place])
                if saved >= len(texts):
                    raise StateError(f"a saved state refers to id {saved} of {len(texts)}; use an older checkpoint")
                column[place] = self._number(*texts[saved])


def order_number(text: str, book: str, symbol: str) -> int | None:
    """The number of an order's id; None for a text of another pattern."""
    step = _step(text.removesuffix("/stop"), f"{book}/{symbol}/")
    return None if step is None else 2 * step + text.endswith("/stop")


def signal_number(text: str, book: str, symbol: str) -> int | None:
    """The number of a signal's id; None for a text of another pattern."""
    if text == book:
        return SIGNAL_OF_BOOK
    source, _, rest = text.partition("/")
    step = _step(rest, f"{symbol}/") if source in SOURCES else None
    return None if step is None else 4 * step + SOURCES.index(source)


def prediction_number(text: str, symbol: str) -> int | None:
    """The number of a prediction's id; None for a text of another pattern."""
    return _step(text, f"{symbol}/direction/")


def order_text(number: int, book: str, symbol: str) -> str:
    """The id of an order."""
    return f"{book}/{symbol}/{number // 2}/stop" if number % 2 else f"{book}/{symbol}/{number // 2}"


def signal_text(number: int, book: str, symbol: str) -> str:
    """The id of a signal."""
    source = number % 4
    return book if source == SIGNAL_OF_BOOK else f"{SOURCES[source]}/{symbol}/{number // 4}"


def prediction_text(number: int, symbol: str) -> str:
    """The id of a prediction of the direction."""
    return f"{symbol}/direction/{number}"


def _step(text: str, prefix: str) -> int | None:
    """The step that follows ``prefix``; None where the rest is not exactly a whole number."""
    digits = text[len(prefix) :]
    if not text.startswith(prefix) or not digits.isdecimal() or not digits.isascii() or len(digits) > LONGEST_STEP:
        return None
    return None if digits[0] == "0" and digits != "0" else int(digits)
